"""Alert rules: kept by name, refused with a reason, tried on what is stored, imported one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import UsageError
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import DeliveriesPage, DeliveriesRequest, Delivery, Notifier
from pipeline.services.alerts import Alerts, new_rule, quiet_hours
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
        self.rules, self.searches, self.index = MemoryTable(), SavedSearches(MemoryTable()), MemoryIndex()
        self.service = Alerts(
            rules=self.rules,
            searches=self.searches,
            index=self.index,
            deliveries=Deliveries(*deliveries),  # type: ignore[arg-type]
            channels=Channels(),
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


def test_alert_means_what_its_saved_search_meant_when_it_was_kept() -> None:
    desk = Desk()
    desk.searches.keep("leaders", "putin OR zelensky")
    desk.service.add(rule(query="search:leaders -sport"))
    desk.searches.forget("leaders")
    (kept,) = desk.service.all()
    assert "search:" not in kept.query
    desk.index.upsert([report(1)])
    assert desk.service.forecast(kept).matches == 1


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
