"""When an alert comes and when it does not, from articles to the ledger: copies, live blogs, history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline import config
from pipeline.adapters.notify.addresses import Channels
from pipeline.model import Alert, Article, derive_id
from pipeline.ports.alerts import Delivery
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.runners.notifier import NotifierLoop
from pipeline.runners.polling.publishing import publish
from pipeline.services.alerts import new_rule
from pipeline.topics import ALERTS
from pipeline.wiring import runners, services, stores
from pipeline.wiring.stores import Store

WIRE = """The ferry company Norsund will give up its yard at Eiken in the spring, its board told the unions on Tuesday.
About four hundred welders, fitters and clerks work at the yard, which has built ships since the war.
The board named the price of steel and the want of orders, and said that talks about severance begin next week.
The mayor of Eiken called the decision a blow to a town that has no other employer of that size.
"""


class Desk:
    """Take articles all the way and read what became of the alerts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pipeline = runners.embedded(store)
        self.lines: list[str] = []

    def ask(self, name: str, query: str, **options: Any) -> None:
        services.alerts(self.store).add(new_rule(name, query, stores.clock(), **options))

    def take(self, *articles: Article) -> None:
        publish(articles, self.store.log)
        while self.pipeline.step():
            pass
        loop = runners.notifier(self.store, self.lines.append)
        assert loop.drain(10)
        loop.close()

    def deliveries(self, rule: str, *states: str) -> list[Delivery]:
        found = services.alerts(self.store).log(1000, rule, withheld=True)
        return [each for each in reversed(found) if not states or each.state in states]

    def told(self, rule: str) -> list[str]:
        """Return the sources and reasons of what was told, in order."""
        return [f"{d.alert.article.source} {d.alert.reason}" for d in self.deliveries(rule, "sent") if d.alert.article]

    def reasons(self, rule: str) -> list[str | None]:
        return [each.error for each in self.deliveries(rule, "withheld")]

    def found(self, query: str) -> list[str]:
        page = self.store.index.search(SearchRequest(query=parse(query), now=stores.clock()))
        return [document.source for document in page.documents]


def article(name: str, text: str, title: str = "Norsund gives up its yard at Eiken", **fields: Any) -> Article:
    now = datetime.now(UTC)
    given: dict[str, Any] = {"id": derive_id(name), "source": name, "seen": now, "published": now, "language": "en"}
    return Article(**given | {"title": title, "text": text} | fields)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with stores.store(config.Settings(data=str(tmp_path))) as store:
        yield Desk(store)


def test_copy_is_told_to_whoever_was_not_told_of_its_original(desk: Desk) -> None:
    desk.ask("outlet", 'source:"Eiken Post"')
    desk.ask("outlet-yard", 'yard source:"Eiken Post"')
    desk.ask("tagged", "yard", tags=("harbour",))
    desk.ask("titled", "title:exclusive")
    desk.ask("anyone", "yard")
    desk.take(article("Wire", WIRE))
    desk.take(article("Eiken Post", WIRE, "Exclusive: Norsund gives up its yard at Eiken", tags=("harbour",)))
    queries = {"outlet": 'source:"Eiken Post"', "tagged": "yard tag:harbour", "titled": "title:exclusive"}
    for rule, query in queries.items():
        assert (["Eiken Post match"], ["Eiken Post"]) == (desk.told(rule), desk.found(query))
    assert ["Eiken Post match"] == desk.told("outlet-yard")
    assert ["Wire match"] == desk.told("anyone")
    assert ["copy of an article already told"] == desk.reasons("anyone")
    assert ["Wire"] == desk.found("yard")


