"""The way of one article, stage by stage, and why an alert spoke of it or did not."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.model import Alert, AlertRule, Article, Document
from pipeline.ports.alerts import Delivery, State
from pipeline.ports.log import Message
from pipeline.ports.records import KeptRecord
from pipeline.ports.revisions import Revision
from pipeline.services.alert_why import explain
from pipeline.services.articles import Articles
from pipeline.services.dead_letters import DeadLetters
from pipeline.services.saved_searches import SavedSearches
from pipeline.services.trace import Traces
from pipeline.topics import ARTICLES, dead_letter
from tests.fakes.index import MemoryIndex
from tests.fakes.log import MemoryLog
from tests.fakes.table import MemoryTable
from tests.unit.services.desks import stories_over

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARTICLE = Document(
    id="a" * 32, source="wire", seen=NOW, title="Flood in Ravenna", text="Water rises in the old town.", revision=1,
    url="https://wire.example/1", language="en",
)  # fmt: skip
COPY = msgspec.structs.replace(ARTICLE, id="b" * 32, source="other", url="https://other.example/1")


def delivery(article: Document, state: State, error: str | None = None, number: int = 1) -> Delivery:
    alert = Alert(id=str(number), rule_id="r", rule="floods", matched=NOW, article=article)
    return Delivery(id=str(number), channel="mail", alert=alert, state=state, due=NOW, changed=NOW, error=error)


class Ledger:
    """Hold deliveries."""

    def __init__(self, *kept: Delivery) -> None:
        self.kept = kept

    def entries(self, limit: int, rule: str | None = None, subjects: Any = None) -> list[Delivery]:
        return [each for each in self.kept if rule in (None, each.alert.rule_id)]


class World:
    """Hold everything that knows of an article; it is its own records and revisions."""

    def __init__(self, *documents: Document, deliveries: tuple[Delivery, ...] = ()) -> None:
        self.index, self.rules, self.log = MemoryIndex(), MemoryTable(), MemoryLog()
        self.index.upsert(documents)
        self.deliveries = deliveries
        self.came: list[bytes] = []
        self.revisions: list[Revision] = []
        self.of = self._of

    def rule(self, query: str, name: str = "floods", **options: Any) -> AlertRule:
        """Add an alert."""
        values: dict[str, Any] = {"id": "r", "name": name, "query": query, "created": NOW - timedelta(days=1)}
        made = AlertRule(**values | options)
        self.rules.put(name, msgspec.json.encode(made))
        return made

    def told(self, name: str = ARTICLE.id) -> list[tuple[str, str]] | None:
        """Return the stages and words of an article's way."""
        searches = SavedSearches(MemoryTable())
        articles = Articles(
            index=self.index, stories=stories_over(self.index, NOW), rules=self.rules, searches=searches,
            clock=lambda: NOW,
        )  # fmt: skip
        trace = Traces(
            articles=articles, index=self.index, rules=self.rules, deliveries=Ledger(*self.deliveries),  # type: ignore[arg-type]
            dead=DeadLetters(log=self.log, transaction=nullcontext), clock=lambda: NOW, similarity=0.8,
            revisions=self, records=self, story_size=lambda story: 2 if story.startswith("s") else 1,
        ).of(name)  # fmt: skip
        return [(step.stage, step.words) for step in trace.steps] if trace is not None else None

    def _of(self, *asked: str) -> Any:
        if len(asked) == 1:
            return self.revisions
        return [KeptRecord(written=NOW, message=Message(topic=asked[0], key=asked[1], value=v)) for v in self.came]


def stages(told: list[tuple[str, str]] | None, stage: str) -> list[str]:
    assert told is not None
    return [words for each, words in told if each == stage]


def test_article_that_nobody_knows_has_no_way() -> None:
    assert World().told("nobody") is None


def test_each_coming_of_an_article_is_told_also_one_that_cannot_be_read() -> None:
    world = World(ARTICLE)
    came = Article(id=ARTICLE.id, source="wire", seen=NOW, feed="https://wire.example/feed")
    world.came = [
        msgspec.json.encode(came),
        msgspec.json.encode(msgspec.structs.replace(came, feed=None, full_text=True, history=True)),
        b"{",
    ]
    assert stages(world.told(), "fetch") == [
        "came from https://wire.example/feed, with the text of the feed",
        "came from wire, with the text of its page; its feed had it before it was followed",
        "came in a form that cannot be read",
    ]


def test_article_that_was_given_up_on_is_told_with_the_reason() -> None:
    world = World()
    article = Message(topic=ARTICLES.name, key="x" * 32, value=b"v")
    world.log.append(
        [
            dead_letter(article, stage="identify", reason="Traceback\nValueError: a bug", returns_to=None),
            dead_letter(msgspec.structs.replace(article, key="y"), stage="match", reason="other", returns_to=None),
        ]
    )
    assert world.told("x" * 32) == [
        ("identify", "gave up on it: ValueError: a bug; `newswire admin dead --replay` tries again")
    ]


