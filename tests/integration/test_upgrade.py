"""Stores live on: what 016ea12 wrote is opened by this version, with nothing lost, doubled or told twice.

The store and the topics lie in tests/data/upgrade, and with them what they held when they were made. Whoever has to
change what is expected here takes something from people who have such stores.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline.flow import DEDUPLICATE, IDENTIFY, Stage
from pipeline.model import AlertRule
from pipeline.topics import ALERTS, ARTICLES, DOCUMENTS, ENRICHED, REVISIONS
from tests.faults.receiver import Receiver, receiving
from tests.integration.distributed import wait_until
from tests.integration.feed_server import FeedServer
from tests.integration.topics import end_of, load_topics, send
from tests.integration.upgrade import (
    Dump,
    Dumped,
    Newswire,
    dump,
    essence,
    expected,
    feeds,
    missed,
    moment,
    states,
    unpack_store,
    view,
)

WAS = expected()
ARTICLES_WERE: dict[str, dict[str, Any]] = WAS["articles"]
FEEDS = feeds()
HOOKS = ("pager", "gone", "away")
# The values of topics by name; the rest are keys to words (searches) or a reader's own memory (recent, facts).
TYPES: dict[str, Any] = {
    **{topic.name: topic.type for topic in (ARTICLES, REVISIONS, DOCUMENTS, ENRICHED, ALERTS)},
    "news.rules": AlertRule,
    "news.feeds": Subscription,
    "news.polls": Poll,
}
TYPED_AT_LEAST = 1400


class World:
    """Hold a copy of the store, the feeds as they were at the last poll, and a receiver of alerts."""

    def __init__(self, directory: Path, server: FeedServer, receiver: Receiver) -> None:
        unpack_store(directory)
        hook = receiver.url.removesuffix("/hook")
        self.newswire = Newswire(directory, {name: f"webhook+{hook}/{name}" for name in HOOKS}, {})
        self.server = server
        self.receiver = receiver
        self.scratch = directory.parent
        self.serve(FEEDS)
        for address in WAS["feeds"]:
            self.newswire.tell("feed", "edit", address, "--proxy", server.url)

    def serve(self, bodies: dict[str, str]) -> None:
        """Let the feeds be so from now on."""
        self.server.pages = {address: body.encode() for address, body in bodies.items()}

    def take(self, *articles: dict[str, Any]) -> None:
        """Take in articles from a file."""
        file = self.scratch / "articles.jsonl"
        file.write_text("".join(json.dumps(article) + "\n" for article in articles))
        self.newswire.run("up", "--once", str(file))

    def told(self) -> Counter[str]:
        """Count how often each alert was received."""
        return Counter(alert["id"] for request in self.receiver.requests for alert in request.json["alerts"])


@contextmanager
def opened(directory: Path) -> Iterator[World]:
    server = FeedServer()
    try:
        with receiving() as receiver:
            yield World(directory, server, receiver)
    finally:
        server.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path / "store") as made:
        yield made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newswire]:
    """Return a store that nothing is written to."""
    with opened(tmp_path_factory.mktemp("untouched") / "store") as made:
        yield made.newswire


@pytest.fixture(scope="module")
def seen(untouched: Newswire) -> dict[str, Any]:
    """Return what this version sees in the store."""
    return view(untouched, WAS["queries"])


def essences(newswire: Newswire) -> dict[str, dict[str, Any]]:
    return {name: essence(article) for name, article in newswire.articles().items()}


def test_every_query_finds_in_an_old_store_what_it_found(seen: dict[str, Any]) -> None:
    assert len(seen["queries"]) > 30
    assert [] == missed(WAS["queries"], seen["queries"], ARTICLES_WERE)


@pytest.mark.parametrize("part", ["articles", "copies", "stories", "events"])
def test_everything_in_an_old_store_is_found(seen: dict[str, Any], part: str) -> None:
    assert len(seen[part]) > 30
    assert WAS[part] == seen[part]


def test_alerts_and_rules_and_searches_of_an_old_store_are_what_they_were(untouched: Newswire) -> None:
    assert WAS["deliveries"] == states(untouched)
    rules = {rule["id"]: rule for rule in untouched.ask("alert", "list")}
    assert WAS["rules"] == {name: {key: rules[name][key] for key in rule} for name, rule in WAS["rules"].items()}
    assert WAS["searches"] == {search["name"]: search["query"] for search in untouched.ask("search", "--saved")}


def test_subscriptions_of_an_old_store_know_how_their_polls_went(untouched: Newswire) -> None:
    names = ("url", "title", "tags", "language", "interval", "headers", "mute", "muted", "paused", "hubs", "last_check",
             "last_success", "last_entry", "failures", "error", "moved_to")  # fmt: skip
    now = {feed["url"]: feed for feed in untouched.ask("feed", "list")}
    assert {url: [feed[name] for name in names] for url, feed in WAS["feeds"].items()} == {
        url: [feed[name] for name in names] for url, feed in now.items()
    }


def test_dead_letters_of_an_old_store_are_listed_and_can_be_sent_back(world: World) -> None:
    assert WAS["dead"] == sorted(letter["key"] for letter in world.newswire.ask("admin", "dead"))
    world.newswire.run("admin", "dead", "--replay")
    world.newswire.run("up", "--once")
    again = world.newswire.ask("admin", "dead")
    assert [(key, "2") for key in WAS["dead"]] == sorted((letter["key"], letter["attempts"]) for letter in again)


def as_they_were(bodies: dict[str, str]) -> dict[str, str]:
    return bodies


def with_a_comment(bodies: dict[str, str]) -> dict[str, str]:
    """Change what is not an entry."""
    return {address: body + ("\n" if body.startswith("{") else "\n<!-- later -->") for address, body in bodies.items()}


def laid_out_anew(bodies: dict[str, str]) -> dict[str, str]:
    """Change the bytes of every entry and none of its words."""
    return {
        address: json.dumps(json.loads(body), indent=1)
        if body.startswith("{")
        else body.replace("<item>", "<item>\n  ").replace("<entry>", "<entry>\n  ")
        for address, body in bodies.items()
    }


@pytest.mark.parametrize("changed", [as_they_were, with_a_comment, laid_out_anew])
def test_feeds_without_news_bring_nothing_and_only_what_was_queued_is_sent(world: World, changed: Any) -> None:
    world.serve(changed(FEEDS))
    due = {
        delivery["alert_id"]
        for delivery in WAS["deliveries"].values()
        if delivery["state"] == "queued" and moment(delivery["due"]) <= datetime.now(UTC)
    }
    assert len(due) >= 3
    world.newswire.run("up", "--once")
    world.newswire.run("up", "--once")
    polled = {path for path, _ in world.server.requests}
    assert set(FEEDS) <= polled
    assert ARTICLES_WERE == essences(world.newswire)
    assert Counter(due) == world.told()
    assert not due & set(WAS["received"])
    now = states(world.newswire)
    kept = {
        name: WAS["deliveries"][name] for name in WAS["deliveries"] if WAS["deliveries"][name]["alert_id"] not in due
    }
    assert WAS["deliveries"].keys() == now.keys()
    assert kept == {name: now[name] for name in kept}
    assert {"sent"} == {now[name]["state"] for name in now.keys() - kept.keys()}


def test_feed_that_is_read_from_the_beginning_doubles_nothing(world: World) -> None:
    for address, feed in WAS["feeds"].items():
        if address in FEEDS:
            world.newswire.tell("feed", "remove", address)
            options = [option for name in ("tag", "mute") for value in feed[f"{name}s" if name == "tag" else name]
                       for option in (f"--{name}", value)]  # fmt: skip
            world.newswire.tell("add", address, "--proxy", world.server.url, "--no-check", *options)
    world.newswire.run("up", "--once")
    assert ARTICLES_WERE == essences(world.newswire)
    assert not world.told().keys() & set(WAS["received"])


@pytest.mark.parametrize("revision", [1, 2])
def test_changed_entry_is_the_next_revision_of_its_article(world: World, revision: int) -> None:
    address = "http://wire.example/en.rss"
    name, was = next(
        (name, was)
        for name, was in sorted(ARTICLES_WERE.items())
        if (was["feed"], was["revision"], was["withdrawn"]) == (address, revision, False)
    )
    body = FEEDS[address]
    begin = body.index("<![CDATA[", body.index(f"<link>{was['url']}</link>")) + len("<![CDATA[")
    world.serve(FEEDS | {address: body[:begin] + "<p>The bell tower has 4711 steps.</p>" + body[begin:]})
    world.newswire.run("up", "--once")
    now = essences(world.newswire)
    changed = now.pop(name)
    assert {other: was for other, was in ARTICLES_WERE.items() if other != name} == now
    same = ("url", "source", "seen", "duplicate_of", "story_id", "language", "published")
    assert [was[part] for part in same] == [changed[part] for part in same]
    assert (revision + 1, ["figures", "text"]) == (changed["revision"], changed["changes"])
    assert world.newswire.find('"bell tower" steps') == ([] if was["duplicate_of"] else [name])


def known_copies() -> dict[str, str]:
    """Return the articles that were written as copies and linked to what they copy, with their originals.

    The version that made the store linked 13 copies told by a template to another text of it; those are no measure.
    """
    return {
        name: was["duplicate_of"]
        for name, was in ARTICLES_WERE.items()
        if was["duplicate_of"] and page(was) == f"{page(ARTICLES_WERE[was['duplicate_of']])}-copy"
    }


def page(article: dict[str, Any]) -> str:
    """Return the last part of an article's address, which tells what it was written as."""
    return (article["url"] or "").rpartition("/")[2]


