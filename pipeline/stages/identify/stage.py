"""Tell a new article from one seen before, and a new revision from one that says nothing new."""

from __future__ import annotations

import difflib
import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from pipeline.language.figures import figures, replaced_figures
from pipeline.model import Article, Change
from pipeline.stages.decision import Decision, Fact, Stored, StoredTogether
from pipeline.stages.identify.normalize import normalize

FACT_VERSION = 1
KEPT_CHARS = 20_000
SHOWN_CHARS = 600
DIFFED_PARAGRAPHS = 300
# Articles looked at in one go for those that are too old: some milliseconds.
SCANNED = 2_000
_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{3,400})[\"”»]")


class Version(msgspec.Struct, frozen=True, array_like=True):
    """Keep what the next revision is compared with."""

    version: int
    revision: int
    fingerprint: bytes
    title: str | None
    text: bytes
    withdrawn: bool
    first_seen: datetime
    history: bool = False


class Known:
    """Remember the latest version of every article, as its fact's bytes: all, or those that are not stored yet.

    In the latter case ``None`` stands for one that was removed.
    """

    def __init__(self) -> None:
        self._facts: dict[str, bytes | None] = {}
        self._expected: dict[str, bytes | None] = {}
        self._stored: Stored | None = None
        self._scan: Iterator[str] = iter(())

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one fact."""
        if value is None and self._stored is None:
            self._facts.pop(key, None)
        else:
            self._facts[key] = value

    def rest_on(self, stored: Stored) -> None:
        """Ask for facts where they are stored."""
        self._stored = stored

    def expect(self, articles: Sequence[Article]) -> None:
        """Ask at once for what is stored of those that are decided on next; until then nobody else may change it."""
        self._expected = {}
        if isinstance(self._stored, StoredTogether):
            keys = dict.fromkeys(article.id for article in articles)
            self._expected = keys | self._stored.get_many(keys)

    def kept(self) -> None:
        """Hold no more of what is stored now."""
        self._expected = {}
        if self._stored is not None:
            self._facts.clear()

    def older(self, before: datetime, limit: int) -> list[str]:
        """Return up to ``limit`` articles first seen before a moment, of the next part of all; the end begins anew."""
        found: list[str] = []
        for _ in range(SCANNED):
            key = next(self._scan, None)
            if key is None:
                self._scan = (
                    iter(tuple(self._facts)) if self._stored is None else (key for key, _ in self._stored.items())
                )
                break
            version = self.get(key)
            if version is not None and version.first_seen < before:
                found.append(key)
                if len(found) == limit:
                    break
        return found

    def __contains__(self, article_id: str) -> bool:
        """Tell whether an article was seen before."""
        return self._value(article_id) is not None

    def get(self, article_id: str) -> Version | None:
        """Return what is remembered of an article."""
        value = self._value(article_id)
        return msgspec.msgpack.decode(value, type=Version) if value is not None else None

    def _value(self, article_id: str) -> bytes | None:
        if self._stored is None or article_id in self._facts:
            return self._facts.get(article_id)
        if article_id in self._expected:
            return self._expected[article_id]
        return self._stored.get(article_id)


def identify(article: Article, known: Known, now: datetime) -> Decision:
    """Decide whether an article is new, revised, withdrawn or unchanged, and number its revision.

    Only title, text and withdrawal count: markup, order, tags and the feed's own dates change too easily. ``seen``
    stays that of the first revision, so that an article keeps its place in time-partitioned indices.
    """
    article = normalize(article)
    before = known.get(article.id)
    if before is not None and article.withdrawn and not (article.title or article.text):
        # A tombstone need not repeat what it takes back; whoever was told of it must still be found by it.
        text = zlib.decompress(before.text).decode("utf-8", "ignore") or None
        article = msgspec.structs.replace(article, title=before.title, text=text)
    fingerprint = _fingerprint(article)
    if before is not None and before.fingerprint == fingerprint:
        return Decision(outcome="unchanged")
    revision = 1 if before is None else before.revision + 1
    first_seen = article.seen if before is None else before.first_seen
    changes = () if before is None else _changes(before, article)
    version = Version(
        version=FACT_VERSION,
        revision=revision,
        fingerprint=fingerprint,
        title=article.title,
        text=zlib.compress((article.text or "")[:KEPT_CHARS].encode(), 6),
        withdrawn=article.withdrawn,
        first_seen=first_seen,
        history=article.history if before is None else before.history,
    )
    outcome = "withdrawn" if article.withdrawn else "new" if before is None else "revised"
    emitted = msgspec.structs.replace(
        article, revision=revision, seen=first_seen, changes=changes, history=version.history
    )
    fact = Fact(key=article.id, value=msgspec.msgpack.encode(version))
    return Decision(outcome=outcome, emit=(emitted,), facts=(fact,))


def is_new(article: Article, known: Known) -> bool:
    """Tell whether an article will be a first revision when it is decided on."""
    return not article.withdrawn and article.id not in known


def preview(article: Article) -> Article:
    """Return a new article as its first revision will be, before it is decided on."""
    return msgspec.structs.replace(normalize(article), revision=1)


def forget(known: Known, before: datetime, limit: int) -> tuple[Fact, ...]:
    """Return what removes some of the facts of articles first seen before a moment."""
    return tuple(Fact(key=key, value=None) for key in known.older(before, limit))


def _fingerprint(article: Article) -> bytes:
    content = f"{article.title or ''}\0{article.text or ''}\0{article.withdrawn}"
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _changes(before: Version, article: Article) -> tuple[Change, ...]:
    """Say what a revision changed, in words short enough to read."""
    changes = []
    if article.withdrawn != before.withdrawn:
        changes.append(Change(part="withdrawn", before=str(before.withdrawn), after=str(article.withdrawn)))
    if article.title != before.title:
        changes.append(Change(part="title", before=before.title, after=article.title))
    old = zlib.decompress(before.text).decode("utf-8", "ignore")
    new = (article.text or "")[:KEPT_CHARS]
    if old == new:
        pairs = replaced_figures(before.title or "", article.title or "", article.language)
        if pairs:
            was, now = zip(*pairs, strict=True)
            changes.append(Change(part="figures", before="; ".join(was), after="; ".join(now)))
        return tuple(changes)
    gone, come, swapped = _differing_paragraphs(old, new)
    swapped.append((before.title or "", article.title or ""))
    changes.append(Change(part="text", before=gone, after=come))
    figures_changed = _figures_changed(old, new, swapped, article.language)
    if figures_changed is not None:
        changes.append(figures_changed)
    earlier, later = set(_QUOTED.findall(old)), set(_QUOTED.findall(new))
    if earlier != later:
        changes.append(Change(part="quotations", before=_listed(earlier - later), after=_listed(later - earlier)))
    return tuple(changes)


def _figures_changed(old: str, new: str, swapped: Sequence[tuple[str, str]], language: str | None) -> Change | None:
    """Tell which figures took the place of others; where none did, which came, or else which went."""
    pairs = [pair for before, after in swapped for pair in replaced_figures(before, after, language)]
    if pairs:
        before, after = zip(*dict.fromkeys(pairs), strict=True)
        return Change(part="figures", before=_cut("; ".join(before)), after=_cut("; ".join(after)))
    earlier, later = set(figures(old)), set(figures(new))
    if later - earlier:
        return Change(part="figures", after=_listed(later - earlier))
    return Change(part="figures", before=_listed(earlier - later)) if earlier - later else None


def _differing_paragraphs(old: str, new: str) -> tuple[str | None, str | None, list[tuple[str, str]]]:
    """Return the paragraphs that went, those that came, and pairs of passages of which one took the other's place."""
    before, after = old.split("\n\n")[:DIFFED_PARAGRAPHS], new.split("\n\n")[:DIFFED_PARAGRAPHS]
    gone: list[str] = []
    come: list[str] = []
    swapped: list[tuple[str, str]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            gone += before[i:j]
            come += after[k:m]
        if kind == "replace":
            swapped.append(("\n\n".join(before[i:j]), "\n\n".join(after[k:m])))
    return _cut("\n\n".join(gone)), _cut("\n\n".join(come)), swapped


def _listed(items: set[str]) -> str | None:
    return _cut("; ".join(sorted(items)))


def _cut(text: str) -> str | None:
    return (text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…") or None
