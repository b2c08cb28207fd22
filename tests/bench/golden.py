"""Open feeds against what was written from their sources by hand, field by field, beside other parsers.

`python -m tests.bench golden` publishes the table. feedparser comes with the project; fastfeedparser is judged where it
is installed, and gofeed where Go is.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from calendar import timegm
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from connectors.formats.dates import parse_date
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError
from connectors.polling.articles import articles_of
from pipeline.model import Article
from pipeline.stages.identify.normalize import normalize
from tests.bench import open_data

URL = "http://feeds.example/d/feed"
SEEN = datetime(2026, 11, 25, tzinfo=UTC)
FIELDS = ("count", "title", "url", "published", "updated", "authors", "text", "tags", "image", "enclosures")
FEED_FIELDS = (
    "feed_title",
    "feed_home",
    "feed_language",
    "feed_icon",
    "feed_updated",
    "feed_ttl_s",
    "feed_hubs",
    "feed_self",
)
GOLDEN = Path(__file__).resolve().parents[1] / "data" / "connectors" / "golden.toml"
GOFEED = Path(__file__).with_name("gofeed")
# What other parsers do not offer is not held against them.
OURS_ALONE = ("image", "enclosures")
NOT_OFFERED = {"fastfeedparser": ("feed_ttl_s", "feed_hubs", "feed_self"), "gofeed": ("feed_ttl_s", "feed_hubs")}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a feed says of itself, as a parser read it; ``None`` for all that a parser has no word for."""

    title: str | None = None
    home: str | None = None
    language: str | None = None
    icon: str | None = None
    updated: datetime | None = None
    ttl_s: int | None = None
    hubs: tuple[str, ...] = ()
    self: str | None = None


class Read(msgspec.Struct, frozen=True):
    """Hold what a parser made of a file."""

    head: Head
    articles: list[Article]


NOTHING = Read(Head(), [])
Parser = Callable[[Path, str | None], Read]


def run() -> dict[str, float]:
    """Return for each field the share of values that came out right, ours and each peer's, and how many were judged."""
    if (without := open_data.missing(("feeds",))) is not None:
        raise FileNotFoundError(without)
    feeds = open_data.folder() / "feeds"
    if not _trials(feeds).is_dir():
        print(f"without the values of files that are not public ({_trials(feeds)})", file=sys.stderr)
    figures: dict[str, float] = {}
    for name, parser in parsers(feeds).items():
        right, judged = Counter[str](), Counter[str]()
        for _, field, wanted, found in compared(feeds, parser):
            judged[field] += 1
            right[field] += wanted == found
        prefix = "" if name == "newswire" else f"{name}_"
        lacking = (*OURS_ALONE, *NOT_OFFERED.get(name, ())) if prefix else ()
        shown = [field for field in (*FIELDS, *FEED_FIELDS) if judged[field] and field not in lacking]
        figures |= {f"{prefix}{field}": right[field] / judged[field] for field in shown}
        if not prefix:
            figures["judged"] = float(judged.total())
    return figures


def parsers(feeds: Path) -> dict[str, Parser]:
    """Return every parser there is on this machine, ours first."""
    found: dict[str, Parser] = {"newswire": _ours, "feedparser": _feedparser}
    if find_spec("fastfeedparser") is not None:
        found["fastfeedparser"] = _fastfeedparser
    if shutil.which("go"):
        read = _gofeed(sorted({path for golden in _there(feeds) for path in files(feeds, golden)}))
        found["gofeed"] = lambda path, content_type: read[path]
    return found


def goldens() -> list[dict[str, Any]]:
    """Return what is known of the open feeds."""
    found: list[dict[str, Any]] = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["golden"]
    return found


def _there(feeds: Path) -> list[dict[str, Any]]:
    """Return what is known of files that this machine can have: those of trials are not public."""
    return [golden for golden in goldens() if not golden.get("trials") or _trials(feeds).is_dir()]


