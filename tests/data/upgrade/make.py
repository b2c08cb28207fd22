"""Make the store and the topics that every later version must open. Run with commit 016ea12, once:

    source <exports of deploy/servers start>; python -m tests.data.upgrade.make

It is not run by the tests; it stays to say how the data came to be. Feeds of made-up news are served on loopback (as an
HTTP proxy, so that they have addresses without ports) and the command line does the rest, in four waves.
"""

from __future__ import annotations

import html
import json
import lzma
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
from kafka import KafkaProducer

from tests.data.upgrade.texts import BYLINES, Writer
from tests.faults.receiver import Request, receiving
from tests.integration.distributed import wait_until
from tests.integration.feed_server import FeedServer, redirect, status
from tests.integration.topics import dump_topics
from tests.integration.upgrade import HERE, Newswire, pack_dump, states, view

COMMIT = "016ea12"
SEED = "upgrade"
# Where the program lay on the machine; the tracebacks of dead letters say it.
PLACE = f"{HERE.parent.parent.parent}/"
# Address, form, language that the feed says it is in.
FEEDS = {
    "wire-en": ("http://wire.example/en.rss", "rss", "en"),
    "ledger": ("http://ledger.example/feed.atom", "atom", "en"),
    "post": ("http://harbour-post.example/feed.json", "json", None),
    "gazette": ("http://gazette.example/rss", "rss", "en-GB"),
    "bote": ("http://bote.example/rss", "rss", "de-DE"),
    "kurier": ("http://kurier.example/atom", "atom", "de"),
    "courrier": ("http://courrier.example/rss", "rss", "fr"),
    "diario": ("http://diario.example/rss", "rss", "es"),
    "correio": ("http://correio.example/rss", "rss", "pt"),
    "vestnik": ("http://vestnik.example/rss", "rss", "ru"),
    "sahifa": ("http://sahifa.example/rss", "rss", "ar"),
    "ribao": ("http://ribao.example/rss", "rss", "zh"),
    "shinbun": ("http://shinbun.example/rss", "rss", "ja"),
    "mosaic": ("http://mosaic.example/all.rss", "rss", None),
    "echo": ("http://echo.example/all.atom", "atom", None),
}
OF = {
    "en": ("wire-en", "ledger", "post", "gazette"), "de": ("bote", "kurier", "mosaic"),
    "fr": ("courrier", "mosaic", "echo"), "es": ("diario", "mosaic", "echo"), "pt": ("correio", "mosaic"),
    "ru": ("vestnik", "mosaic", "echo"), "ar": ("sahifa", "mosaic"), "zh": ("ribao", "mosaic", "echo"),
    "ja": ("shinbun", "mosaic"),
}  # fmt: skip
SINGLES = {"en": 64, "de": 24, "fr": 16, "es": 16, "pt": 10, "ru": 16, "ar": 12, "zh": 16, "ja": 14}
BROKEN, MOVED, PAUSED = "http://broken.example/rss", "http://old.example/rss", "http://paused.example/rss"
QUERIES = (
    "ferry", "sandbank steering", '"railway works"', "strike* -dockers", "title:verdict", "lang:de", "lang:ar", "lang:zh",
    "Lagerhaus Brand", "Brücke OR Wald", "crue digues", "apagón", "завод", "рабочих авария", "ميناء", "العاصفة",
    "大桥", "博物馆", "トンネル", "美術館", '"interest rates"', "museum OR Museum OR musée OR museo",
    'feed:"http://ledger.example/feed.atom"', "tag:local", "source:kurier", "actor:minister", "event:CONSULT", "said:bank",
    "revision:>1", "corrected:yes", "origins:>=2", '"prisoners ceasefire"~30', "ATLEAST2(flood)", "wo?ld*",
    "published:2000-01-01..2100-01-01 government", "quote:counts", "SENTENCE(union offer)",
)  # fmt: skip


class Item:
    """Hold one entry of a feed, which a later wave may change."""

    def __init__(self, feed: str, name: str, language: str, title: str, body: list[str], when: datetime, wave: int):
        self.feed, self.name, self.language, self.title, self.body = feed, name, language, title, body
        self.when, self.wave, self.withdrawn = when, wave, False
        host = FEEDS[feed][0].split("/")[2]
        self.url = f"http://{host}/{name}"


