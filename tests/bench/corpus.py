"""Made-up news for benchmarks: words as rare and common as in English, names and phrases that come again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import accumulate

from pipeline.model import Document, derive_id

_COMMON = (
    "the of and to in a is that for it with as was on are by be at from has his have an not but which this they said "
    "after will who more its their been were he she new over about would out what up when one two people year"
)
NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
SOURCES = [f"source{n}" for n in range(200)]
TAGS = [f"topic{n}" for n in range(100)]
_ONSETS = (*"bcdfghklmnprstv", "br", "cr", "dr", "fr", "gr", "kr", "pl", "pr", "sl", "st", "str", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ou", "io")
_CODAS = ("", "", "n", "r", "s", "l", "t", "nd", "rt", "st")
_ENDINGS = ("", "", "", "s", "ed", "ing")
WORDS = 40_000
NAMES = 20_000


class Corpus:
    """Draw words, names and articles; one seed always gives the same."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        made = dict.fromkeys(_COMMON.split())
        while len(made) < WORDS:
            made[self._invent()] = None
        self.words = list(made)
        self._zipf = list(accumulate(1 / (rank + 2) ** 1.1 for rank in range(WORDS)))
        # What people ask to be told about is neither the commonest nor evenly spread.
        self._topical = list(accumulate(1 / (rank + 3) ** 0.7 if rank > 300 else 0.0 for rank in range(WORDS)))
        self.names = [tuple(self.topical(self.random.choice((2, 2, 3, 4)))) for _ in range(NAMES)]
        self._name_zipf = list(accumulate(1 / (rank + 10) for rank in range(NAMES)))

    def topical(self, count: int) -> list[str]:
        """Draw words that an alert might name."""
        return self.random.choices(self.words, cum_weights=self._topical, k=count)

    def name(self) -> tuple[str, ...]:
        """Draw a name of two to four words, as an alert might: the many rare ones as well as the few common."""
        return self.random.choice(self.names)

    def article(self, number: int, words: int = 300) -> Document:
        """Write an article of about so many words."""
        draw = self.random
        source = draw.choice(SOURCES)
        return Document(
            id=derive_id(source, str(number)),
            source=source,
            seen=NOW,
            published=NOW,
            title=self._sentence(9).rstrip("."),
            text=" ".join(self._sentence(20) for _ in range(words // 20)),
            language="en",
            tags=tuple(draw.sample(TAGS, 2)),
            revision=1,
        )

    def _sentence(self, length: int) -> str:
        words: list[str] = []
        while len(words) < length:
            if self.random.random() < 0.03:
                words += [word.capitalize() for word in self.random.choices(self.names, cum_weights=self._name_zipf)[0]]
            else:
                word = self.random.choices(self.words, cum_weights=self._zipf)[0]
                words.append(word + self.random.choice(_ENDINGS) if len(word) > 3 else word)
        return " ".join(words).capitalize() + self.random.choice((".", ".", ",", "."))

    def _invent(self) -> str:
        draw = self.random
        syllables = draw.choice((1, 2, 2, 3))
        return "".join(draw.choice(_ONSETS) + draw.choice(_VOWELS) + draw.choice(_CODAS) for _ in range(syllables))
