"""Group different reports of one happening into a story: online, in one pass, by the words of title and lead.

An article joins the open story that shares most of its telling words, weighed by how rare each is among open
stories; it opens a story of its own when none shares enough.
"""

from __future__ import annotations

import math
from collections import Counter
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pipeline.language.analysis import analyse
from pipeline.model import derive_id

LEAD_TOKENS = 80
FEATURES = 40
QUIET_S = 3 * 86_400.0
SIMILAR = 0.26
SHARED = 4
# A word in more of the recent articles than this says nothing about which story one belongs to.
COMMON_SHARE = 0.1
CALLED = 200
RAREST = 12
CANDIDATES = 40
# A word that a third of a story's articles use belongs to it fully: later reports dwell on other sides of it.
COMMON_IN_STORY = 3

_STOP = frozenset(
    "the a an of and to in is that for it with as was on are by be at from has his her have had not but which this "
    "they said say says after will who more their its been were new over about would out what up he she we you i or "
    "if no two one first also last could than there when into may can all some against before during between under "
    "other monday tuesday wednesday thursday friday saturday sunday year years day days week month time people der die "
    "das und le la les de des el los en un une una que del por para con il di che et".split()
)


def features(title: str | None, text: str | None, language: str | None) -> NDArray[np.uint32]:
    """Return the hashed stems that tell what an article is about: from title and lead, sorted, at most 40."""
    words = analyse(title, language).stems[:LEAD_TOKENS] + analyse(text, language).stems[:LEAD_TOKENS]
    telling = dict.fromkeys(word for word in words if word not in _STOP and (len(word) > 2 or not word.isascii()))
    hashed = [int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little") for word in telling]
    return np.array(sorted(hashed[:FEATURES]), dtype=np.uint32)


class Story:
    """Hold one story: how many originals it has, which words they share, and when it last grew."""

    __slots__ = ("articles", "latest", "words")

    def __init__(self) -> None:
        self.articles: set[str] = set()
        self.words: Counter[int] = Counter()
        self.latest = 0.0


class Stories:
    """Look up open stories by their words; derived from the articles' facts."""

    def __init__(self) -> None:
        self._stories: dict[str, Story] = {}
        self._by_word: dict[int, set[str]] = {}
        self._articles: dict[str, tuple[str, tuple[int, ...]]] = {}

    def add(self, key: str, story_id: str, seen: float, terms: bytes, *, counted: bool) -> None:
        """Put an article into its story; a copy adds nothing to what the story is about."""
        words = tuple(np.frombuffer(terms, dtype=np.uint32).tolist()) if counted else ()
        self._articles[key] = (story_id, words)
        story = self._stories.setdefault(story_id, Story())
        story.articles.add(key)
        story.latest = max(story.latest, seen)
        story.words.update(words)
        for word in words:
            self._by_word.setdefault(word, set()).add(story_id)

    def remove(self, key: str) -> None:
        """Take an article out; a story without articles is forgotten."""
        story_id, words = self._articles.pop(key)
        story = self._stories[story_id]
        story.articles.discard(key)
        story.words.subtract(words)
        for word in words:
            if story.words[word] <= 0:
                del story.words[word]
                under = self._by_word[word]
                under.discard(story_id)
                if not under:
                    del self._by_word[word]
        if not story.articles:
            del self._stories[story_id]

    def assign(self, key: str, terms: NDArray[np.uint32], seen: float) -> str:
        """Return the id of the story an article belongs to: an open one, or a new one named after the article.

        Only stories that share one of its rarest words are looked at: a bounded number, however many there are.
        """
        total = len(self._stories) + 1
        rarity = {word: len(self._by_word.get(word, ())) for word in terms.tolist()}
        weights = {word: math.log(1 + total / (1 + count)) for word, count in rarity.items()}
        limit = max(5.0, min(total * COMMON_SHARE, CALLED))
        known = sorted((count, word) for word, count in rarity.items() if 0 < count <= limit)[:RAREST]
        votes: Counter[str] = Counter()
        for _, word in known:
            votes.update(self._by_word[word])
        best, most = None, SIMILAR
        for story_id, _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:CANDIDATES]:
            story = self._stories[story_id]
            if abs(seen - story.latest) > QUIET_S:
                continue
            likeness = _likeness(weights, story)
            if likeness > most:
                best, most = story_id, likeness
        return best or derive_id("story", key)


def _likeness(weights: dict[int, float], story: Story) -> float:
    """Return the weighed share of an article's words that the story's articles use, each by how many of them do.

    Zero when too few words are shared to mean anything.
    """
    count, shared, size = 0, 0.0, len(story.articles)
    for word, weight in weights.items():
        used = story.words.get(word)
        if used:
            count += 1
            shared += weight * min(1.0, COMMON_IN_STORY * used / size)
    return shared / sum(weights.values()) if count >= min(SHARED, len(weights)) else 0.0