def items(now: datetime) -> list[Item]:
    """Write all entries of all feeds: single pieces, happenings with a report in each feed, and copies."""
    made: list[Item] = []
    moment = now - timedelta(hours=60)
    for language, feeds in OF.items():
        writer = Writer(language, SEED)
        for number, (title, body) in enumerate(writer.singles(SINGLES[language])):
            moment += timedelta(minutes=11)
            wave = 1 if number % 4 else 2
            made.append(Item(feeds[number % len(feeds)], f"{language}-s{number}", language, title, body, moment, wave))
        for number, reports in enumerate(writer.happenings(3)):
            for report, (title, body) in enumerate(reports):
                when = now - timedelta(hours=20 - 4 * report, minutes=7 * number)
                name = f"{language}-h{number}-{report}"
                made.append(Item(feeds[report % len(feeds)], name, language, title, body, when, report + 1))
        originals = [item for item in made if item.language == language and item.wave < 3]
        for number, item in enumerate(originals[:: 6 if language == "en" else 4]):
            others = [feed for feed in feeds if feed != item.feed]
            body = [*item.body, BYLINES[language]] if number % 2 and language in BYLINES else list(item.body)
            when, wave = item.when + timedelta(minutes=40), item.wave + 1
            made.append(Item(others[number % len(others)], f"{item.name}-copy", language, item.title, body, when, wave))
    return made


def revise(made: list[Item]) -> None:
    """Change what wave 3 finds changed: figures, titles, quotations; and take some entries back."""
    first = [item for item in made if item.wave == 1]
    for number, item in enumerate(first[5::17]):
        if number % 3 == 0:
            item.body = [sentence.replace(figure := _figure(sentence), str(int(figure or "0") + 1)) if _figure(sentence)
                         else sentence for sentence in item.body]  # fmt: skip
        elif number % 3 == 1:
            item.title = f"{item.title} *"
        else:
            item.body = [*item.body, '"2027 + 1" 31415.']
    for item in [item for item in first if item.feed in ("ledger", "kurier", "echo")][3::9]:
        item.withdrawn = True


def _figure(sentence: str) -> str:
    words = "".join(c if c.isascii() and c.isdigit() else " " for c in sentence).split()
    return words[0] if words else ""


def serve(server: FeedServer, made: list[Item], wave: int) -> dict[str, str]:
    """Put the feeds as they are in a wave behind their addresses."""
    bodies = {}
    for feed, (address, form, language) in FEEDS.items():
        chosen = sorted((i for i in made if i.feed == feed and i.wave <= wave), key=lambda i: i.when, reverse=True)
        bodies[address] = {"rss": rss, "atom": atom, "json": jsonfeed}[form](feed, language, chosen)
    server.pages = {address: body.encode() for address, body in bodies.items()}
    tagged = server.pages[FEEDS["gazette"][0]]
    server.pages[FEEDS["gazette"][0]] = lambda handler: (
        (304, {"ETag": f'"w{wave}"'}, b"")
        if handler.headers.get("If-None-Match") == f'"w{wave}"'
        else (200, {"ETag": f'"w{wave}"', "Link": '<http://hub.example/>; rel="hub"'}, tagged)
    )
    server.pages[PAUSED] = server.pages[FEEDS["diario"][0]]
    server.pages[MOVED] = redirect("http://new.example/rss")
    server.pages["http://new.example/rss"] = rss("moved", "en", []).encode()
    server.pages[BROKEN] = status(503, Retry_After="60") if wave > 1 else rss("broken", "en", []).encode()
    return bodies


def markup(item: Item) -> str:
    return "".join(f"<p>{html.escape(sentence, quote=False)}</p>" for sentence in item.body)


def rss(feed: str, language: str | None, chosen: list[Item]) -> str:
    entries = "".join(
        f'<item><title>{html.escape(i.title)}</title><link>{i.url}</link><guid isPermaLink="false">{i.name}</guid>'
        f"<pubDate>{format_datetime(i.when)}</pubDate><category>local</category>"
        f"<description><![CDATA[{markup(i)}]]></description></item>\n"
        for i in chosen
    )
    said = f"<language>{language}</language>" if language else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>{feed.title()}</title>'
        f"<link>http://{feed}.example/</link><description>Made-up news.</description>{said}<ttl>30</ttl>\n"
        f"{entries}</channel></rss>"
    )


def atom(feed: str, language: str | None, chosen: list[Item]) -> str:
    entries = "".join(
        f'<at:deleted-entry ref="urn:x:{i.name}" when="{i.when.isoformat()}"/>\n'
        if i.withdrawn
        else f'<entry><id>urn:x:{i.name}</id><title>{html.escape(i.title)}</title><link href="{i.url}"/>'
        f"<published>{i.when.isoformat()}</published><updated>{i.when.isoformat()}</updated>"
        f"<author><name>Desk of {feed.title()}</name></author>"
        f'<content type="html">{html.escape(markup(i))}</content></entry>\n'
        for i in chosen
    )
    said = f' xml:lang="{language}"' if language else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:at="http://purl.org/atompub/tombstones/1.0"{said}><title>{feed.title()}</title><id>urn:x:{feed}</id>\n'
        f"{entries}</feed>"
    )