def test_revisions_are_told_in_order() -> None:
    world = World(ARTICLE)
    world.revisions = [
        Revision(revision=3, withdrawn=True), Revision(revision=2, until=NOW), Revision(revision=1, until=NOW),
    ]  # fmt: skip
    assert stages(world.told(), "identify") == [
        "is new: nothing with its identity was known",
        "revision 2: says something else than before",
        "revision 3: was withdrawn",
    ]


def test_copy_is_told_with_its_original_and_how_alike_they_are() -> None:
    world = World(ARTICLE, msgspec.structs.replace(COPY, duplicate_of=ARTICLE.id, story_id="s" * 32))
    assert stages(world.told(COPY.id), "deduplicate") == [
        "copies aaaaaaaa (Flood in Ravenna, wire), 100% of its words in the same order; 80% make a copy",
        "belongs to story ssssssss, with 2 articles",
    ]
    assert stages(world.told(), "deduplicate")[-1] == "a copy of it came"


def test_copy_of_what_is_not_kept_any_more_says_so() -> None:
    world = World(msgspec.structs.replace(COPY, duplicate_of=ARTICLE.id, story_id="t" * 32))
    assert stages(world.told(COPY.id), "deduplicate") == [
        "copies aaaaaaaa, which is not kept any more; 80% make a copy",
        "belongs to story tttttttt, alone so far",
    ]


def test_article_that_is_no_copy_is_told_with_the_most_alike() -> None:
    other = msgspec.structs.replace(COPY, title="Flood in Forli", text="Roads are closed since this morning.")
    (words,) = stages(World(ARTICLE, other).told(), "deduplicate")
    assert words.startswith("is no copy: the most alike is bbbbbbbb (Flood in Forli), ")
    bare = msgspec.structs.replace(COPY, title="Flood", text=None)
    assert ", 0%; " in stages(World(ARTICLE, bare).told(), "deduplicate")[0]
    assert stages(World(ARTICLE).told(), "deduplicate") == ["is no copy: nothing like it is known"]


def test_alerts_are_told_that_match_that_just_missed_and_that_cannot_be_asked() -> None:
    failed = delivery(ARTICLE, "failed", "no such mailbox")
    world = World(ARTICLE, deliveries=(failed,))
    assert stages(world.told(), "match") == ["no alert was there to match"]
    world.rule("flood")
    world.rule("flood AND venice", "missed", id="m")
    world.rule("oil AND venice", "far", id="f")
    world.rule("(", "spoiled", id="s")
    told = stages(world.told(), "match")
    assert told[0] == "matches floods. It was told: failed to mail."
    assert told[1].startswith("just missed missed: not ") and "venice" in told[1]
    assert told[2].startswith("spoiled could not be asked: ") and len(told) == 3
    assert stages(world.told(), "notify") == ["floods: failed to mail: no such mailbox"]


@pytest.mark.parametrize(
    ("query", "options", "deliveries", "words"),
    [
        ("flood", {}, [delivery(ARTICLE, "sent")], "It was told: sent to mail."),
        ("flood", {}, [delivery(ARTICLE, "withheld", "snoozed")], "It was not told: snoozed."),
        ("flood", {"kind": "surge"}, [], "The alert watches for surge, not for single articles."),
        ("oil", {}, [], "The query does not match it, so there was nothing to tell."),
        (
            "event:AID", {}, [],
            "The query does not match it so far: nothing was read from its text, and it may still wait for that.",
        ),
        ("flood", {}, [delivery(COPY, "sent")], "Nothing is known of it; of the same story sent to mail."),
        ("flood", {"created": NOW + timedelta(hours=1)}, [],
         "The alert is younger (2026-11-20 13:00 UTC) than the article's coming."),
        ("flood", {}, [delivery(COPY, "withheld")],
         "Nothing is known of it: it may still be on its way, or its row is past its time or was only counted."),
    ],
)  # fmt: skip
def test_one_sentence_says_what_became_of_an_article(
    query: str, options: dict[str, Any], deliveries: list[Delivery], words: str
) -> None:
    rule = World().rule(query, **options)
    assert explain(rule, ARTICLE, Ledger(*deliveries), NOW).words == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("flood AND (ravenna AND oil)", [True, True, False]),
        ("oil OR flood", [False, True]),
        ("flood", [True]),
    ],
)
def test_each_part_of_a_query_is_judged(query: str, parts: list[bool]) -> None:
    why = explain(World().rule(query), ARTICLE, Ledger(), NOW)  # type: ignore[arg-type]
    assert [part.holds for part in why.parts] == parts


def test_where_an_article_came_from_is_told_also_when_no_record_of_it_is_kept() -> None:
    world = World(msgspec.structs.replace(ARTICLE, feed="https://wire.example/feed"))
    assert stages(world.told(), "fetch") == ["came from https://wire.example/feed, with the text of the feed"]
