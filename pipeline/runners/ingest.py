"""The polling shell: which feed is due, fetch, parse, recognise, publish, remember - in that order.

At least once: a poll is remembered only after the log has its articles, so a crash between the two publishes them again
and ``identify`` finds them unchanged.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from connectors.discovery import Candidate, discover, well_known
from connectors.document import HtmlPageError, articles_of
from connectors.feed import NotAFeedError, ParsedFeed
from connectors.http import Fetched, Fetcher, FetchError
from connectors.parser import Parser
from connectors.schedule import MOVES_BELIEVED, Poll, after_failure_s, interval_s, jittered
from connectors.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.flow import ARTICLES, dead_letter
from pipeline.model import Article
from pipeline.ports import Clock, Log, Message, Table, Transaction

LOOK_S = 0.5
KNOWN_KEYS = 3_000
TRIED = 6


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how one poll went: how many entries the feed had, how many were published, and what went wrong."""

    url: str
    entries: int = 0
    published: int = 0
    error: str | None = None


class FoundFeed(msgspec.Struct, frozen=True, kw_only=True):
    """Offer a feed that was fetched and parsed."""

    url: str
    title: str | None
    entries: int


class Ingest:
    """Poll the feeds of a table when they are due and publish their articles to the log."""

    def __init__(
        self,
        *,
        feeds: Table,
        polls: Table,
        log: Log,
        transaction: Transaction,
        fetcher: Fetcher,
        parser: Parser,
        clock: Clock,
        floor_s: float = 300.0,
        ceiling_s: float = 86_400.0,
        concurrency: int = 64,
        per_host: int = 2,
        report: Callable[[Polled], None] = lambda polled: None,
        mine: Callable[[str], bool] = lambda url: True,
    ) -> None:
        self._feeds = feeds
        self._polls = polls
        self._log = log
        self._transaction = transaction
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._floor_s = floor_s
        self._ceiling_s = ceiling_s
        self._turn = asyncio.Semaphore(concurrency)
        self._host_turns: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        self._report = report
        self._mine = mine
        self._subscriptions: dict[str, Subscription] = {}
        self._due: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def once(self) -> None:
        """Poll every feed that is not paused one time, due or not."""
        await asyncio.to_thread(self._learn_feeds)
        await asyncio.gather(*(self.poll(url) for url, s in list(self._subscriptions.items()) if not s.paused))

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll feeds as they fall due until told to stop; subscriptions may come and go meanwhile."""
        while not stopping.is_set():
            await asyncio.to_thread(self._learn_feeds)
            now = self._clock()
            for url, due in list(self._due.items()):
                if due <= now and url not in self._running and self._mine(url):
                    self._running[url] = asyncio.create_task(self.poll(url))
            self._running = {url: task for url, task in self._running.items() if not task.done()}
            try:
                await asyncio.wait_for(stopping.wait(), LOOK_S)
            except TimeoutError:
                continue
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def poll(self, url: str) -> None:
        """Poll one feed and remember how it went."""
        subscription = self._subscriptions[url]
        async with self._turn, self._host_turns[urlsplit(url).netloc]:
            poll = await asyncio.to_thread(self._load, url)
            now = self._clock()
            try:
                fetched = await self._fetcher.fetch(poll.moved_to_if_believed or url, _headers(subscription, poll))
                parsed = await self._parsed(fetched, poll)
            except FetchError as exc:
                self._fail(subscription, poll, exc.kind, str(exc), now, exc.retry_after_s)
                return
            except NotAFeedError as exc:
                self._fail(subscription, poll, "body", str(exc), now, None)
                return
            polled = await asyncio.to_thread(self._publish, subscription, poll, fetched, parsed, now)
        self._report(polled)

    async def _parsed(self, fetched: Fetched, poll: Poll) -> ParsedFeed | None:
        """Return the parsed feed, or ``None`` when it is byte for byte what it was."""
        if fetched.body is None or _digest(fetched.body) == poll.body_hash:
            return None
        return await asyncio.to_thread(self._parser.parse, fetched.body, fetched.content_type, fetched.url)

    def _publish(
        self, subscription: Subscription, poll: Poll, fetched: Fetched, parsed: ParsedFeed | None, now: datetime
    ) -> Polled:
        messages: list[Message] = []
        known = dict(poll.known)
        entries = 0
        if parsed is not None:
            entries = len(parsed.entries)
            identities = {key: identity for key, (identity, _) in poll.known.items()}
            current: dict[str, tuple[str, str]] = {}
            for article, identity, keys in _recognised(parsed, subscription, identities, now):
                content = _digest(f"{article.title}\0{article.html}\0{article.text}".encode("utf-8", "surrogatepass"))
                if any(known.get(key, ("", ""))[1] != content for key in keys):
                    messages.append(Message(topic=ARTICLES.name, key=article.id, value=msgspec.json.encode(article)))
                current |= dict.fromkeys(keys, (identity, content))
            older = [key for key in known if key not in current]
            known = current | {key: known[key] for key in older[: max(0, KNOWN_KEYS - len(current))]}
            messages += [_unread(subscription.url, error) for error in parsed.errors]
        after = self._success(subscription, poll, fetched, parsed, known, now)
        with self._transaction():
            self._log.append(messages)
            self._polls.put(subscription.url, msgspec.json.encode(after))
        self._due[subscription.url] = after.next_check
        published = sum(message.topic == ARTICLES.name for message in messages)
        return Polled(url=subscription.url, entries=entries, published=published)

    def _success(
        self,
        subscription: Subscription,
        poll: Poll,
        fetched: Fetched,
        parsed: ParsedFeed | None,
        known: dict[str, tuple[str, str]],
        now: datetime,
    ) -> Poll:
        published = [entry.published for entry in parsed.entries if entry.published] if parsed else []
        wait = poll.interval_s or self._floor_s
        if parsed is not None:
            wait = interval_s(published, fetched.headers, parsed.ttl_s, now, self._floor_s, self._ceiling_s)
        wait = subscription.interval_s or wait
        # Fetched from the address it moved to, a feed redirects no more: that it moved must not be forgotten.
        moved = fetched.moved_to or poll.moved_to_if_believed
        week = [moment for moment in published if now - timedelta(days=7) <= moment <= now]
        return msgspec.structs.replace(
            poll,
            next_check=now + timedelta(seconds=jittered(wait, _digest(subscription.url.encode()))),
            last_check=now,
            last_success=now,
            last_entry=max([*published, *([poll.last_entry] if poll.last_entry else [])], default=None),
            etag=fetched.headers.get("etag", poll.etag if fetched.body is None else None),
            modified=fetched.headers.get("last-modified", poll.modified if fetched.body is None else None),
            body_hash=_digest(fetched.body) if fetched.body is not None else poll.body_hash,
            failures=0,
            error=None,
            moved_to=moved,
            moves=min(poll.moves + 1, MOVES_BELIEVED) if moved and moved == poll.moved_to else int(moved is not None),
            interval_s=wait,
            per_day=len(week) / 7 if parsed is not None else poll.per_day,
            known=known,
        )

    def _fail(
        self, subscription: Subscription, poll: Poll, kind: str, message: str, now: datetime, wait: float | None
    ) -> None:
        failures = poll.failures + 1
        seconds = after_failure_s(kind, failures, wait, self._floor_s, self._ceiling_s)
        after = msgspec.structs.replace(
            poll,
            next_check=now + timedelta(seconds=seconds),
            last_check=now,
            failures=failures,
            error=message,
            retired=kind == "gone",
        )
        self._polls.put(subscription.url, msgspec.json.encode(after))
        self._due[subscription.url] = after.next_check
        if after.retired:
            self._due.pop(subscription.url, None)
        self._report(Polled(url=subscription.url, error=message))

    def _learn_feeds(self) -> None:
        for url, value in self._feeds.changes():
            if value is None:
                self._subscriptions.pop(url, None)
                self._due.pop(url, None)
                continue
            subscription = msgspec.json.decode(value, type=Subscription)
            self._subscriptions[url] = subscription
            poll = self._load(url)
            if subscription.paused or poll.retired:
                self._due.pop(url, None)
            else:
                self._due[url] = poll.next_check

    def _load(self, url: str) -> Poll:
        value = self._polls.get(url)
        return msgspec.json.decode(value, type=Poll) if value else Poll(next_check=self._clock())


async def find_feeds(fetcher: Fetcher, parser: Parser, url: str) -> list[FoundFeed]:
    """Return the feeds at or on a page, best first, each fetched and parsed.

    Raises ``FetchError`` when the address cannot be fetched, ``UsageError`` when nothing there is a feed.
    """
    fetched = await fetcher.fetch(url)
    body = fetched.body or b""
    try:
        parsed = await asyncio.to_thread(parser.parse, body, fetched.content_type, fetched.url)
        return [FoundFeed(url=url, title=parsed.title, entries=len(parsed.entries))]
    except NotAFeedError as exc:
        if not isinstance(exc, HtmlPageError):
            raise UsageError(f"{exc} Give the address of a feed or of a web page.") from exc
    candidates = discover(body, fetched.url, fetched.headers.get("link"))
    found = await _tried(fetcher, parser, candidates[:TRIED])
    found = found or await _tried(fetcher, parser, well_known(fetched.url))
    if not found:
        raise UsageError(f"{url} is a web page on which no feed was found; look for its RSS link and give that.")
    return found


async def _tried(fetcher: Fetcher, parser: Parser, candidates: Iterable[Candidate]) -> list[FoundFeed]:
    found = []
    for candidate in candidates:
        try:
            fetched = await fetcher.fetch(candidate.url)
            parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
        except (FetchError, NotAFeedError):
            continue
        title = parsed.title or candidate.title
        found.append(FoundFeed(url=candidate.url, title=title, entries=len(parsed.entries)))
    return found


def publish(articles: Iterable[Article], log: Log, batch: int = 500) -> int:
    """Append articles from files or archives to the log; return how many."""
    count, messages = 0, []
    for article in articles:
        messages.append(Message(topic=ARTICLES.name, key=article.id, value=msgspec.json.encode(article)))
        if len(messages) >= batch:
            log.append(messages)
            count += len(messages)
            messages = []
    log.append(messages)
    return count + len(messages)


def _recognised(
    parsed: ParsedFeed, subscription: Subscription, identities: dict[str, str], now: datetime
) -> Iterable[tuple[Article, str, tuple[str, ...]]]:
    return articles_of(
        parsed,
        subscription.url,
        now,
        identities,
        source=subscription.title,
        language=subscription.language,
        tags=subscription.tags,
    )


def _headers(subscription: Subscription, poll: Poll) -> dict[str, str]:
    headers = dict(subscription.headers)
    if subscription.user_agent:
        headers["User-Agent"] = subscription.user_agent
    if poll.etag:
        headers["If-None-Match"] = poll.etag
    if poll.modified:
        headers["If-Modified-Since"] = poll.modified
    return headers


def _unread(url: str, error: str) -> Message:
    """Tell of an entry that could not be read. It cannot be sent back: polling the feed again is what helps."""
    message = Message(topic=ARTICLES.name, key=url, value=error.encode())
    return dead_letter(message, stage="parse", reason=error, returns_to=None)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