def _trials(feeds: Path) -> Path:
    return feeds.parent.parent / "trials"


def files(feeds: Path, golden: Mapping[str, Any]) -> list[Path]:
    """Return the files that an entry speaks of; those of trials stand beside the data. Raises ``FileNotFoundError``."""
    root = _trials(feeds) if golden.get("trials") else feeds
    paths = sorted({path for pattern in golden["files"] for path in root.glob(pattern)})
    if not paths:
        raise FileNotFoundError(f"no file below {root} matches {golden['files']}")
    return paths


def compared(feeds: Path, parser: Parser | None = None) -> Iterator[tuple[str, str, object, object]]:
    """Yield every judged value: its place, its field, what is wanted and what was found."""
    for golden in _there(feeds):
        for path in files(feeds, golden):
            read = (parser or _ours)(path, golden.get("content_type"))
            articles = read.articles
            for field, wanted in golden.get("feed", {}).items():
                place = "/".join(path.parts[-6:])
                yield place, f"feed_{field}", _wanted(field, wanted), getattr(read.head, field)
            if "count" in golden:
                yield path.name, "count", golden["count"], len(articles)
            for number, entry in enumerate(golden.get("entries", ())):
                article = articles[number] if number < len(articles) else None
                for field, wanted in entry.items():
                    place = f"{'/'.join(path.parts[-6:])}, entry {number + 1}"
                    yield place, field, _wanted(field, wanted), _found(article, field)


def _ours(path: Path, content_type: str | None) -> Read:
    try:
        parsed = parse_document(path.read_bytes(), content_type, URL)
    except NotAFeedError:
        return NOTHING
    head = Head(
        title=parsed.title,
        home=parsed.home,
        language=parsed.language,
        icon=parsed.icon,
        updated=parsed.updated,
        ttl_s=parsed.ttl_s,
        hubs=parsed.hubs,
        self=parsed.topic,
    )
    return Read(head, [normalize(article) for article in articles_of(parsed, URL, SEEN)])


def _feedparser(path: Path, content_type: str | None) -> Read:
    import feedparser

    headers = {"content-location": URL, "content-type": content_type or "application/xml"}
    try:
        parsed: Any = feedparser.parse(io.BytesIO(path.read_bytes()), response_headers=headers)
    except Exception:  # noqa: BLE001 - whatever a peer raises, it has found nothing
        return NOTHING
    feed = parsed.feed
    links = {
        rel: [link.get("href") for link in feed.get("links", ()) if link.get("rel") == rel] for rel in ("hub", "self")
    }
    ttl = str(feed.get("ttl") or "")
    head = Head(
        title=_line(feed.get("title")),
        home=feed.get("link") or None,
        language=feed.get("language") or None,
        icon=feed.get("icon") or feed.get("image", {}).get("href") or feed.get("logo") or None,
        updated=_moment(dict.get(feed, "updated_parsed") or feed.get("published_parsed")),
        ttl_s=int(ttl) * 60 if ttl.isdecimal() else None,
        hubs=tuple(links["hub"]),
        self=next(iter(links["self"]), None),
    )
    return Read(head, [_from_feedparser(entry) for entry in parsed.entries])


def _from_feedparser(entry: Any) -> Article:
    texts = [*(content.get("value") or "" for content in entry.get("content", ())), entry.get("summary") or ""]
    names = [person.get("name") or person.get("email") for person in entry.get("authors", ())]
    return _article(
        title=entry.get("title"),
        url=entry.get("link"),
        text=max(texts, key=len),
        authors=[name for name in names if name] or [entry.get("author")],
        tags=[tag.get("label") or tag.get("term") for tag in entry.get("tags", ())],
        published=_moment(entry.get("published_parsed") or dict.get(entry, "updated_parsed")),
        updated=_moment(dict.get(entry, "updated_parsed")),
    )