def test_paragraph_that_only_a_copy_has_is_told_once_however_many_copy_it(desk: Desk) -> None:
    added = WIRE + "\nThe chairman, Ivar Kolstad, had sold his own shares a month before, the register shows.\n"
    desk.ask("chairman", "Kolstad")
    desk.take(article("Wire", WIRE))
    assert [] == desk.deliveries("chairman")
    minute_before = datetime.now(UTC) - timedelta(minutes=1)
    desk.take(article("Eiken Post", added, published=minute_before), article("Harbour Mail", added))
    assert ["Eiken Post match"] == desk.told("chairman")
    assert ["copy of an article already told"] == desk.reasons("chairman")
    assert ["Eiken Post"] == desk.found("kolstad")
    desk.take(article("Court News", "Ivar Kolstad was questioned in Oslo about fishing rights.", "Kolstad questioned"))
    assert ["Court News", "Eiken Post"] == desk.found("kolstad")
    assert ["Wire"] == desk.found("yard welders")


def blog(minute: int) -> Article:
    entries = [
        f"9:{n:02} Entry number {n} from hall {n % 4} with {2000 + 31 * n} ballots so far." for n in range(minute + 1)
    ]
    return article(
        "Blog", "\n\n".join(["The count goes on.", *reversed(entries)]), f"Live: the count (update {minute})"
    )


def test_live_blog_that_only_grows_is_told_once(desk: Desk) -> None:
    desk.ask("count", "count ballots")
    for minute in range(8):
        desk.take(blog(minute))
    assert ["Blog match"] == desk.told("count")
    assert ["same story"] == desk.reasons("count")


def test_replaced_figures_are_told_at_most_once_an_hour(desk: Desk) -> None:
    desk.ask("flood", "flood")
    for dead in (3, 5, 8, 9):
        desk.take(article("Wire", f"The flood at Eiken killed {dead} people, the mayor said.", "Flood at Eiken"))
    assert ["Wire match", "Wire update"] == desk.told("flood")
    (update,) = [each.alert for each in desk.deliveries("flood", "sent") if each.alert.reason == "update"]
    assert "figures changed: 3 → 5" == update.note
    assert [] == desk.reasons("flood")
    (sent,) = {each.changed for each in desk.deliveries("flood", "sent") if each.alert.reason == "update"}
    waiting = desk.deliveries("flood", "queued")
    assert {"figures changed: 5 → 8", "figures changed: 8 → 9"} == {each.alert.note for each in waiting}
    assert all(timedelta(minutes=50) < each.due - sent <= timedelta(hours=1) for each in waiting)


def test_correction_is_told(desk: Desk) -> None:
    desk.ask("flood", "flood")
    text = "The flood at Eiken took the bridge away, the mayor said."
    desk.take(article("Wire", text))
    desk.take(article("Wire", f"{text} Nobody slept."))
    desk.take(article("Wire", f"{text} Nobody slept.\n\nCorrection: it took the old bridge."))
    assert ["Wire match", "Wire update"] == desk.told("flood")