def test_new_copies_of_old_articles_are_linked_to_them(world: World) -> None:
    articles = world.newswire.articles()
    originals = {o for o in known_copies().values() if ARTICLES_WERE[o]["revision"] == 1}
    chosen = {ARTICLES_WERE[name]["language"]: articles[name] for name in sorted(originals)}
    assert {"en", "de", "es", "fr", "ru", "ar", "zh", "ja"} <= chosen.keys()
    fields = ("title", "text", "language", "published")
    # The program's own time for what came: the window for copies is counted in it, whenever this runs.
    copies = [
        {field: original[field] for field in fields}
        | {"url": f"http://mirror.example/{language}", "source": "Mirror"}
        | {"seen": (moment(original["seen"]) + timedelta(hours=5)).isoformat()}
        for language, original in chosen.items()
    ]
    world.take(*copies)
    now = world.newswire.articles()
    new = {article["language"]: article for article in now.values() if article["source"] == "Mirror"}
    assert {language: (original["id"], original["story_id"]) for language, original in chosen.items()} == {
        language: (copy["duplicate_of"], copy["story_id"]) for language, copy in new.items()
    }
    for language, copy in new.items():
        assert copy["id"] in world.newswire.ask("show", chosen[language]["id"])[0]["copies"]
    come = {copy["id"] for copy in new.values()}
    assert ARTICLES_WERE == {name: essence(article) for name, article in now.items() if name not in come}