def _fastfeedparser(path: Path, content_type: str | None) -> Read:
    import fastfeedparser

    try:
        parsed: Any = fastfeedparser.parse(path.read_bytes())
    except Exception:  # noqa: BLE001
        return NOTHING
    feed = parsed.get("feed") or {}
    head = Head(
        title=_line(feed.get("title")),
        home=feed.get("link") or None,
        language=feed.get("language") or None,
        icon=feed.get("icon") or (feed.get("image") or {}).get("href") or feed.get("logo") or None,
        updated=parse_date(feed.get("updated")) or parse_date(feed.get("published")),
    )
    articles = [
        _article(
            title=entry.get("title"),
            url=entry.get("link"),
            text=max(
                [entry.get("description") or "", *(one.get("value") or "" for one in entry.get("content") or ())],
                key=len,
            ),
            authors=[entry.get("author")],
            tags=[tag.get("label") or tag.get("term") for tag in entry.get("tags") or ()],
            published=parse_date(entry.get("published")) or parse_date(entry.get("updated")),
            updated=parse_date(entry.get("updated")),
        )
        for entry in parsed.get("entries") or ()
    ]
    return Read(head, articles)


def _gofeed(paths: list[Path]) -> dict[Path, Read]:
    """Read all files in one run of a small program around gofeed, which Go fetches and builds."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "gofeed"
        shutil.copytree(GOFEED, source)
        binary = source / "lines"
        subprocess.run(["go", "build", "-mod=mod", "-o", str(binary), "."], cwd=source, check=True)
        lines = "".join(f"{path.resolve()}\n" for path in paths)
        told = subprocess.run([str(binary)], input=lines, capture_output=True, check=True, text=True).stdout
    read: dict[Path, Read] = {}
    for path, line in zip(paths, told.splitlines(), strict=True):
        whole = json.loads(line)
        feed = whole["feed"]
        head = Head(
            title=_line(feed.get("title")),
            home=feed.get("home") or None,
            language=feed.get("language") or None,
            icon=feed.get("icon") or None,
            updated=parse_date(feed.get("updated")) or parse_date(feed.get("published")),
            self=feed.get("self") or None,
        )
        articles = [
            _article(
                title=entry.get("title"),
                url=entry.get("url"),
                text=entry.get("text"),
                authors=entry.get("authors") or [],
                tags=entry.get("tags") or [],
                published=parse_date(entry.get("published")) or parse_date(entry.get("updated")),
                updated=parse_date(entry.get("updated")),
            )
            for entry in whole["entries"]
        ]
        read[path] = Read(head, articles)
    return read


def _article(
    *,
    title: object,
    url: object,
    text: object,
    authors: list[Any],
    tags: list[Any],
    published: datetime | None,
    updated: datetime | None,
) -> Article:
    """Return what a peer read in our own normal form, so that spaces and markup count for nothing."""
    article = Article(
        id="",
        source="peer",
        seen=SEEN,
        url=str(url) if url else None,
        title=str(title) if title else None,
        html=str(text) if text else None,
        authors=tuple(str(name) for name in authors if name),
        tags=tuple(str(tag) for tag in tags if tag),
        published=published,
        updated=updated,
    )
    return normalize(article)


def _line(title: object) -> str | None:
    """Return a peer's title in our own normal form."""
    return _article(title=title, url=None, text=None, authors=[], tags=[], published=None, updated=None).title


def _moment(parts: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parts), UTC) if parts else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _wanted(field: str, value: Any) -> object:
    if field in ("published", "updated"):
        return datetime.fromisoformat(value) if value else None
    if field == "enclosures":
        return tuple(tuple(one) for one in value)
    return tuple(value) if isinstance(value, list) else value or None


def _found(article: Article | None, field: str) -> object:
    if article is None:
        return "no such entry"
    if field == "enclosures":
        return tuple((one.address, one.type or "", one.length or 0) for one in article.enclosures)
    found: object = getattr(article, field)
    return found