def jsonfeed(feed: str, language: str | None, chosen: list[Item]) -> str:
    entries = [
        {"id": i.name, "url": i.url, "title": i.title, "content_html": markup(i), "date_published": i.when.isoformat(),
         "tags": ["local"]}
        for i in chosen
    ]  # fmt: skip
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": feed.title(), "language": language, "items": entries},
        ensure_ascii=False,
    )


def follow(newswire: Newswire, proxy: str) -> None:
    """Subscribe to everything, with options of all kinds."""
    options = {
        "wire-en": ("--tag", "agency"),
        "post": ("--title", "Harbour Post", "--language", "en"),
        "diario": ("--header", "X-Reader: made up", "--interval", "3600"),
        "gazette": ("--mute", "title:walk"),
    }
    for feed, (address, _, _) in FEEDS.items():
        newswire.run("add", address, "--proxy", proxy, "--no-check", *options.get(feed, ()))
    for address in (BROKEN, MOVED, PAUSED):
        newswire.run("add", address, "--proxy", proxy, "--no-check")
    newswire.run("feed", "pause", PAUSED)


def ask_for_alerts(newswire: Newswire) -> None:
    """Keep rules of all kinds, and two saved searches."""
    newswire.run("search", "ferry OR Lagerhaus OR crue", "--save", "disasters", codes=(1,))
    newswire.run("search", "title:verdict", "--save", "verdicts", codes=(1,))
    for arguments in (
        ("ferries", "ferry sandbank", "--to", "pager"),
        ("strikes", "strike*", "--to", "jsonfeed:strikes.json", "--to", "pager"),
        ("disasters", "search:disasters", "--to", "pager", "--once-per", "article", "--cap-per-hour", "6"),
        ("brand", "Brand", "--to", "atom:brand.xml", "--lang", "de"),
        ("завод", "завод", "--to", "pager", "--priority", "high"),
        ("ميناء", "ميناء", "--to", "pager"),
        ("bridges", "大桥 OR トンネル OR ponte", "--to", "pager"),
        ("courts", "court", "--to", "gone"),
        ("outages", "apagón", "--to", "away"),
        ("two sources", "verdict OR bribes", "--to", "pager", "--origins", "2"),
        ("three sources", "museum", "--to", "pager", "--origins", "3"),
        ("daily", "library OR bakery", "--to", "pager", "--digest", "5m"),
        ("snoozed", "lake", "--to", "pager"),
        ("ended", "museum", "--to", "pager", "--expires", "2026-01-01"),
        ("silent", "zeppelin", "--silence", "3d"),
        ("surge", "tram", "--surge", "4", "--window", "1d"),
    ):
        newswire.run("alert", "add", *arguments)
    newswire.run("alert", "snooze", "snoozed", "2w")
    # What watches the clock would speak up at the first look, whenever that is.
    newswire.run("alert", "pause", "silent")
    newswire.run("alert", "pause", "surge")


def make(directory: Path, server: FeedServer, hook: str) -> dict[str, str]:
    """Make the store in four waves; return the feeds' bodies as they were at last."""
    channels = {name: f"webhook+{hook}/{name}" for name in ("pager", "gone", "away")}
    newswire = Newswire(directory, channels, {})
    now = datetime.now(UTC).replace(microsecond=0)
    made = items(now)
    follow(newswire, server.url)
    ask_for_alerts(newswire)
    serve(server, made, 1)
    newswire.run("up", "--once", "--demo")
    serve(server, made, 2)
    newswire.run("up", "--once")
    with sqlite3.connect(directory / "newswire.db") as database:
        broken = [("news.articles", f"broken{number}", body, b"{}") for number, body in enumerate(BROKEN_RECORDS)]
        database.executemany("INSERT INTO log (topic, key, value, headers) VALUES (?, ?, ?, ?)", broken)
    database.close()
    revise(made)
    lines = directory.parent / "lines.jsonl"
    lines.write_text("".join(
        json.dumps({"url": f"http://papers.example/{n}", "source": "Papers", "title": title, "text": "\n\n".join(body),
                    "published": (now - timedelta(days=2, minutes=n)).isoformat(), "language": "en"}) + "\n"
        for n, (title, body) in enumerate(Writer("en", "papers").singles(12))
    ))  # fmt: skip
    serve(server, made, 3)
    newswire.run("up", "--once", str(lines))
    bodies = serve(server, made, 4)
    newswire.run("up", "--once")
    newswire.run("up", "--once")
    return bodies


BROKEN_RECORDS = (
    b'{"title": "cut off in the mid',
    b'{"id": 5}',
    b"\xff\xfe",
    b'{"id": "x", "source": "s", "seen": "soon"}',
)


