"""One request of a reader program: its parameters, and the ids, streams and times that they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, unquote_plus

import msgspec

from pipeline.errors import UsageError
from pipeline.services.access import Scope
from pipeline.services.feed_numbers import NO_FEED
from pipeline.services.streams import EVERY, Kind, Stream
from pipeline.web.asking import multipart
from pipeline.web.desk import Desk
from pipeline.web.security import RANK

ITEM = "tag:google.com,2005:reader/item/"
STATE = "user/-/state/com.google/"
LABEL = "user/-/label/"
READING_LIST = f"{STATE}reading-list"
MICROSECONDS = 1_000_000
_ITEM = re.compile(r"(?:tag:google\.com,2005:reader/item/)(?P<long>[0-9a-f]{1,16})|(?P<bare>[0-9a-f]{16})", re.I)
_DECIMAL = re.compile(r"-?[1-9]\d{0,19}", re.ASCII)
_USER = re.compile(r"user/[^/]*/(state/com\.google|label)/(.+)", re.S)
_STATES: Mapping[str, Kind] = {"reading-list": "all", "read": "read", "unread": "unread", "starred": "starred"}
# Some programs put an address into the query as it is: it ends where the next field of theirs begins.
_NEXT = r"(?=&(?:t|T|ac|dest|output|client|ck|async)=|&[ar]=user|$)"
_RAW_ADDRESS = re.compile(rf"(?:^|&)(s=feed(?:/|%2F)|quickadd=)(https?://.*?){_NEXT}", re.S)
_RAW_LABEL = re.compile(rf"(?:^|&)s=(user/[^/&]*/label/.*?){_NEXT}", re.S)


class ScopeError(UsageError):
    """Refuse what the caller may not do."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Say who asks: what for, whose marks are meant, and by which name."""

    scope: Scope
    reader: str
    name: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a request: the endpoint below the common beginning of all, and fields of body and query, body first."""

    desk: Desk
    program: Program
    method: str
    endpoint: str
    fields: tuple[tuple[str, str], ...]
    query: str
    body: bytes
    base: str

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a field: that of the body, where that has one."""
        return next((value for key, value in self.fields if key == name), default)

    def has(self, name: str) -> bool:
        """Tell whether a field is given, with a value or without."""
        return any(key == name for key, _ in self.fields)

    def several(self, name: str) -> list[str]:
        """Return the values of a field."""
        return [value for key, value in self.fields if key == name]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a field as a number of at least 1, cut to ``most``. Raises ``UsageError`` for what is none."""
        text = self.one(name).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdecimal()):
            raise UsageError(f"{name}={text[:20]} is not a number.")
        return min(int(text[:20]), most) or default

    def seconds(self, name: str) -> int | None:
        """Return a field as a time in microseconds; ``None`` for one that is not given, or 0."""
        text = self.one(name).strip()
        if text and not re.fullmatch(r"-?\d+(\.\d*)?", text, re.ASCII):
            raise UsageError(f"{name}={text[:20]} is not a time in seconds.")
        return min(int(float(text[:25] or 0) * MICROSECONDS), 1 << 62) or None

    def check_may_edit(self) -> None:
        """Raise ``ScopeError`` where the caller may not change what all readers share."""
        if RANK[self.program.scope] < RANK["write"]:
            raise ScopeError(f"Feeds and folders are changed by editors; your scope is {self.program.scope}.")

    def items(self) -> list[int]:
        """Return the items that are named, each once; what is no id is passed over."""
        found = (item_number(text) for text in self.several("i"))
        return list(dict.fromkeys(number for number in found if number is not None))

    def label(self, name: str, known: Iterable[str]) -> str | None:
        """Return the label that a field names, as one of the known ones where it may be meant: some programs do not
        encode what they send, so that ``+`` and ``&`` of a name were taken for something else.
        """
        given = label_named(self.one(name))
        if given is None:
            return None
        raw = [match for text in (self.query, self.body.decode("utf-8", "replace"))
               for match in _RAW_LABEL.findall(text)] if name == "s" else []  # fmt: skip
        names = [label_named(how(text)) for text in raw for how in (unquote_plus, unquote, str)]
        kept = {each.casefold() for each in known}
        plus = [each for each in known if unquote_plus(each) == given]
        candidates = [given, *(each for each in names if each is not None), *plus]
        return next((each for each in candidates if each.casefold() in kept), given)


def fields_of(query: str, body: bytes, kind: str) -> tuple[tuple[str, str], ...]:
    """Read the fields of a body and of a query, those of the body first."""
    if kind.startswith("multipart/form-data"):
        inside = multipart(kind, body).pairs
    elif "xml" in kind or body.lstrip()[:1] == b"<":
        inside = ()
    else:
        inside = _parsed(body.decode("utf-8", "replace"))
    return (*inside, *_parsed(query))


def item_number(text: str) -> int | None:
    """Return the number of an item, however its id is written; ``None`` for what is no id.

    Nothing but digits is decimal unless it begins with 0: our numbers have 16 digits, and as many letters in hex of
    which the first are 0.
    """
    text = text.strip()
    if "%" in text:
        text = unquote(text).strip()
    if _DECIMAL.fullmatch(text):
        number = int(text)
        # Some programs read the 64 bits of a number as one that may be negative.
        return number % (1 << 64) if -(1 << 63) <= number < 1 << 64 else None
    match = _ITEM.fullmatch(text)
    return int(match["long"] or match["bare"], 16) if match is not None else None


def item_id(number: int) -> str:
    """Return the long form of an item's id."""
    return f"{ITEM}{number:016x}"


def label_named(tag: str) -> str | None:
    """Return the name of the label that a tag is; ``None`` for one that is none."""
    name: str | None = None
    # One program puts the beginning before a tag that has it already.
    while (match := _USER.fullmatch(tag)) is not None and match[1] == "label":
        name = tag = match[2]
    return " ".join(name.split()) or None if name is not None else None


def state_named(tag: str) -> str | None:
    """Return the state that a tag is; ``None`` for one that is none."""
    match = _USER.fullmatch(tag)
    return match[2] if match is not None and match[1] != "label" else None


def stream_named(text: str, feeds: Mapping[str, int]) -> Stream | None:
    """Return the stream of an id; ``None`` for what is none.

    ``feeds`` are the numbers of feeds, which may be named by their addresses too. A state that is not kept, a feed that
    is not followed and a label that is not known are streams without an article.
    """
    if text == "":
        return EVERY
    if text.startswith("feed/"):
        name = text.removeprefix("feed/")
        number = next((feeds[each] for each in (name, unquote(name)) if each in feeds), None)
        if number is None and name.isascii() and name.isdecimal() and int(name) in {NO_FEED, *feeds.values()}:
            number = int(name)
        return Stream("feed", str(number)) if number is not None else Stream("nothing")
    if (label := label_named(text)) is not None:
        return Stream("label", label)
    state = state_named(text)
    return Stream(_STATES.get(state, "nothing")) if state is not None else None


def _parsed(text: str) -> tuple[tuple[str, str], ...]:
    raw: list[tuple[str, str]] = []

    def taken(match: re.Match[str]) -> str:
        name, _, beginning = match[1].partition("=")
        raw.append((name, unquote(beginning) + match[2]))
        return ""

    text = _RAW_ADDRESS.sub(taken, text)
    return (*raw, *parse_qsl(text, keep_blank_values=True, errors="replace"))