def test_new_report_joins_an_old_story(world: World) -> None:
    found = [was for was in ARTICLES_WERE.values() if (was["title"] or "").startswith("Prosecutors appeal after")]
    old = min(found, key=lambda was: str(was["url"]))
    text = world.newswire.ask("search", f'title:"{old["title"]}"', "--copies")[0]["text"]
    person = old["title"].removeprefix("Prosecutors appeal after ").removesuffix(" verdict")
    builder = text.partition(" in bribes from ")[2].partition(".")[0]
    report = {
        "title": f"Mayor {person} expects to win appeal in {builder} bribery case",
        "text": f"Lawyers of mayor {person} said they expect to win when prosecutors appeal against the verdict. "
        f"The mayor was acquitted of taking bribes from the builder {builder}.",
        "url": "http://mirror.example/2",
        "source": "Mirror",
        "language": "en",
        "published": WAS["made"],
        "seen": (moment(WAS["made"]) + timedelta(hours=3)).isoformat(),
    }
    world.take(report)
    (new,) = [article for article in world.newswire.articles().values() if article["url"] == report["url"]]
    assert (old["story_id"], None) == (new["story_id"], new["duplicate_of"])
    told = world.newswire.ask("story", "show", old["story_id"])[0]
    assert new["id"] in [article["id"] for article in told["articles"]]


def test_replay_of_an_old_log_gives_the_same_articles_and_copies_and_tells_nobody(world: World) -> None:
    world.newswire.run("admin", "replay", codes=(0, 1))  # 1: the log holds the dead letters' records, too
    now = essences(world.newswire)
    check_replayed(now)
    assert world.told() == Counter()
    assert WAS["deliveries"] == states(world.newswire)


