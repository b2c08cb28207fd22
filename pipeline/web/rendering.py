"""Pages from templates: everything strangers wrote is escaped, and their addresses lead only to the web."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket
from markupsafe import Markup, escape
from starlette.responses import Response

from pipeline.language.shorten import shorten
from pipeline.ports.feed_counts import MOST_UNREAD
from pipeline.ports.marks import STARRED
from pipeline.services.feed_counts import Unread
from pipeline.web.asking import Ask
from pipeline.web.assets import tagged
from pipeline.web.desk import Desk
from pipeline.web.direction import direction
from pipeline.web.display import Display, display_of
from pipeline.web_addresses import web_address

_UNITS = ((86_400 * 2, 86_400, "d"), (3_600, 3_600, "h"), (60, 60, "min"))
RAIL_FEEDS = 60
# So many readers' last counts are remembered.
READERS = 1_000
NOTHING = Unread(all=0, feeds={})
_COMMAND = re.compile(r"; `newswire feed test [^`]*` tells more\.")


class _Compiled(BytecodeCache):
    """Keep compiled templates for the life of the process, however many apps it makes."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template that was compiled before."""
        if (kept := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


class Rendering:
    """Render templates with what all pages share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._unread: dict[str, Unread] = {}
        self._zone = ZoneInfo(desk.time_zone)
        self._environment = Environment(
            loader=PackageLoader("pipeline.web"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=_compiled,
        )
        self._environment.filters.update(
            ago=self.ago, moment=self.moment, day=self.day, link=web_address, number=number, part=quoted_part,
            short=shorten, clock=self.clock_time, day_key=self.day_key, date=self.date, span=span, coded=coded,
            plainly=plainly, direction=direction,
        )  # fmt: skip
        self._environment.globals.update(asset=tagged, address=address, marked=marked)

    @property
    def now(self) -> datetime:
        """Return the present moment."""
        return self._desk.clock()

    def page(self, ask: Ask, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        text = self._environment.get_template(template).render(**self._shared(ask, self.rail(ask)), **values)
        return Response(text, status, media_type="text/html")

    def part(self, ask: Ask, template: str, **values: Any) -> Response:
        """Return a piece of a page."""
        text = self._environment.get_template(template).render(**self._shared(ask, None), **values)
        return Response(text, media_type="text/html")

    def plain(self, ask: Ask, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page without the rail, for who may see nothing yet."""
        text = self._environment.get_template(template).render(**self._shared(ask, None), **values)
        return Response(text, status, media_type="text/html")

    def _shared(self, ask: Ask, rail: dict[str, Any] | None) -> dict[str, Any]:
        display = msgspec.structs.asdict(display_of(ask.headers))
        icons = rail["followed"] if rail and self._desk.pictures is not None else frozenset()
        return {"ask": ask, "now": self.now, "rail": rail, "display": display, "icons": icons}

    def failure(self, message: str, status: int, headers: Mapping[str, str], display: Display) -> Response:
        """Return a page that says what went wrong and what to do; it asks the store nothing."""
        look = msgspec.structs.asdict(display)
        text = self._environment.get_template("failure.html").render(message=message, status=status, display=look)
        return Response(text, status, dict(headers), "text/html")

    def counted(self, ask: Ask) -> Unread:
        """Count what a reader has not read of the feeds that stand beside every page; the pages after it show that."""
        shown = [each.url for each in self._desk.feeds.all()[:RAIL_FEEDS]]
        self._unread[ask.reader] = found = self._desk.feed_counts.unread(ask.reader, shown)
        while len(self._unread) > READERS:
            del self._unread[next(iter(self._unread))]
        return found

    def rail(self, ask: Ask) -> dict[str, Any]:
        """Return what stands beside every page: counts, tags with their feeds, saved searches."""
        subscriptions = self._desk.feeds.all()
        tags: dict[str, list[Any]] = {}
        for each in subscriptions[:RAIL_FEEDS]:
            for tag in each.tags or ("",):
                tags.setdefault(tag, []).append(each)
        counts = self._desk.marks(ask.reader).counts()
        return {
            "tags": sorted(tags.items()),
            "feeds": len(subscriptions),
            "followed": frozenset(each.url for each in subscriptions),
            "searches": sorted(ask.desk.searches.all()),
            "starred": counts.get(STARRED, 0),
            "alerts": len(ask.desk.alerts.all()),
            "unread": self._unread.get(ask.reader, NOTHING),
            "most": MOST_UNREAD,
        }

    def ago(self, when: datetime) -> Markup:
        """Write how long ago something was, with the exact time as its title."""
        seconds = (self.now - when).total_seconds()
        if seconds < -60 or seconds >= 86_400 * 7:
            words = self._short_day(when)
        else:
            words = next((f"{seconds / size:.0f} {unit}" for least, size, unit in _UNITS if seconds >= least), "now")
        return self._time(when, words)

    def moment(self, when: datetime | None) -> Markup:
        """Write a moment in the reader's zone."""
        if when is None:
            return Markup("—")
        return self._time(when, f"{when.astimezone(self._zone):%-d %B %Y, %H:%M}")

    def clock_time(self, when: datetime) -> Markup:
        """Write the time of day."""
        return self._time(when, f"{when.astimezone(self._zone):%H:%M}")

    def day_key(self, when: datetime) -> str:
        """Return the day of a moment, for grouping."""
        return f"{when.astimezone(self._zone):%Y-%m-%d}"

    def day(self, when: datetime) -> str:
        """Write the day of a moment as a heading."""
        local, today = when.astimezone(self._zone).date(), self.now.astimezone(self._zone).date()
        words = f"{local:%A, %-d %B}" + (f" {local.year}" if local.year != today.year else "")
        if local == today:
            return f"Today, {local:%-d %B}"
        return f"Yesterday, {local:%-d %B}" if local == today - timedelta(days=1) else words

    def date(self, day: str) -> str:
        """Write a day of the calendar (``2022-02-24``) as people do."""
        try:
            read = date.fromisoformat(day)
        except ValueError:
            return day
        return f"{read:%-d %b}" if read.year == self.now.astimezone(self._zone).year else f"{read:%-d %b %Y}"

    def _short_day(self, when: datetime) -> str:
        local = when.astimezone(self._zone)
        return f"{local:%-d %b}" if local.year == self.now.astimezone(self._zone).year else f"{local:%-d %b %Y}"

    def _time(self, when: datetime, words: str) -> Markup:
        exact = f"{when.astimezone(self._zone):%-d %B %Y, %H:%M %Z}"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            when.astimezone(UTC).isoformat(timespec="seconds"), exact, words
        )


def address(path: str, **values: object) -> str:
    """Return one of our addresses with parameters; those without value are left out."""
    pairs = [
        (name, str(value))
        for name, given in values.items()
        for value in (given if isinstance(given, tuple | list) else (given,))
        if value not in (None, "", False)
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def quoted_part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


def number(value: float) -> str:
    """Write a number with separators."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


def span(seconds: float) -> str:
    """Write how long something took, in the largest unit that says it."""
    return next((f"{seconds / size:.0f} {unit}" for least, size, unit in _UNITS if seconds >= least), "0 min")


def coded(words: str) -> Markup:
    """Write what stands between back quotes as code; all is escaped."""
    parts = words.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part)
        if n % 2 and n + 1 < len(parts)
        else escape(part if n % 2 == 0 else f"`{part}")
        for n, part in enumerate(parts)
    )


def plainly(words: str) -> Markup:
    """Leave out the command that a page has a link for."""
    return coded(_COMMAND.sub(".", words))


def marked(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """Mark pieces of a text, those that are in what is shown of it; the text is escaped."""
    parts: list[Markup] = []
    done = 0
    for start, end in spans:
        if start >= len(text):
            break
        parts += [escape(text[done:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        done = end
    return Markup("").join([*parts, escape(text[done:])])
