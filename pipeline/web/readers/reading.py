"""Reading by the Google Reader API: ids and contents of streams, and marks set and taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
from starlette.responses import Response

from pipeline.errors import NotFoundError, UsageError
from pipeline.services.marks import Change, State
from pipeline.services.streams import EVERY, Order, Stream, StreamRequest
from pipeline.web.asking import json_response
from pipeline.web.readers.asked import MICROSECONDS, READING_LIST, Request, label_named, state_named, stream_named
from pipeline.web.readers.atom import atom_of
from pipeline.web.readers.items import Origin, Shape, encoded
from pipeline.web.readers.lists import origins, program_page
from pipeline.web.readers.written import Written

USUAL = 20
MOST_IDS = 200_000
MOST_CONTENTS = 2_500
MOST_ATOM = 1_000
AT_ONCE = 100
# Times of so many digits are in microseconds, of so many in milliseconds.
MICROSECOND_DIGITS, MILLISECOND_DIGITS = 16, 13
OK = "OK"


def ids(asked: Request) -> Response:
    """List the ids of a stream."""
    found, following = _page(asked, asked.one("s"), MOST_IDS)
    answer: dict[str, Any] = {"itemRefs": [{"id": str(number)} for number in found]}
    if following is not None:
        answer["continuation"] = following
    return json_response(answer)


def contents(asked: Request) -> Response:
    """Give the items of a stream, that in the path or that in ``s``."""
    named = asked.endpoint.removeprefix("stream/contents").removeprefix("/") or asked.one("s")
    found, following = _page(asked, named, MOST_CONTENTS)
    return _items(asked, found, named or READING_LIST, following)


def named_items(asked: Request) -> Response:
    """Give the items that are named, in that order; unknown ones are left out."""
    return _items(asked, asked.items(), READING_LIST, None)


def atom(asked: Request) -> Response:
    """Give the items of a stream as an Atom feed, for programs that read nothing else."""
    named = asked.endpoint.removeprefix("atom").removeprefix("/")
    found, _ = _page(asked, named, MOST_ATOM)
    by_feed = origins(asked)
    items = msgspec.json.decode(b"[" + b"".join(_parts(asked, found, by_feed)) + b"]")
    title = next((each.title for each in by_feed.values() if each.stream == named), named)
    written = atom_of(title, named, items, asked.desk.clock())
    return Response(written, media_type="application/atom+xml")


def edit_tag(asked: Request) -> Response:
    """Set and take marks of items; a label without an item is a folder to be made. States that are not kept pass."""
    added, removed = asked.several("a"), asked.several("r")
    change = Change(
        read=_wanted("read", added, removed),
        starred=_wanted("starred", added, removed),
        add=tuple(name for tag in added if (name := label_named(tag)) is not None),
        remove=tuple(name for tag in removed if (name := label_named(tag)) is not None),
    )
    marks, labels = asked.desk.marks(asked.program.reader), asked.desk.labels(asked.program.reader)
    is_folder = not asked.several("i")
    if is_folder and change.add:
        asked.check_may_edit()
    marks.change_numbered(asked.items(), change)
    for name in change.add:
        labels.keep(name, is_folder=is_folder)
    return _ok()


def mark_all_as_read(asked: Request) -> Response:
    """Mark what a stream holds as read, up to a time."""
    if not asked.one("s"):
        raise UsageError("Name the stream to be marked as read: s=…")
    stream = _stream(asked, asked.one("s"))
    asked.desk.streams(asked.program.reader).read_all(stream, _until(asked.one("ts").strip()))
    return _ok()


def _page(asked: Request, named: str, most: int) -> tuple[list[int], str | None]:
    """Return the numbers that are asked for, and what to go on with where there are more."""
    limit = asked.number("n", USUAL, most)
    order: Order = "oldest" if asked.one("r") == "o" else "newest"
    since, until = asked.seconds("ot"), asked.seconds("nt")
    after = since - 1 if since is not None else None
    before = until + 1 if until is not None else None
    if (continued := asked.one("c").strip()) and not (continued.isascii() and continued.isdecimal()):
        raise UsageError("The continuation is not one that was given out; start again without it.")
    if continued and order == "newest":
        before = min(int(continued[:20]), before or 1 << 62)
    elif continued:
        after = max(int(continued[:18]), after or 0)
    request = StreamRequest(
        stream=_stream(asked, named),
        only=tuple(stream for text in asked.several("it") if text and (stream := _stream(asked, text)) != EVERY),
        without=tuple(_stream(asked, text) for text in asked.several("xt") if text),
        after=after,
        before=before,
        order=order,
        limit=limit + 1,
    )
    found = asked.desk.streams(asked.program.reader).numbers(request)
    return found[:limit], str(found[limit - 1]) if len(found) > limit else None


def _stream(asked: Request, text: str) -> Stream:
    feeds = asked.desk.feed_numbers.of([feed.url for feed in asked.desk.feeds.all()])
    stream = stream_named(text, feeds)
    if stream is None:
        raise NotFoundError(f"There is no stream {text[:100]!r}.")
    return stream


def _items(asked: Request, numbers: list[int], named: str, following: str | None) -> Response:
    """Answer with a stream object, written some articles at a time."""
    head: dict[str, Any] = {"id": named, "updated": int(time.time())}
    if following is not None:
        head["continuation"] = following
    by_feed = origins(asked)
    if origin := next((each for each in by_feed.values() if each.stream == named), None):
        head |= {"title": origin.title, "alternate": [{"href": origin.site, "type": "text/html"}]}
    begun = msgspec.json.encode(head)[:-1] + b',"items":['
    parts = _parts(asked, numbers, by_feed)
    # The first articles are read before the answer begins: what fails at once is told by the status.
    first = next(parts, b"")
    return Written(chain((begun, first), parts, (b"]}",)))


def _parts(asked: Request, numbers: list[int], by_feed: dict[str | None, Origin]) -> Iterator[bytes]:
    desk, reader = asked.desk, asked.program.reader
    streams, marks = desk.streams(reader), desk.marks(reader)
    labels = streams.labels_of(numbers)
    shape = Shape(origins=by_feed, written=desk.labels(reader).written(), page=program_page(asked))
    comma = b""
    for start in range(0, len(numbers), AT_ONCE):
        arrivals = desk.arrivals.numbered(numbers[start : start + AT_ONCE])
        states = marks.of([arrival.document.id for arrival in arrivals])
        found = [
            (arrival, states.get(arrival.document.id, State()), labels.get(arrival.number, ())) for arrival in arrivals
        ]
        if items := b",".join(encoded(found, shape)):
            yield comma + items
            comma = b","


def _wanted(state: str, added: list[str], removed: list[str]) -> bool | None:
    if any(state_named(tag) == state for tag in added):
        return True
    return False if any(state_named(tag) == state for tag in removed) else None


def _until(text: str) -> int:
    """Return the item number up to which is marked: of a time in microseconds, milliseconds or seconds, or of now."""
    if not text or not text.isascii() or not text.isdecimal() or int(text[:25]) == 0:
        if text.strip("0"):
            raise UsageError(f"ts={text[:20]} is not a time in microseconds.")
        return (1 << 62) - 1
    number = int(text[:25])
    if len(text) < MILLISECOND_DIGITS:
        number = (number + 1) * MICROSECONDS - 1
    elif len(text) < MICROSECOND_DIGITS:
        number = (number + 1) * 1_000 - 1
    return min(number, (1 << 62) - 1)


def _ok() -> Response:
    return Response(OK, media_type="text/plain")