def check_replayed(now: dict[str, dict[str, Any]]) -> None:
    """Demand what better rules for stories and events must leave as it is."""
    same = ("revision", "title", "text", "url", "source", "language", "published", "seen", "withdrawn", "changes")
    assert {name: [was[part] for part in same] for name, was in ARTICLES_WERE.items()} == {
        name: [article[part] for part in same] for name, article in now.items()
    }
    copies = known_copies()
    assert len(copies) > 30
    assert {} == {name: original for name, original in copies.items() if first(now, name) != first(now, original)}


def first(now: dict[str, dict[str, Any]], name: str) -> str:
    """Return the article that an article and all its copies are known as."""
    return str(now[name]["duplicate_of"] or name)


def is_whole(record: Dumped) -> bool:
    """Tell whether a record is none of those that were made to end as dead letters."""
    return not (record.key or b"").startswith(b"broken")


def includes(now: Any, was: Any) -> bool:
    """Tell whether a JSON value still says all that another said; fields may have come."""
    if isinstance(was, dict):
        return isinstance(now, dict) and all(name in now and includes(now[name], was[name]) for name in was)
    if isinstance(was, list):
        return isinstance(now, list) and len(now) == len(was) and all(map(includes, now, was))
    return bool(now == was)


def test_every_old_record_is_read_and_written_without_loss() -> None:
    counted = 0
    for record in dump().records:
        kind = TYPES.get(record.topic)
        if kind is None or record.value is None or not is_whole(record):
            continue
        again = json.loads(msgspec.json.encode(msgspec.json.decode(record.value, type=kind)))
        assert includes(again, json.loads(record.value)), (record.topic, record.key)
        counted += 1
    assert counted > TYPED_AT_LEAST


@pytest.mark.parametrize("stage", [IDENTIFY, DEDUPLICATE])
def test_old_facts_know_every_old_article(stage: Stage) -> None:
    records, memory = dump().records, stage.memory()
    for record in records:
        if record.topic == f"newswire-worker-{stage.name}-facts-changelog":
            memory.learn((record.key or b"").decode(), record.value)
    latest: dict[str, Any] = {}
    for record in records:
        if record.topic == stage.reads.name and is_whole(record):
            value: Any = msgspec.json.decode(record.value or b"", type=stage.reads.type)
            latest[value.id] = value
    assert latest.keys() == ARTICLES_WERE.keys()
    decided = {name: stage.decide(value, memory, datetime.now(UTC)) for name, value in latest.items()}
    assert [] == [name for name, decision in decided.items() if decision.facts]
    emitted: dict[str, Any] = {name: value for name, decision in decided.items() for value in decision.emit}
    links = {name: (was["duplicate_of"], was["story_id"]) for name, was in ARTICLES_WERE.items()}
    known = {} if stage is IDENTIFY else links  # the one has nothing to say of them, the other the same again
    assert known == {name: (document.duplicate_of, document.story_id) for name, document in emitted.items()}


@contextmanager
def cluster(servers: dict[str, str], prefix: str, directory: Path, channels: dict[str, str]) -> Iterator[Newswire]:
    """Set up the distributed runtime under a prefix of its own."""
    directory.mkdir()
    yield Newswire(
        directory,
        channels,
        {
            "NEWSWIRE_RUNTIME": "distributed",
            "NEWSWIRE_KAFKA": servers["kafka"],
            "NEWSWIRE_ELASTICSEARCH": servers["elasticsearch"],
            "NEWSWIRE_PREFIX": prefix,
            "NEWSWIRE_PARTITIONS": "1",
            "NEWSWIRE_SESSION_TIMEOUT_S": "6",
        },
    )


