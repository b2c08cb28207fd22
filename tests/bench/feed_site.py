"""A loopback site of many feeds for benchmarks: one process, an address for every feed, answers made beforehand.

Each feed has a host of its own in 127.0.0.0/8, as most have in the wild, so manners towards a host cost nobody.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
from datetime import timedelta
from email.utils import format_datetime
from hashlib import blake2b
from html import escape
from multiprocessing.connection import Connection

from pipeline.model import Document
from tests.bench.corpus import NOW, Corpus

FEEDS = 500
HOSTS = 500
ENTRIES = (50, 100)
WORDS = 60
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Feed {number}</title><link>http://feed{number}.example/</link><description>News of feed {number}</description>
<atom:link href="{url}" rel="self" type="application/rss+xml"/><language>en</language>
{entries}
</channel></rss>
"""
RSS_ENTRY = """<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">{guid}</guid>
<pubDate>{rfc822}</pubDate><dc:creator>{author}</dc:creator><category>{tags[0]}</category><category>{tags[1]}</category>
<description><![CDATA[<p>{text[0]}</p> <p>{text[1]} <a href="{link}">More</a></p>]]></description></item>
"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Feed {number}</title><id>urn:feed:{number}</id>
<link href="http://feed{number}.example/"/><link rel="self" href="{url}"/><updated>2022-02-24T12:00:00Z</updated>
{entries}
</feed>
"""
ATOM_ENTRY = """<entry><title>{title}</title><link href="{link}"/><id>{guid}</id><published>{iso}</published>
<updated>{iso}</updated><author><name>{author}</name></author><category term="{tags[0]}"/><category term="{tags[1]}"/>
<content type="html">{escaped}</content></entry>
"""


class Site:
    """Serve the feeds from a process of its own until closed; ``add`` puts new entries in front of every feed."""

    def __init__(self, feeds: int = FEEDS, *, validators: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, feeds, validators), daemon=True)
        self._process.start()
        self.urls: list[str]
        self.count: int
        self.urls, self.count = self._pipe.recv()

    @property
    def pid(self) -> int | None:
        """Return the id of the server's process."""
        return self._process.pid

    def add(self, entries: int) -> int:
        """Put so many new entries in front of every feed; return how many there are then in all."""
        self._pipe.send(("add", entries))
        self.count = self._pipe.recv()
        return self.count

    def validate(self, validators: bool) -> None:
        """Answer with validators and 304 from now on, or without."""
        self._pipe.send(("validators", validators))
        self._pipe.recv()

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.join()


class _Feed:
    def __init__(self, number: int, url: str, corpus: Corpus) -> None:
        self.number, self.url, self._corpus = number, url, corpus
        self._is_atom = number % 10 >= 7
        self._next = 0
        self._entries: list[str] = []
        self.add(random.Random(number).randint(*ENTRIES))

    def add(self, count: int) -> None:
        for _ in range(count):
            self._entries.insert(0, self._entry(self._corpus.article(self._next, WORDS)))
            self._next += 1
        form = ATOM if self._is_atom else RSS
        self.body = form.format(number=self.number, url=self.url, entries="".join(self._entries)).encode()
        self.etag = blake2b(self.body, digest_size=8).hexdigest()

    def __len__(self) -> int:
        return len(self._entries)

    def _entry(self, article: Document) -> str:
        moment = NOW - timedelta(days=30) + timedelta(minutes=37 * self._next)
        link = f"http://feed{self.number}.example/{self._next}/{article.id[:12]}"
        sentences = (article.text or "").split(". ")
        text = (escape(sentences[0]), escape(". ".join(sentences[1:])))
        return (ATOM_ENTRY if self._is_atom else RSS_ENTRY).format(
            title=escape(article.title or ""),
            link=link,
            guid=f"urn:{self.number}:{self._next}",
            rfc822=format_datetime(moment),
            iso=moment.isoformat(),
            author=f"Author {self._next % 7}",
            tags=article.tags,
            text=text,
            escaped=escape(f'<p>{text[0]}</p> <p>{text[1]} <a href="{link}">More</a></p>'),
        )


def _run(pipe: Connection, feeds: int, validators: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    asyncio.run(_serve(pipe, feeds, validators))


def _host(number: int) -> str:
    return f"127.0.{1 + number % HOSTS // 250}.{1 + number % 250}"


async def _serve(pipe: Connection, count: int, validators: bool) -> None:
    corpus = Corpus()
    state = {"validators": validators}
    feeds: dict[str, _Feed] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = request.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                feed = feeds[first.split()[1]]
                tag = f'ETag: "{feed.etag}"\r\n' if state["validators"] else ""
                if tag and headers.get("if-none-match") == f'"{feed.etag}"':
                    writer.write(f"HTTP/1.1 304 Not Modified\r\n{tag}\r\n".encode())
                    continue
                kind = "application/xml; charset=utf-8"
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{tag}Content-Length: {len(feed.body)}\r\n\r\n"
                writer.write(head.encode() + feed.body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    first = await asyncio.start_server(answer, _host(0), 0)
    port = first.sockets[0].getsockname()[1]
    await asyncio.start_server(answer, [_host(number) for number in range(1, HOSTS)], port)
    for number in range(count):
        path = f"/{number}.xml"
        feeds[path] = _Feed(number, f"http://{_host(number)}:{port}{path}", corpus)
    pipe.send(([feed.url for feed in feeds.values()], sum(map(len, feeds.values()))))
    while True:
        command, value = await asyncio.to_thread(pipe.recv)
        if command == "add":
            for feed in feeds.values():
                feed.add(value)
        else:
            state["validators"] = value
        pipe.send(sum(map(len, feeds.values())))
