"""What a story is called: the title of one of its reports."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from pipeline.language.shorten import shorten
from pipeline.model import Document

# A story is labelled by the titles of so many reports and so many words of each text.
LABELLED_BY = 50
LEAD_WORDS = 60
SHORT_TITLE = 4
# Questions and what somebody said are not what happened.
_VOICE = re.compile(r"[?？؟¿]|^\W*[\"“”„«»‘「『]|: [\"“„«‘「『]")
VOICE = 0.6
# The first reports say what happened, later ones what followed.
LATER = 0.3


def has_enough(articles: Sequence[Document]) -> bool:
    """Tell whether these first articles of a story are all that its label is chosen by."""
    return sum(article.duplicate_of is None and bool(article.title) for article in articles) >= LABELLED_BY


def label(articles: Sequence[Document]) -> str:
    """Return the title that tells most of what the reports have in common; of two, the earlier.

    ``articles`` are a story's, oldest first: all, or enough of them.
    """
    from pipeline.language.tokens import analyze, first_stems
    from pipeline.stages.deduplicate.weights import rarities

    originals = [article for article in articles if article.duplicate_of is None] or articles
    titled = [article for article in originals if article.title][:LABELLED_BY]
    if not titled:
        return shorten((originals[0].text if originals else None) or "(no title)")
    titles = [set(analyze(document.title, document.language).stems) for document in titled]
    used: Counter[str] = Counter()
    for document, words in zip(titled, titles, strict=True):
        used.update(words | set(first_stems(document.text, document.language, LEAD_WORDS)))
    # What no title tells, or one report alone, decides nothing.
    told = {word for words in titles for word in words if used[word] > 1}
    rare = rarities(list(told), titled[0].language)

    def in_common(number: int) -> float:
        # What one report alone uses is not in common; a long title should tell more than a short one.
        common = sum((used[word] - 1) * rare[word] for word in titles[number] if word in rare)
        voice = VOICE if _VOICE.search(titled[number].title or "") else 1.0
        news = 1 - LATER * number / len(titled)
        return common * voice * news / math.sqrt(len(titles[number]) + SHORT_TITLE)

    best = max(range(len(titled)), key=lambda number: (round(in_common(number), 6), -number))
    return titled[best].title or ""