def test_old_news_is_withheld_with_a_row_and_told_when_asked_for(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    items = [
        article("Fresh", "A bridge opened.", "Bridge one", published=now - timedelta(hours=47)),
        article("Old", "Another bridge opened.", "Span two", published=now - timedelta(hours=49)),
        article("Kept", "The third bridge opened at last.", "Third crossing", published=None, history=True),
    ]
    for history in (False, True):
        settings = config.Settings(data=str(tmp_path / str(history)), alerts=config.Alerts(history=history))
        with stores.store(settings) as store:
            desk = Desk(store)
            desk.ask("bridges", "bridge", once_per="article")
            desk.take(*items)
            reasons = ["older than 2 days when it came", "older than the subscription to its feed"]
            told = ["Fresh match", "Kept match", "Old match"] if history else ["Fresh match"]
            assert told == sorted(desk.told("bridges"))
            assert ([] if history else reasons) == sorted(str(each) for each in desk.reasons("bridges"))


def test_revision_of_history_is_no_first_report(desk: Desk) -> None:
    desk.ask("bridges", "bridge")
    desk.take(article("Kept", "The bridge opened.", history=True))
    desk.take(article("Kept", "The bridge opened, with 4 lanes."))
    assert ([], ["older than the subscription to its feed"]) == (desk.told("bridges"), desk.reasons("bridges"))


def goats(number: int) -> Article:
    return article(f"g{number}", f"Goats and hay of valley {number}.", f"Valley {number}", history=True)


def test_fresh_article_overtakes_history_that_waits(desk: Desk) -> None:
    desk.ask("bridges", "bridge")
    publish((goats(n) for n in range(400)), desk.store.log)
    while desk.pipeline.history_waiting == 400:
        desk.pipeline.step()  # it is found before it is moved
    assert 300 < desk.pipeline.history_waiting < 400
    publish([article("Fresh", "The bridge opened.")], desk.store.log)
    desk.pipeline.step()
    told = [msgspec.json.decode(message.value, type=Alert) for message in desk.store.log.replay(ALERTS.name)]
    assert ["Fresh"] == [alert.article.source for alert in told if alert.article]
    while desk.pipeline.step():
        pass
    assert (0, 401) == (desk.pipeline.history_waiting, sum(desk.pipeline.counts.values()))


def test_first_thousand_rows_of_a_rule_and_day_are_listed_and_the_rest_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.runners.withheld.LISTED_A_DAY", 5)
    desk.ask("goats", "goats", once_per="article")
    for begin in (0, 6):
        desk.take(*(goats(n) for n in range(begin, begin + 6)))
    rows = desk.deliveries("goats")
    assert (5, 1) == (len([d for d in rows if d.alert.article]), len([d for d in rows if not d.alert.article]))
    assert 12 == services.alerts(desk.store).tallies()[rows[0].alert.rule_id].withheld
    (counted,) = [d for d in rows if not d.alert.article]
    assert (counted.error or "").startswith("7 more")


def test_rows_of_what_was_withheld_are_kept_for_a_time(desk: Desk) -> None:
    desk.ask("goats", "goats")
    desk.take(article("g", "Goats.", history=True))
    (row,) = desk.deliveries("goats")
    for age, kept in ((13, 1), (15, 0)):
        loop = _notifier_at(desk.store, datetime.now(UTC) + timedelta(days=age))
        assert loop.drain(10)
        loop.close()
        assert kept == len(desk.deliveries("goats")), row


def _notifier_at(store: Store, now: datetime) -> NotifierLoop:
    return NotifierLoop(
        log=store.log,
        rules=store.table("rules"),
        ledger=store.ledger,
        index=store.index,
        channels=Channels({}, write=lambda line: None),
        clock=lambda: now,
        transaction=store.transaction,
    )


def test_why_says_which_part_fails_and_what_became_of_it(desk: Desk) -> None:
    desk.ask("yard", "yard")
    desk.ask("mine", "yard mine")
    wire, copy = article("Wire", WIRE), article("Eiken Post", WIRE)
    desk.take(wire)
    desk.take(copy)
    alerts, articles = services.alerts(desk.store), services.articles(desk.store)
    documents = [found for each in (wire, copy) if (found := articles.find(each.id)) is not None]
    told, withheld = (alerts.why("yard", document) for document in documents)
    assert (True, "sent to terminal") == (told.matches, told.words.removeprefix("It was told: ").rstrip("."))
    assert (True, "It was not told: copy of an article already told.") == (withheld.matches, withheld.words)
    missed = alerts.why("MINE ", documents[0])
    assert (False, [True, False], ()) == (missed.matches, [part.holds for part in missed.parts], missed.deliveries)
    assert "does not match" in missed.words


def test_rows_are_one_per_rule_and_article(desk: Desk) -> None:
    desk.ask("flood", "flood")
    for number in range(5):
        text = f"The flood at Eiken goes on, the mayor said{' again' * number}."
        desk.take(article("Wire", text, history=True))
    assert 1 == len(desk.deliveries("flood"))
