"""What a reader has read, starred and tagged."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.moments import from_microseconds
from pipeline.ports import arrivals as arrivals_port
from pipeline.ports import marks as port
from pipeline.ports.arrivals import NumbersRequest
from pipeline.ports.clock import Clock
from pipeline.ports.marks import READ, SEARCHABLE, STARRED, TAG, Marked
from pipeline.query.tree import And, AnyNode, Keyword, Not, Query, Range, walk

# The reader where there is one only.
SOLE = ""
LONGEST_TAG = 100
AT_ONCE = 1_000


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a reader did with an article."""

    read: bool = False
    starred: bool = False
    tags: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for marks to be set or taken; what is ``None`` stays."""

    read: bool | None = None
    starred: bool | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Marks:
    """Keep the marks of one reader."""

    def __init__(
        self, *, marks: port.Marks, arrivals: arrivals_port.Arrivals, clock: Clock, reader: str = SOLE
    ) -> None:
        self._marks = marks
        self._arrivals = arrivals
        self._clock = clock
        self._reader = reader

    def of(self, articles: Sequence[str]) -> Mapping[str, State]:
        """Return the state of each article by id."""
        found = self._marks.of(self._reader, articles)
        return {article: _state(found.get(article, frozenset())) for article in articles}

    def change(self, articles: Sequence[str], change: Change) -> Mapping[str, State]:
        """Change marks; return the new states. Raises ``UsageError`` for unknown articles, with nothing changed."""
        numbers = self._arrivals.numbers_of(articles)
        if missing := [article for article in articles if article not in numbers]:
            raise UsageError(f"There is no article {missing[0]}; it may have been pruned.")
        known = [Marked(article=article, number=numbers[article]) for article in articles]
        self._change(known, change)
        return self.of(articles)

    def read_all(self, query: Query | None, until: int | None = None) -> Sequence[int]:
        """Mark as read what a query finds, copies too, up to an item number; return which were not read before."""
        before = until + 1 if until is not None else None
        changed: list[int] = []
        while True:
            request = NumbersRequest(now=self._clock(), query=query, before=before, limit=AT_ONCE)
            numbers = self._arrivals.numbers(request)
            if not numbers:
                return changed
            before = numbers[-1]
            ids = self._arrivals.ids_of(numbers)
            marks = self._marks.of(self._reader, list(ids.values()))
            unread = [
                Marked(article=ids[number], number=number)
                for number in numbers
                if number in ids and READ not in marks.get(ids[number], ())
            ]
            self._marks.set(self._reader, READ, unread)
            changed += [each.number for each in unread]

    def change_numbered(self, numbers: Sequence[int], change: Change) -> None:
        """Change marks of articles by item number; unknown numbers are passed over. Raises ``UsageError`` for a tag."""
        tags_named((*change.add, *change.remove))
        for start in range(0, len(numbers), AT_ONCE):
            ids = self._arrivals.ids_of(numbers[start : start + AT_ONCE])
            self._change([Marked(article=article, number=number) for number, article in ids.items()], change)

    def among(self, mark: str, numbers: Sequence[int]) -> set[int]:
        """Return those of some item numbers whose articles have a mark."""
        if not numbers:
            return set()
        if len(numbers) <= AT_ONCE:
            ids = self._arrivals.ids_of(numbers)
            marks = self._marks.of(self._reader, list(ids.values()))
            return {number for number, article in ids.items() if mark in marks.get(article, ())}
        low, before, found = min(numbers), max(numbers) + 1, set[int]()
        while page := self._marks.marked(self._reader, mark, before=before, limit=SEARCHABLE):
            found.update(each.number for each in page)
            before = page[-1].number
            if before <= low or len(page) < SEARCHABLE:
                break
        return found.intersection(numbers)

    def numbers(self, mark: str) -> list[int]:
        """Return the item numbers of all articles with a mark that are still there, greatest first."""
        numbers = [each.number for each in self._all(mark)]
        known: set[int] = set()
        for start in range(0, len(numbers), AT_ONCE):
            known.update(self._arrivals.ids_of(numbers[start : start + AT_ONCE]))
        return [number for number in numbers if number in known]

    def rename_tag(self, old: str, new: str | None) -> None:
        """Call a tag of the reader's otherwise, or take it from all articles. Raises ``UsageError`` for no tag."""
        (mark,) = (TAG + tag for tag in tags_named((old,)))
        after = [TAG + tag for tag in tags_named((new,) if new is not None else ())]
        if after == [mark]:
            return
        marked = list(self._all(mark))
        for each in after:
            self._put(each, marked, True)
        self._put(mark, marked, False)

    def unread_again(self, numbers: Sequence[int]) -> None:
        """Take back what ``read_all`` did."""
        for start in range(0, len(numbers), AT_ONCE):
            ids = self._arrivals.ids_of(numbers[start : start + AT_ONCE])
            self._marks.clear(self._reader, READ, list(ids.values()))

    def counts(self) -> Mapping[str, int]:
        """Count articles by mark, as ``ports.marks`` names them."""
        return self._marks.counts(self._reader)

    def tags(self) -> Mapping[str, int]:
        """Count articles by the reader's own tags."""
        return {mark.removeprefix(TAG): n for mark, n in sorted(self.counts().items()) if mark.startswith(TAG)}

    def spared(self) -> frozenset[str]:
        """Return the articles that stay however old they are: what is starred and tagged."""
        return frozenset(
            found.article for mark in self._marks.counts(self._reader) if mark != READ for found in self._all(mark)
        )

    def filled(self, query: Query) -> Query:
        """Put the articles into a query that asks for what the reader marked."""
        if not any(isinstance(node, Keyword) and node.is_mark for node in walk(query.root)):
            return query
        return msgspec.structs.replace(query, root=self._filled(query.root))

    def _change(self, articles: Sequence[Marked], change: Change) -> None:
        add, remove = tags_named(change.add), tags_named(change.remove)
        for mark, wanted in ((READ, change.read), (STARRED, change.starred)):
            if wanted is not None:
                self._put(mark, articles, wanted)
        for tag in add:
            self._put(TAG + tag, articles, True)
        for tag in remove:
            self._put(TAG + tag, articles, False)

    def _all(self, mark: str) -> Iterator[Marked]:
        before: int | None = None
        while found := self._marks.marked(self._reader, mark, before=before, limit=AT_ONCE):
            yield from found
            before = found[-1].number

    def _put(self, mark: str, articles: Sequence[Marked], wanted: bool) -> None:
        if wanted:
            self._marks.set(self._reader, mark, articles)
        else:
            self._marks.clear(self._reader, mark, [each.article for each in articles])

    def _filled(self, node: AnyNode) -> AnyNode:
        if isinstance(node, Keyword) and node.is_mark:
            return self._unread(node) if node.value == "unread" else self._among(node)[0]
        if hasattr(node, "nodes"):
            return msgspec.structs.replace(node, nodes=tuple(map(self._filled, node.nodes)))
        if hasattr(node, "node"):
            return msgspec.structs.replace(node, node=self._filled(node.node))
        return node

    def _among(self, node: Keyword) -> tuple[Keyword, Sequence[Marked]]:
        mark = TAG + node.value if node.name == "mark" else node.value
        found = self._marks.marked(self._reader, mark, limit=SEARCHABLE)
        return msgspec.structs.replace(node, among=frozenset(each.article for each in found)), found

    def _unread(self, node: Keyword) -> AnyNode:
        """Return what is not read; where too much is, what came before the last of it counts as read."""
        among, found = self._among(msgspec.structs.replace(node, value="read"))
        unread = Not(node=among, column=node.column)
        if len(found) < SEARCHABLE:
            return unread
        return And(nodes=(Range(name="seen", low=from_microseconds(found[-1].number)), unread), column=node.column)


def tags_named(tags: Iterable[str]) -> list[str]:
    """Return tags as they are kept: in small letters, one space between words. Raises ``UsageError``."""
    found = [" ".join(unicodedata.normalize("NFC", tag).casefold().split()) for tag in tags]
    if wrong := [tag for tag in found if not tag or len(tag) > LONGEST_TAG or not tag.isprintable() or '"' in tag]:
        raise UsageError(f'{wrong[0][:40]!r} is no tag; write 1 to {LONGEST_TAG} printable characters without ".')
    return found


def as_marked(documents: Iterable[Document], states: Mapping[str, State]) -> list[tuple[Document, State]]:
    """Pair documents with what the reader did with them."""
    return [(document, states.get(document.id, State())) for document in documents]


def _state(marks: frozenset[str]) -> State:
    tags = sorted(mark.removeprefix(TAG) for mark in marks if mark.startswith(TAG))
    return State(read=READ in marks, starred=STARRED in marks, tags=tuple(tags))