def distribute(store: Path, directory: Path, newswire: Newswire, servers: str, prefix: str, count: int) -> None:
    """Take the same articles, rules and subscriptions through Kafka, worker, index and notifier."""
    newswire.run("admin", "setup")
    database = sqlite3.connect(store)
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=20_000_000)
    for table, key, value in database.execute(
        "SELECT name, key, value FROM entries WHERE name NOT LIKE 'facts.%' AND value IS NOT NULL ORDER BY version"
    ):
        producer.send(f"{prefix}news.{table}", key=key.encode(), value=value)
    producer.flush()
    roles = [newswire.start(role, log=directory / f"{role}.log") for role in ("worker", "index", "notify")]
    for key, value, headers in database.execute(
        "SELECT key, value, headers FROM log WHERE topic = 'news.articles' ORDER BY position"
    ):
        told = json.loads(headers) if headers else {}
        producer.send(
            f"{prefix}news.articles", key=key.encode(), value=value, headers=[(n, v.encode()) for n, v in told.items()]
        )
    producer.flush()
    producer.close()
    database.close()
    seen = [-1]

    def settled() -> bool:
        found = len(newswire.articles())
        same, seen[0] = found == seen[0] == count, found
        print("indexed", found, "of", count, flush=True)
        return same

    try:
        assert wait_until(settled, 150, every=4), (directory / "worker.log").read_text()[-3000:]
        time.sleep(15)
    finally:
        for role in roles:
            role.terminate()
        for role in roles:
            role.wait(30)


def main() -> None:
    """Make everything and write it beside this file."""
    directory = Path(tempfile.mkdtemp())
    store = directory / "store"

    def behave(request: Request) -> None:
        request.answer({"gone": 410, "away": 503}.get(request.path.rsplit("/", 1)[-1], 204))

    with receiving() as receiver:
        receiver.behaviour = behave
        server = FeedServer()
        hook = receiver.url.removesuffix("/hook")
        bodies = make(store, server, hook)
        server.close()
        reader = Newswire(store, {}, {})
        seen = view(reader, QUERIES)
        found = {
            "commit": COMMIT,
            "made": datetime.now(UTC).isoformat(),
            **seen,
            "deliveries": states(reader),
            "received": sorted(
                alert["id"]
                for request in receiver.requests
                if request.path.endswith("/pager")
                for alert in request.json["alerts"]
            ),
            "rules": {rule["id"]: rule for rule in reader.ask("alert", "list")},
            "searches": {search["name"]: search["query"] for search in reader.ask("search", "--saved")},
            "feeds": {feed["url"]: feed for feed in reader.ask("feed", "list")},
            "dead": sorted(letter["key"] for letter in reader.ask("admin", "dead")),
        }
        database = sqlite3.connect(store / "newswire.db", isolation_level=None)
        database.execute(
            "UPDATE log SET headers = CAST(replace(CAST(headers AS TEXT), ?, '') AS BLOB) WHERE topic = 'news.dead'",
            (PLACE,),
        )
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        if servers := os.environ.get("NEWSWIRE_KAFKA"):
            prefix = f"up{uuid.uuid4().hex[:8]}-"
            environment = {
                "NEWSWIRE_RUNTIME": "distributed", "NEWSWIRE_KAFKA": servers, "NEWSWIRE_PARTITIONS": "1",
                "NEWSWIRE_ELASTICSEARCH": os.environ["NEWSWIRE_ELASTICSEARCH"], "NEWSWIRE_PREFIX": prefix,
                "NEWSWIRE_SESSION_TIMEOUT_S": "6",
            }  # fmt: skip
            channels = {name: f"webhook+{hook}/{name}" for name in ("pager", "gone", "away")}
            cluster = Newswire(directory / "cluster", channels, environment)
            distribute(store / "newswire.db", directory, cluster, servers, prefix, len(seen["articles"]))
            assert view(cluster, QUERIES) == seen  # both runtimes hold the same
            dumped = dump_topics(servers, prefix)
            records = tuple(
                msgspec.structs.replace(r, headers={n: v.replace(PLACE, "") for n, v in r.headers.items()})
                for r in dumped.records
            )
            (HERE / "topics.jsonl.xz").write_bytes(pack_dump(msgspec.structs.replace(dumped, records=records)))
    extreme = 9 | lzma.PRESET_EXTREME
    (HERE / "newswire.db.xz").write_bytes(lzma.compress((store / "newswire.db").read_bytes(), preset=extreme))
    feeds = json.dumps(bodies, ensure_ascii=False).encode()
    (HERE / "feeds.json.xz").write_bytes(lzma.compress(feeds, preset=extreme))
    (HERE / "expected.json").write_text(json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True))
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
