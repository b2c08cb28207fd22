"""The Fever API: one address, a key that is made of name and password, and all answers in one JSON object."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from pipeline.ports.marks import STARRED
from pipeline.services.access import fever_key, is_same
from pipeline.services.article_feeds import EVERYTHING
from pipeline.services.feed_numbers import number_of
from pipeline.services.marks import Change, State
from pipeline.services.streams import EVERY, Stream, StreamRequest
from pipeline.web.asking import json_response
from pipeline.web.desk import Desk
from pipeline.web.readers.accounts import NAME
from pipeline.web.readers.asked import MICROSECONDS, Program, Request
from pipeline.web.readers.items import author_of, clean, content_of, seconds_of, title_of
from pipeline.web.readers.lists import subscribed

ITEMS = 50
LOOSE = "No folder"
LAST_S = 1 << 42
_CHANGES = {
    "read": Change(read=True), "unread": Change(read=False),
    "saved": Change(starred=True), "unsaved": Change(starred=False),
}  # fmt: skip


def program_of_key(desk: Desk, key: str) -> Program | None:
    """Return who has a key: a reader's name and token, or our name and the page's password, hashed together."""
    key = key.strip().casefold()
    if not key:
        return None
    if desk.door.password and is_same(key, fever_key(NAME, desk.door.password)):
        return Program(scope="admin", reader="", name=NAME)
    token = desk.access.by_fever_key(key)
    if token is not None:
        return Program(scope=token.scope, reader=token.owner, name=token.owner or NAME)
    return Program(scope="admin", reader="", name=NAME) if desk.is_open else None


def answered(asked: Request) -> Response:
    """Answer all that a request asks for at once, after the mark that it sets."""
    if asked.has("mark") and asked.program.scope != "read":
        _mark(asked)
    newest = _numbers(asked, StreamRequest(stream=EVERY, limit=1))
    answer: dict[str, Any] = {"api_version": 3, "auth": 1,
                              "last_refreshed_on_time": newest[0] // MICROSECONDS if newest else 0}  # fmt: skip
    for name, given in _ANSWERS.items():
        if asked.has(name):
            answer |= given(asked)
    return json_response(answer)


def refused() -> Response:
    """Tell that the key is not known, in the way of this API: with success."""
    return json_response({"api_version": 3, "auth": 0})


def _groups(asked: Request) -> dict[str, Any]:
    names = dict.fromkeys(name for each in subscribed(asked) for name in each.folders or (LOOSE,))
    return {"groups": [{"id": _group(name), "title": name} for name in names]} | _feeds_groups(asked)


def _feeds(asked: Request) -> dict[str, Any]:
    newest = {each.stream.name: each.newest for each in asked.desk.streams(asked.program.reader).unread()}
    feeds = [
        {
            "id": each.number, "favicon_id": 1, "title": each.title, "url": each.url, "site_url": each.site,
            "is_spark": 0, "last_updated_on_time": newest.get(str(each.number), 0) // MICROSECONDS,
        }
        for each in subscribed(asked)
    ]  # fmt: skip
    return {"feeds": feeds} | _feeds_groups(asked)


def _feeds_groups(asked: Request) -> dict[str, Any]:
    inside: dict[str, list[str]] = {}
    for each in subscribed(asked):
        for name in each.folders or (LOOSE,):
            inside.setdefault(name, []).append(str(each.number))
    groups = [{"group_id": _group(name), "feed_ids": ",".join(feeds)} for name, feeds in inside.items()]
    return {"feeds_groups": groups}


def _items(asked: Request) -> dict[str, Any]:
    if asked.one("with_ids"):
        wanted = [number for text in asked.one("with_ids").split(",") if (number := _number(text)) is not None][:ITEMS]
    elif asked.has("max_id") and not asked.one("since_id"):
        before = _number(asked.one("max_id"))
        wanted = _numbers(asked, StreamRequest(stream=EVERY, before=before, limit=ITEMS))
    else:
        after = _number(asked.one("since_id"))
        wanted = _numbers(asked, StreamRequest(stream=EVERY, after=after, order="oldest", limit=ITEMS))
    total = len(_numbers(asked, StreamRequest(stream=EVERY, limit=EVERYTHING)))
    return {"items": list(_written(asked, wanted)), "total_items": total}


def _written(asked: Request, wanted: Sequence[int]) -> Iterator[msgspec.Raw]:
    arrivals = asked.desk.arrivals.numbered(wanted)
    states = asked.desk.marks(asked.program.reader).of([each.document.id for each in arrivals])
    feeds = {each.address: each for each in subscribed(asked)}
    loose = next((each.number for each in feeds.values() if each.address is None), 1)
    for arrival in arrivals:
        document, state = arrival.document, states.get(arrival.document.id, State())
        feed = feeds.get(document.feed)
        yield msgspec.Raw(msgspec.json.encode({
            "id": str(arrival.number),  # as text: one program has no room for it as a number
            "feed_id": feed.number if feed is not None else loose,
            "title": title_of(document),
            "author": author_of(document),
            "html": content_of(document),
            "url": clean(document.url or "") or f"{asked.base}/article/{document.id}",
            "is_saved": int(state.starred),
            "is_read": int(state.read),
            "created_on_time": seconds_of(document),
        }))  # fmt: skip


def _unread(asked: Request) -> dict[str, Any]:
    found = _numbers(asked, StreamRequest(stream=EVERY, without=(Stream("read"),), limit=EVERYTHING))
    return {"unread_item_ids": ",".join(map(str, found))}


def _saved(asked: Request) -> dict[str, Any]:
    return {"saved_item_ids": ",".join(map(str, asked.desk.marks(asked.program.reader).numbers(STARRED)))}


def _favicons(asked: Request) -> dict[str, Any]:
    return {"favicons": [{"id": 1, "data": "image/png;base64," + base64.b64encode(_icon()).decode()}]}


def _icon() -> bytes:
    """Return a picture of one grey point, since every feed must have one."""
    head, points = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), zlib.compress(b"\0\x80")
    parts = ((b"IHDR", head), (b"IDAT", points), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
              for name, data in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _mark(asked: Request) -> None:
    """Mark an item, or what is in a feed or group and came before a time. What is not meant is passed over."""
    change, number, what = _CHANGES.get(asked.one("as")), _number(asked.one("id")), asked.one("mark")
    marks = asked.desk.marks(asked.program.reader)
    if change is None or number is None:
        return
    if what == "item":
        marks.change_numbered([number], change)
    elif what in ("feed", "group") and change.read is not None:
        before = _number(asked.one("before"))
        bound = min(before if before is not None else LAST_S, LAST_S) * MICROSECONDS
        for stream in _streams(asked, what, number):
            marks.change_numbered(_numbers(asked, StreamRequest(stream=stream, before=bound, limit=EVERYTHING)), change)


def _streams(asked: Request, what: str, number: int) -> list[Stream]:
    if number == 0:
        return [EVERY]
    if what == "feed":
        return [Stream("feed", str(number))]
    return [
        Stream("feed", str(each.number))
        for each in subscribed(asked)
        if number in map(_group, each.folders or (LOOSE,))
    ]


def _numbers(asked: Request, request: StreamRequest) -> list[int]:
    return asked.desk.streams(asked.program.reader).numbers(request)


def _number(text: str) -> int | None:
    text = text.strip()
    return min(int(text[:25]), (1 << 62) - 1) if text.isascii() and text.isdecimal() else None


def _group(name: str) -> int:
    return number_of(f"folder {name.casefold()}")


_ANSWERS: dict[str, Callable[[Request], dict[str, Any]]] = {
    "groups": _groups, "feeds": _feeds, "favicons": _favicons, "items": _items, "unread_item_ids": _unread,
    "saved_item_ids": _saved,
}  # fmt: skip
