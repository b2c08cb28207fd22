"""Alert rules: kept by name, refused with a reason, tried on what is stored, imported one by one."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import DeliveriesPage, DeliveriesRequest, Delivery, Notifier
from pipeline.query.evaluate import MatchView, find
from pipeline.query.scope import query_of
from pipeline.services.alert_import import Entry, NameList, SavedSearch, read_rules
from pipeline.services.alerts import Alerts, new_rule, quiet_hours
from pipeline.services.lists import Lists
from pipeline.services.saved_searches import SavedSearches
from tests.fakes.index import MemoryIndex
from tests.fakes.table import MemoryTable

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


class Channels:
    """Know the terminal alone."""

    def label(self, channel: str) -> str:
        return channel.partition("#")[0]

    def open(self, channel: str) -> Notifier:
        if channel != "terminal:":
            raise UsageError(f"no channel {channel}")
        return object()  # type: ignore[return-value]

    def check(self, channel: str) -> None:
        self.open(channel)


class Deliveries:
    """Hold what was delivered."""

    def __init__(self, *deliveries: Delivery) -> None:
        self.kept = deliveries

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        found = [each for each in self.kept if request.rule in (None, each.alert.rule)]
        found = [each for each in found if not request.states or each.state in request.states]
        return DeliveriesPage(deliveries=tuple(found[: request.limit]))


class Desk:
    """Hold the service with what it writes."""

    def __init__(self, *deliveries: Delivery) -> None:
        self.rules, self.index = MemoryTable(), MemoryIndex()
        lists, searches = MemoryTable(), MemoryTable()
        self.lists = Lists(lists=lists, rules=self.rules, searches=searches, transaction=nullcontext)
        self.searches = SavedSearches(searches, self.lists.all, rules=self.rules)
        self.service = Alerts(
            rules=self.rules,
            searches=self.searches,
            lists=self.lists,
            index=self.index,
            deliveries=Deliveries(*deliveries),  # type: ignore[arg-type]
            channels=Channels(),
            transaction=nullcontext,
            clock=lambda: NOW,
        )


def rule(name: str = "war", query: str = "putin", **options: object) -> AlertRule:
    return new_rule(name, query, NOW, **options)  # type: ignore[arg-type]


def report(number: int, story: str = "s" * 32) -> Document:
    seen = NOW - timedelta(hours=number)
    return Document(
        id=f"{number:032}", source="s", seen=seen, published=seen, title=f"Putin {number}", revision=1, story_id=story
    )


def test_alert_is_kept_under_its_name_and_not_twice() -> None:
    desk = Desk()
    desk.service.add(rule())
    with pytest.raises(UsageError, match="--replace"):
        desk.service.add(rule(query="kyiv"))
    assert [kept.query for kept in desk.service.all()] == ["putin"]


def test_replaced_alert_is_the_same_one_with_another_query() -> None:
    desk = Desk()
    first = desk.service.add(rule())
    second = desk.service.add(new_rule("war", "kyiv", NOW + timedelta(days=1)), replace=True)
    assert (second.id, second.created) == (first.id, first.created)
    assert [kept.query for kept in desk.service.all()] == ["kyiv"]


@pytest.mark.parametrize(
    "wrong",
    [
        rule(query="(putin"),
        rule(name=" "),
        rule(channels=("nowhere:",)),
        rule(min_origins=0),
        rule(query="search:none"),
    ],
)
def test_alert_that_makes_no_sense_is_not_kept(wrong: AlertRule) -> None:
    desk = Desk()
    with pytest.raises(UsageError):
        desk.service.add(wrong)
    assert desk.service.all() == []


def test_alert_follows_the_saved_search_that_it_names() -> None:
    desk = Desk()
    desk.searches.keep("leaders", "putin OR zelensky")
    desk.searches.keep("politics", "search:leaders OR tusk")
    desk.service.add(rule(query="search:politics -sport"))
    desk.service.add(rule("other", "kyiv"))
    (other, kept) = desk.service.all()
    assert ("search:" in kept.query, kept.asked, other.asked) == (False, "search:politics -sport", None)
    desk.index.upsert([report(1)])
    assert desk.service.forecast(kept).matches == 1
    assert desk.searches.keep("leaders", "macron") == 1
    assert desk.service.get("war").query == "(macron OR tusk) -sport"
    assert desk.service.forecast(desk.service.get("war")).matches == 0
    assert desk.service.get("other") == other


def test_saved_search_in_use_is_not_dropped() -> None:
    desk = Desk()
    desk.searches.keep("leaders", "putin")
    desk.searches.keep("politics", "search:leaders OR tusk")
    with pytest.raises(UsageError, match="saved search 'politics'"):
        desk.searches.forget("leaders")
    desk.service.add(rule(query="search:politics"))
    with pytest.raises(UsageError, match="alert 'war'"):
        desk.searches.forget("politics")
    desk.service.remove("war")
    desk.searches.forget("politics")
    desk.searches.forget("leaders")
    assert desk.searches.all() == {}


@pytest.mark.parametrize("round_trip", [{"a": "search:a"}, {"a": "x", "b": "search:a", "c": "search:b", "A": "y"}])
def test_saved_search_never_names_itself_by_any_way_round(round_trip: dict[str, str]) -> None:
    desk = Desk()
    if len(round_trip) == 1:
        with pytest.raises(UsageError, match="itself"):
            desk.searches.keep("a", round_trip["a"])
        return
    for name, query in round_trip.items():
        desk.searches.keep(name, query)
    before = desk.searches.all()
    with pytest.raises(UsageError, match="itself"):
        desk.searches.keep("a", "z OR search:c")
    assert before == desk.searches.all()


def test_saved_search_that_would_spoil_an_alert_is_not_kept() -> None:
    desk = Desk()
    desk.searches.keep("leaders", "putin")
    desk.service.add(rule(query="search:leaders"))
    with pytest.raises(UsageError, match="alert 'war'"):
        desk.searches.keep("leaders", "putin copies:>3")
    assert (desk.searches.all(), desk.service.get("war").query) == ({"leaders": "putin"}, "putin")


@pytest.mark.parametrize("other", ["Caf\u00e9 news", "Cafe\u0301 news", "  café NEWS ", "CAFÉ NEWS"])
def test_one_name_is_one_alert_however_it_is_written(other: str) -> None:
    desk = Desk()
    desk.service.add(rule("Café news"))
    assert desk.service.get(other).name == "Café news"
    with pytest.raises(UsageError, match="already"):
        desk.service.add(rule(other))
    (taken,) = desk.service.take_over([rule(other, "kyiv")])
    assert ([kept.query for kept in desk.service.all()], taken.refused) == (["kyiv"], None)


def test_edited_alert_keeps_what_was_not_said() -> None:
    desk = Desk()
    before = desk.service.add(rule(languages=("en",)))
    after = desk.service.edit("WAR", {"query": "kyiv", "name": " war in the east "})
    assert (after.id, after.created, after.languages) == (before.id, before.created, ("en",))
    assert [(kept.name, kept.query) for kept in desk.service.all()] == [("war in the east", "kyiv")]
    for wrong in ({"query": "(kyiv"}, {"channels": ("nowhere:",)}, {"digest": "daily@25:00"}):
        with pytest.raises(UsageError):
            desk.service.edit("war in the east", wrong)
    assert desk.service.all() == [after]


def test_alert_does_not_take_the_name_of_another() -> None:
    desk = Desk()
    desk.service.add(rule("a"))
    desk.service.add(rule("b"))
    with pytest.raises(UsageError, match="'a' already"):
        desk.service.edit("b", {"name": "A"})


def test_export_is_read_again_as_it_was() -> None:
    desk, other = Desk(), Desk()
    desk.searches.keep("politics", "tusk")
    desk.searches.keep("all", 'search:politics OR "red line"')
    desk.lists.add("Firms", ["Öko AG", 'Say "x" & Sons'])
    desk.searches.keep("trade", "list:firms")
    desk.service.add(rule("c", "search:trade OR list:firms"))
    desk.service.add(rule("a", "search:all -sport", languages=("en", "de"), digest="daily@08:00", quiet="22:00-07:00"))
    desk.service.add(rule("b", 'title:"a \\ \u2019b"', min_origins=2, expires=NOW + timedelta(days=1), priority="high"))
    entries = list(read_rules(desk.service.exported().encode(), "x.toml", NOW))
    assert [] == [each.refused for each in other.service.take_over(entries) if each.refused]
    assert (desk.searches.all(), desk.lists.all()) == (other.searches.all(), other.lists.all())

    def essence(kept: AlertRule) -> AlertRule:
        return msgspec.structs.replace(kept, id="", created=NOW)

    assert list(map(essence, desk.service.all())) == list(map(essence, other.service.all()))


def test_dry_run_checks_all_that_it_would_keep() -> None:
    desk = Desk()
    entries: list[Entry] = [
        NameList(name="firms", names=("Acme",)),
        NameList(name="9", names=("Acme",)),
        SavedSearch(name="s", query="putin list:firms"),
        rule("a", "search:s"),
        rule("A ", "kyiv"),
        rule("b", "(bad"),
        rule("c", "lviv", channels=("nowhere:",)),
        SavedSearch(name="t", query="search:t"),
    ]
    taken = list(desk.service.take_over(entries, dry_run=True))
    assert [False, True, False, False, False, False] == [each.refused is None for each in taken]
    assert (desk.service.all(), desk.searches.all(), desk.lists.all()) == ([], {}, {})


def test_silence_and_surge_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="not for both"):
        rule(silence_s=60, surge_times=2.0)
    assert (rule(silence_s=90).kind, rule(silence_s=90).window_s) == ("silence", 90)
    assert (rule(surge_times=3.0).kind, rule(surge_times=3.0).times, rule().kind) == ("surge", 3.0, "match")


def test_quiet_hours_are_two_times() -> None:
    assert (quiet_hours(None), quiet_hours("22:00 - 07:00")) == ((None, None), ("22:00", "07:00"))
    with pytest.raises(UsageError):
        quiet_hours("22:00")


def test_paused_alert_goes_on_and_a_snooze_ends_with_it() -> None:
    desk = Desk()
    desk.service.add(rule())
    assert desk.service.snooze("war", 60) == NOW + timedelta(seconds=60)
    desk.service.pause("war")
    assert (desk.service.get("war").paused, desk.service.get("war").snoozed_until) == (True, None)
    desk.service.pause("war", paused=False)
    assert desk.service.get("war").paused is False
    desk.service.remove("war")
    with pytest.raises(UsageError, match="alert list"):
        desk.service.get("war")


def test_forecast_counts_articles_and_stories_of_an_alert_or_a_query() -> None:
    desk = Desk()
    desk.index.upsert([report(1), report(2), report(3, "t" * 32), report(24 * 40)])
    desk.service.add(rule(query="title:putin"))
    for text in ("war", "title:putin"):
        found = desk.service.forecast_of(text, days=30)
        assert (found.matches, found.stories, found.days) == (3, 2, 30)
    (warning,) = desk.service.forecast_of("title:nobody").warnings
    assert "misspelt" in warning


def test_forecast_warns_of_too_many() -> None:
    desk = Desk()
    desk.index.upsert([Document(id=f"{n:032}", source="s", seen=NOW, title="Putin", revision=1) for n in range(60)])
    assert any("60 alerts a day" in warning for warning in desk.service.forecast_of("title:putin").warnings)


def test_imported_rules_are_kept_one_by_one_and_the_bad_ones_named() -> None:
    desk = Desk()
    before = desk.service.add(rule("a", "putin"))
    entries: list[AlertRule | str] = [
        rule("a", "kyiv"),
        "line 2 is wrong",
        rule("b", "(bad"),
        rule("c", "lviv", channels=("nowhere:",)),
    ]
    taken = list(desk.service.take_over(entries, ("terminal:",)))
    assert [each.refused is None for each in taken] == [True, False, False, False]
    assert [each.refused for each in taken][1] == "line 2 is wrong"
    (kept,) = desk.service.all()
    assert (kept.id, kept.query, kept.channels) == (before.id, "kyiv", ("terminal:",))


def test_dry_run_keeps_nothing() -> None:
    desk = Desk()
    (taken,) = desk.service.take_over([rule()], dry_run=True)
    assert (taken.rule is not None, desk.service.all()) == (True, [])


def test_log_leaves_out_what_was_held_back_unless_asked() -> None:
    alert = Alert(id="a", rule_id="r", rule="war", subject="s", matched=NOW, reason="match")
    sent, held = (
        Delivery(id=state, channel="terminal:", alert=alert, state=state, due=NOW, changed=NOW)
        for state in ("sent", "withheld")
    )
    desk = Desk(sent, held)
    assert desk.service.log(10) == [sent]
    assert desk.service.log(10, "war", withheld=True) == [sent, held]
    assert desk.service.log(10, "other", withheld=True) == []


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"expires": NOW}, "which is over"),
        ({"expires": NOW - timedelta(days=1)}, "which is over"),
        ({"tags": ("",)}, "--tag was given nothing"),
        ({"tags": ("war", " ")}, "--tag was given nothing"),
        ({"feeds": ("",)}, "--feed was given nothing"),
        ({"languages": ("klingon",)}, "no language"),
        ({"languages": ("en", "german")}, "did you mean 'de'"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"query": "putin lang:english"}, "column 12"),
        ({"query": "list:nobody"}, "no list"),
    ],
)
def test_wrong_value_is_told_and_nothing_is_kept(options: dict[str, object], wrong: str) -> None:
    desk = Desk()
    with pytest.raises(UsageError, match=wrong):
        desk.service.add(rule(**options))  # type: ignore[arg-type]
    assert desk.service.all() == []


@pytest.mark.parametrize("content", [b"<opml><body/></opml>", b'\n {"rules": []}', b"\xff\xfe", b"[[alert]\nname"])
def test_import_of_a_file_that_is_none_keeps_nothing(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"rules\.txt"):
        list(read_rules(content, "rules.txt", NOW))


def test_days_of_a_rule_are_those_of_its_zone() -> None:
    moment = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    document = Document(id="a", source="s", seen=moment, published=moment, title="Putin")
    for zone, day in (("UTC", "2026-11-24"), ("Asia/Tokyo", "2026-11-25")):
        asked = query_of(rule(query=f"putin published:{day}", time_zone=zone))
        assert find(asked.root, MatchView(document), moment) == [("title", 0, 1)]
        other = query_of(rule(query=f"putin -published:{day}", time_zone=zone))
        assert find(other.root, MatchView(document), moment) is None