@contextmanager
def running(newswire: Newswire, *roles: str) -> Iterator[Callable[[], None]]:
    """Run roles as processes for as long as the block lasts; yield what starts again those that ended with an error."""
    logs = {role: newswire.directory / f"{role}.log" for role in roles}
    processes = {role: newswire.start(role, log=log) for role, log in logs.items()}

    def revive() -> None:
        for role, process in processes.items():
            if process.poll():
                processes[role] = newswire.start(role, log=logs[role])

    try:
        yield revive
    except AssertionError as exc:
        for log in logs.values():
            exc.add_note(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(30)


def through(proxy: str) -> Any:
    """Return what makes the subscriptions of a dump be fetched through a proxy."""

    def moved(record: Dumped) -> Dumped:
        if record.topic != "news.feeds" or record.value is None:
            return record
        return msgspec.structs.replace(record, value=json.dumps(json.loads(record.value) | {"proxy": proxy}).encode())

    return moved


@pytest.mark.kafka
@pytest.mark.elasticsearch
@pytest.mark.timeout(300)
def test_old_topics_are_worked_on_from_where_they_were_left(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path
) -> None:
    kafka, prefix, server = servers["kafka"], elasticsearch_prefix, FeedServer()
    server.pages = {address: body.encode() for address, body in with_a_comment(FEEDS).items()}
    old = dump()
    # The index is a new one: the sink begins at the beginning, everybody else where they were.
    left = tuple(offset for offset in old.offsets if offset.group != "newswire-index")
    with receiving() as receiver:
        hooks = dict.fromkeys(HOOKS, f"webhook+{receiver.url}")
        with cluster(servers, prefix, tmp_path / "data", hooks) as newswire:
            newswire.run("admin", "setup")
            load_topics(kafka, prefix, Dump(tuple(map(through(server.url), old.records)), left))
            with running(newswire, "index"):
                wait_until(lambda: essences(newswire) == ARTICLES_WERE, 90, every=2)
                parts = ("articles", "copies", "stories", "events")
                found = view(newswire, WAS["queries"])
                assert {part: WAS[part] for part in parts} == {part: found[part] for part in parts}
                assert [] == missed(WAS["queries"], found["queries"], ARTICLES_WERE)
                revisions = end_of(kafka, f"{prefix}{REVISIONS.name}")
                newswire.run("connect", "--once")
                server.close()
                latest = {r.key: r.value for r in old.records if r.topic == ARTICLES.name and is_whole(r)}
                name = min(o for o in known_copies().values() if ARTICLES_WERE[o]["revision"] == 1)
                original = json.loads(latest[name.encode()] or b"")
                copy = original | {"id": "f" * 32, "source": "Mirror", "feed": None}
                text = newswire.articles()[name]["text"]
                changed = original | {"html": None, "text": f"{text}\n\nThe bell tower has 4711 steps."}
                new = {copy["id"]: copy, name: changed}
                send(kafka, f"{prefix}{ARTICLES.name}", latest.items())
                send(kafka, f"{prefix}{ARTICLES.name}", ((k.encode(), json.dumps(v).encode()) for k, v in new.items()))

                with running(newswire, "worker", "notify") as revive:

                    def came() -> bool:
                        revive()
                        return bool(newswire.articles().get(name, {}).get("revision") == 2)

                    assert wait_until(came, 120, every=2)
                    now = newswire.articles()
                    assert (name, ARTICLES_WERE[name]["story_id"]) == (
                        now[copy["id"]]["duplicate_of"],
                        now[copy["id"]]["story_id"],
                    )
                    assert (changed["text"], ARTICLES_WERE[name]["story_id"]) == (
                        now[name]["text"],
                        now[name]["story_id"],
                    )
                    assert revisions + 2 == end_of(kafka, f"{prefix}{REVISIONS.name}")
                    rest = ARTICLES_WERE.keys() - {name}
                    assert {key: ARTICLES_WERE[key] for key in rest} == {key: essence(now[key]) for key in rest}
                    told = {alert["id"] for request in receiver.requests for alert in request.json["alerts"]}
                    assert not told & {delivery["alert_id"] for delivery in WAS["deliveries"].values()}


@pytest.mark.kafka
@pytest.mark.elasticsearch
@pytest.mark.timeout(300)
def test_old_articles_from_the_beginning_give_the_same_articles_and_copies(
    servers: dict[str, str], elasticsearch_prefix: str, tmp_path: Path
) -> None:
    kafka, prefix = servers["kafka"], elasticsearch_prefix
    with cluster(servers, prefix, tmp_path / "data", {}) as newswire:
        newswire.run("admin", "setup")
        load_topics(kafka, prefix, Dump(dump().records, ()), lambda topic: topic == ARTICLES.name)
        with running(newswire, "worker", "index") as revive:
            revisions = {name: was["revision"] for name, was in ARTICLES_WERE.items()}

            def came() -> bool:
                revive()
                return {name: article["revision"] for name, article in newswire.articles().items()} == revisions

            wait_until(came, 120, every=2)
            check_replayed(essences(newswire))
