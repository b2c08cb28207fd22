"""The hub: callbacks are asked back, told of news once, signed, tried again within bounds; never without consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import websub
from connectors.websub import Offer, Push
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.services import hub as hubs
from pipeline.services import hub_rounds
from pipeline.services.hub import GIVE_UP, LEASE, Hub, Published
from pipeline.services.hub_rounds import LOOK_AGAIN, MOST_ASKED, Called, HubRounds
from pipeline.services.passing import PassingRecords
from tests.fakes.table import MemoryTable

START = datetime(2026, 11, 26, tzinfo=UTC)
TOPIC = "http://news.example/feeds/search/water.atom?key=k"
CALLBACK = "https://reader.example/push/1"
MINUTE = timedelta(minutes=1)
FIELDS = ("mode", "topic", "callback", "lease_seconds", "secret")


class World:
    """Hold a hub, the feeds it tells of, and the callbacks it reaches."""

    def __init__(self) -> None:
        self.now = START
        self.table = MemoryTable()
        self.feeds: dict[str, tuple[str, ...] | None] = {TOPIC: ("a",)}
        self.arrived = 0
        self.answers: dict[str, Called | Exception] = {}
        self.calls: list[tuple[str, bytes | None, Mapping[str, str]]] = []
        self.hub = Hub(table=self.table, clock=lambda: self.now)
        self.passing = PassingRecords(table=self.table, clock=lambda: self.now)
        self.rounds = self.restarted()

    def restarted(self, holder: str = "") -> HubRounds:
        """Return the rounds of a process that begins with what an earlier one kept; a named one asks for its turn."""
        return HubRounds(
            Hub(table=self.table, clock=lambda: self.now), publish=self._publish, call=self._call,
            position=lambda: str(self.arrived), clock=lambda: self.now,
            has_turn=lambda: not holder or self.passing.is_held("turn", holder, MINUTE),
        )  # fmt: skip

    def subscribe(self, callback: str = CALLBACK, secret: str = "", topic: str = TOPIC, lease: str = "") -> None:
        self.hub.ask("subscribe", topic, callback, lease, secret)
        self.rounds.step()

    def subscribe_as(self, mode: str, callback: str, lease: str, secret: str) -> None:
        self.hub.ask(mode or "subscribe", TOPIC, callback, lease, secret)
        self.rounds.step()

    def news(self, *entries: str, topic: str = TOPIC) -> None:
        self.feeds[topic] = entries
        self.arrived += 1
        self.rounds.step()

    def told(self) -> list[tuple[str, bytes]]:
        """Return what callbacks were sent since this was asked last."""
        sent = [(url, body) for url, body, _ in self.calls if body is not None]
        self.calls.clear()
        return sent

    def _publish(self, topic: str) -> Published | None:
        entries = self.feeds.get(topic)
        if entries is None:
            return None
        return Published(content_type="application/atom+xml", body=" ".join(entries).encode(), entries=entries)

    def _call(self, url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
        self.calls.append((url, body, headers))
        answer = self.answers.get(url.partition("?")[0])
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        challenge = parse_qs(urlsplit(url).query).get("hub.challenge", [""])[0] if body is None else ""
        return Called(200, challenge.encode())


def test_of_several_processes_one_tells_and_another_when_that_has_died() -> None:
    world = World()
    one, other = world.restarted("one"), world.restarted("other")
    world.subscribe()
    world.told()

    def news(*entries: str) -> None:
        world.feeds[TOPIC] = entries
        world.arrived += 1

    for first, second in ((one, other), (other, one), (one, other)):
        news(str(world.arrived))
        first.step()
        second.step()
        assert len(world.told()) == 1
        assert world.passing.get("turn") == b"one"
        world.now += MINUTE / 2
    news("while one is dead")
    world.now += MINUTE
    other.step()
    assert world.told() == [(CALLBACK, b"while one is dead")]
    one.step()
    assert world.told() == [] and world.passing.get("turn") == b"other"


def test_turn_lasts_as_long_as_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_rounds, "AT_ONCE", 1)  # the clock goes on in one call at a time
    world = World()
    one, other = world.restarted("one"), world.restarted("other")
    for n in range(5):
        world.subscribe(f"https://reader.example/push/{n}")
    world.told()
    reach = world._call

    def slow(url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
        if body is not None:
            world.now += MINUTE * 0.9
            other.step()
        return reach(url, body, headers)

    one._call = one._keeping_turn(slow)
    world.feeds[TOPIC] = ("a", "b")
    world.arrived += 1
    one.step()
    assert sorted(url for url, _ in world.told()) == [f"https://reader.example/push/{n}" for n in range(5)]


def test_nothing_is_sent_before_a_callback_confirms_and_only_news_after() -> None:
    world = World()
    world.answers[CALLBACK] = Called(404)
    world.subscribe()
    world.news("a", "b")
    assert world.told() == [] and world.hub.all() == []
    del world.answers[CALLBACK]
    world.subscribe()
    assert world.told() == []
    world.rounds.step()
    assert world.told() == []
    world.news("b", "c")
    world.rounds.step()
    assert world.told() == [(CALLBACK, b"b c")]


def test_feed_from_which_something_only_left_is_no_news() -> None:
    world = World()
    world.subscribe()
    world.news("a", "b")
    world.told()
    world.news("b")
    assert world.told() == []
    world.news("a", "b")
    assert world.told() == [(CALLBACK, b"a b")]


def test_our_own_subscriber_understands_our_hub() -> None:
    """Drive the subscriber that feeds of others are followed with: it must believe what the hub sends."""
    world = World()
    offer = Offer(("http://news.example/feeds/hub",), TOPIC)
    push = websub.new_push("feed", offer, "https://reader.example/push", START)
    kept: list[Push] = [websub.asking(push, offer, START)]

    def call(url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
        if body is None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            answer = websub.verified(kept[0], query, world.now, 0.5)
            kept[0] = answer.push
            return Called(answer.status, answer.text.encode())
        signature = headers["x-hub-signature"]
        assert websub.is_signed(body, signature, kept[0].secret)
        assert websub.offered(headers["link"], "http://elsewhere.example/") == offer
        kept[0] = msgspec.structs.replace(kept[0], pings=kept[0].pings + 1)
        return Called(202)

    rounds = HubRounds(world.hub, publish=world._publish, call=call, position=lambda: str(world.arrived),
                       clock=lambda: world.now)  # fmt: skip

    def ask() -> None:
        form = websub.form(kept[0])
        world.hub.ask(
            *(form.get(f"hub.{name}", "") for name in ("mode", "topic", "callback", "lease_seconds", "secret"))
        )
        rounds.step()

    ask()
    assert kept[0].is_live(world.now) and kept[0].until == START + websub.LEASE
    world.feeds[TOPIC], world.arrived = ("a", "b"), 1
    rounds.step()
    assert kept[0].pings == 1
    kept[0] = websub.unsubscribing(websub.ending(kept[0], world.now), world.now)
    ask()
    assert world.hub.all() == []


def test_subscriber_outlives_the_process_and_what_came_meanwhile_is_told() -> None:
    world = World()
    world.subscribe(secret="s3cret")
    world.rounds = world.restarted()
    world.news("a", "b")
    ((url, body, headers),) = [call for call in world.calls if call[1] is not None]
    assert (url, body) == (CALLBACK, b"a b")
    assert headers["x-hub-signature"] == hubs.signature("s3cret", b"a b")
    assert headers["link"] == f'<http://news.example/feeds/hub>; rel="hub", <{TOPIC}>; rel="self"'
    world.rounds = world.restarted()
    world.told()
    world.rounds.step()
    assert world.told() == []


def test_lease_ends_and_is_renewed_with_another_secret_without_a_gap() -> None:
    world = World()
    world.subscribe(lease="3600")
    world.now += 30 * MINUTE
    world.subscribe(secret="new", lease="3600")
    world.now += 45 * MINUTE
    world.news("a", "b")
    assert len(world.told()) == 1
    (kept,) = world.hub.all()
    assert kept.secret == "new"
    world.now += 16 * MINUTE
    world.news("c")
    assert world.told() == [] and world.hub.all() == []
    world.news("d")
    assert not [key for key in world.table.values if key.startswith("hub subscriber")]


def test_renewal_that_nobody_confirms_changes_nothing() -> None:
    world = World()
    world.subscribe(secret="old")
    world.answers[CALLBACK] = Called(404)
    world.subscribe(secret="forged")
    del world.answers[CALLBACK]
    (kept,) = world.hub.all()
    assert (kept.secret, kept.request) == ("old", None)
    world.answers[CALLBACK] = Called(200, b"another challenge")
    world.hub.ask("unsubscribe", TOPIC, CALLBACK, "", "")
    world.rounds.step()
    assert len(world.hub.all()) == 1


@pytest.mark.parametrize(("answer", "tries"), [
    (UnavailableError("away"), 3), (RuntimeError("a fault"), 3),
    (Called(503), 3), (UsageError("a private network"), 1), (Called(404), 1),
    (Called(200, b""), 1), (Called(302), 1),
])  # fmt: skip
def test_callback_that_does_not_confirm_is_asked_a_bounded_number_of_times(
    answer: Called | Exception, tries: int
) -> None:
    world = World()
    world.answers[CALLBACK] = answer
    world.subscribe()
    for _ in range(20):
        world.now += 2 * MINUTE
        world.rounds.step()
    assert len(world.calls) == tries and world.hub.all() == []


@pytest.mark.parametrize("answer", [UnavailableError("away"), ValueError("a fault"), Called(500), Called(301)])
def test_what_was_not_taken_is_sent_again_less_and_less_often_and_then_given_up(answer: Called | Exception) -> None:
    world = World()
    world.subscribe(lease=str(30 * 86_400))
    world.answers[CALLBACK] = answer
    world.news("a", "b")
    times = []
    world.told()
    while world.hub.all():
        world.now += MINUTE
        assert world.now < START + 2 * GIVE_UP
        world.rounds.step()
        if world.told():
            times.append(world.now)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps) and gaps[-1] <= timedelta(hours=1, minutes=1) and len(times) < 60
    assert times[-1] - START > GIVE_UP


def test_subscriber_that_is_back_is_told_the_newest_only() -> None:
    world = World()
    world.subscribe()
    world.answers[CALLBACK] = UnavailableError("away")
    world.news("a", "b")
    world.news("b", "c")
    world.told()
    del world.answers[CALLBACK]
    world.now += 5 * MINUTE
    world.rounds.step()
    assert world.told() == [(CALLBACK, b"b c")]
    (kept,) = world.hub.all()
    assert (kept.failures, kept.failing, kept.next_try) == (0, None, None)


def test_callback_that_is_gone_is_forgotten_and_its_neighbours_are_told() -> None:
    world = World()
    world.subscribe()
    world.subscribe("https://other.example/?a=1")
    assert "&hub.mode" in world.calls[-1][0] or "a=1&" in world.calls[-1][0]
    world.answers[CALLBACK] = Called(410)
    world.told()
    world.news("a", "b")
    assert {url for url, _ in world.told()} == {CALLBACK, "https://other.example/?a=1"}
    assert [each.callback for each in world.hub.all()] == ["https://other.example/?a=1"]


def test_feed_that_is_no_longer_there_has_no_subscribers() -> None:
    world = World()
    world.subscribe()
    world.feeds[TOPIC] = None
    world.arrived += 1
    world.rounds.step()
    assert world.told() == [] and world.hub.all() == []
    world.subscribe()
    assert world.hub.all() == []
    world.arrived += 1
    world.rounds.step()
    assert len(world.table.values) <= 1


def test_feeds_are_looked_at_when_something_arrived_and_now_and_then() -> None:
    world = World()
    world.subscribe()
    world.feeds[TOPIC] = ("a", "b")
    world.rounds.step()
    assert world.told() == []
    world.now += LOOK_AGAIN
    world.rounds.step()
    assert len(world.told()) == 1


def test_many_are_asked_back_in_rounds() -> None:
    world = World()
    for n in range(MOST_ASKED + 10):
        world.hub.ask("subscribe", TOPIC, f"https://r{n}.example/", "", "")
    assert world.rounds.step() and not world.rounds.step()
    assert all(each.is_live(world.now) for each in world.hub.all())


def test_store_that_is_away_loses_no_subscriber() -> None:
    world = World()
    world.subscribe()

    def away(topic: str) -> Published | None:
        raise TransientError("away", 1.0)

    rounds = HubRounds(world.hub, publish=away, call=world._call, position=lambda: "new", clock=lambda: world.now)
    with pytest.raises(TransientError):
        rounds.step()
    assert len(world.hub.all()) == 1


def test_number_of_subscribers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(hubs, "MOST_OF_A_TOPIC", 2)
    monkeypatch.setattr(hubs, "MOST_SUBSCRIBERS", 3)
    for n in range(2):
        world.subscribe(f"https://r{n}.example/")
    with pytest.raises(UnavailableError):
        world.subscribe("https://r9.example/")
    world.subscribe("https://r0.example/")  # renewing needs no room
    world.feeds[TOPIC + "2"] = ("a",)
    world.subscribe("https://r9.example/", topic=TOPIC + "2")
    with pytest.raises(UnavailableError):
        world.subscribe("https://r9.example/", topic=TOPIC + "3")


def test_unsubscribing_needs_a_subscription_and_is_confirmed_like_one() -> None:
    world = World()
    with pytest.raises(UsageError):
        world.hub.ask("unsubscribe", TOPIC, CALLBACK, "", "")
    world.subscribe()
    world.hub.ask("unsubscribe", TOPIC, CALLBACK, "", "")
    world.rounds.step()
    assert world.hub.all() == [] and "hub.lease_seconds" not in world.calls[-1][0]


@pytest.mark.parametrize(("mode", "callback", "lease", "secret"), [
    ("publish", CALLBACK, "", ""), ("", CALLBACK, "", ""), ("subscribe", CALLBACK, "soon", ""),
    ("subscribe", CALLBACK, "-1", ""), ("subscribe", CALLBACK, "٣", ""), ("subscribe", CALLBACK, "", "x" * 200),
    *(("subscribe", callback, "", "") for callback in (
        "", "ftp://x/", "https:///", "javascript:alert(1)", "http://a/#b", "http://a/ b", "http://u:p@a/", "http://[a/",
        "http://ä.example/", "http://a/" + "x" * 2_048, "http://a/\r\nx: y", "http://a:0/", "http://a:99999/", "//a/b",
    )),
])  # fmt: skip
def test_what_cannot_be_asked_of_a_hub_is_refused(mode: str, callback: str, lease: str, secret: str) -> None:
    world = World()
    with pytest.raises(UsageError):
        world.hub.ask(mode, TOPIC, callback, lease, secret)
    assert world.table.values == {}


@pytest.mark.parametrize(("asked", "given"), [
    ("", LEASE.total_seconds()), ("0", LEASE.total_seconds()), ("1", 300), ("600", 600), ("9" * 400, 30 * 86_400),
])  # fmt: skip
def test_lease_is_within_bounds(asked: str, given: float) -> None:
    world = World()
    kept = world.hub.ask("subscribe", TOPIC, CALLBACK, asked, "")
    assert kept.request is not None and kept.request.lease_s == given


@settings(max_examples=60)
@given(
    st.sampled_from(("", "subscribe", "unsubscribe", "x\0")),
    st.text(max_size=40),
    st.text(max_size=12),
    st.text(max_size=40),
)
def test_no_words_make_a_hub_fail(mode: str, callback: str, lease: str, secret: str) -> None:
    world = World()
    for address in (callback, f"https://{callback}"):
        try:
            world.subscribe_as(mode, address, lease, secret)
        except UsageError:
            continue


def test_late_outcomes_of_what_changed_meanwhile_change_nothing() -> None:
    world = World()
    first = world.hub.ask("subscribe", TOPIC, CALLBACK, "600", "one")
    second = world.hub.ask("subscribe", TOPIC, CALLBACK, "600", "two")
    world.hub.unconfirmed(first, may_come=False)
    (kept,) = world.hub.all()
    assert kept.request == second.request
    world.hub.confirmed(first, 1)
    (kept,) = world.hub.all()
    assert (kept.secret, kept.request) == ("one", second.request)
    world.hub.confirmed(kept, 1)
    (settled,) = world.hub.all()
    assert (settled.secret, settled.request) == ("two", None)
    world.hub.confirmed(settled, 5)
    world.hub.unconfirmed(settled, may_come=True)
    assert world.hub.all() == [settled]
    world.hub.forget(settled)
    world.hub.told(settled, 9)
    world.hub.not_told(settled)
    assert world.hub.all() == []


@pytest.mark.parametrize("left", ["unsubscribes", "gone", "lease over"])
def test_who_subscribes_again_while_being_let_go_is_asked_back_for_that(left: str) -> None:
    world = World()
    world.subscribe()
    (before,) = world.hub.all()
    if left == "unsubscribes":
        world.hub.ask("unsubscribe", TOPIC, CALLBACK, "", "")
        (before,) = world.hub.all()
    world.hub.ask("subscribe", TOPIC, CALLBACK, "", "new secret")
    # The round that has read what was kept before comes to its end now.
    if left == "unsubscribes":
        world.hub.confirmed(before, 1)
    elif left == "gone":
        world.hub.forget(before)
    else:
        world.now += LEASE
        world.hub.forget(before)
    world.rounds.step()
    (after,) = world.hub.all()
    assert after.is_live(world.now) and after.secret == "new secret"


def test_who_gave_no_answer_for_long_and_subscribes_again_meanwhile_is_asked_back() -> None:
    world = World()
    world.subscribe()
    (before,) = world.hub.all()
    world.hub.not_told(before)
    world.now += GIVE_UP + MINUTE
    world.hub.ask("subscribe", TOPIC, CALLBACK, "", "")
    world.hub.not_told(before)
    world.rounds.step()
    assert [each.is_live(world.now) for each in world.hub.all()] == [True]
