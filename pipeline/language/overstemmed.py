"""English words that Snowball gives the stem of another everyday word: business is not busy, authorities no authors."""

from __future__ import annotations

_WORDS = (
    "business:business,businesses important:important,importantly,importance authority:authority,authorities "
    "experiment:experiment,experiments executive:executive,executives relative:relative,relatives several:several "
    "polite:polite,politely"
)
# By word, what it is found by in English, instead of its stem.
OWN_STEMS = {form: base for entry in _WORDS.split() for base, _, forms in [entry.partition(":")]
             for form in forms.split(",")}  # fmt: skip
