"""WebSub's protocol: what documents offer, what hubs are told and answered, and whom to believe."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import websub
from connectors.formats.document import parse_document
from connectors.websub import Offer, Push

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
URL = "https://site.example/feed"
HUB = "https://hub.example/"
OFFER = Offer((HUB, "https://second.example/"), URL)
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")


def fresh() -> Push:
    return websub.new_push(URL, OFFER, "https://me.example/push/", NOW)


def pending() -> Push:
    return websub.asking(fresh(), OFFER, NOW)


def live(lease_s: int = 864_000) -> Push:
    query = {"hub.mode": "subscribe", "hub.topic": URL, "hub.challenge": "c", "hub.lease_seconds": str(lease_s)}
    return websub.verified(pending(), query, NOW, 0.5).push


def signature(body: bytes, secret: str, algorithm: str) -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()}"


@pytest.mark.parametrize(
    ("header", "hubs", "topic"),
    [
        ('<https://hub.example/>; rel="hub", <https://t.example/>; rel="self"', [HUB], "https://t.example/"),
        ("<https://hub.example/>; rel=hub", [HUB], URL),
        ('</hub>; rel="HUB"; title="a, b; rel=self <x>"', ["https://site.example/hub"], URL),
        ('<//hub.example/>; title=";rel=next"; rel="alternate hub"', [HUB], URL),
        ("<https://hub.example/>;rel=hub,<https://2.example/>;rel=hub,<https://hub.example/>;rel=hub",
         [HUB, "https://2.example/"], URL),
        ('<https://x.example/>; rel="hub self"', ["https://x.example/"], "https://x.example/"),
    ],
)  # fmt: skip
def test_hub_and_topic_are_read_from_link_headers(header: str, hubs: list[str], topic: str) -> None:
    offer = websub.offered(header, URL)
    assert offer is not None
    assert (hubs, topic) == (list(offer.hubs), offer.topic)


@pytest.mark.parametrize(
    "header", ["", "<https://x.example/>; rel=next", "https://x.example/; rel=hub", "<javascript:1>; rel=hub", "<;;,,=",
               '<https://x.example/>; title="rel=hub', "<http://[>; rel=hub", "<https://x.example/>; rel=prehub"]
)  # fmt: skip
def test_header_without_a_hub_offers_nothing(header: str) -> None:
    assert websub.offered(header, URL) is None


def test_link_headers_come_before_the_body() -> None:
    in_header = f'<{HUB}>; rel="hub", <https://header.example/>; rel="self"'
    assert websub.offered(in_header, URL, ("https://body.example/",), "https://t.example/") == Offer(
        (HUB,), "https://header.example/"
    )
    assert websub.offered("<https://header.example/>; rel=self", URL, (HUB,), "https://t.example/") == Offer(
        (HUB,), "https://header.example/"
    )


@given(st.text(alphabet='<>;,="rel hubself \\/a:', max_size=200))
def test_no_link_header_is_too_strange(header: str) -> None:
    websub.offered(header, URL)


@pytest.mark.parametrize(
    "body",
    [
        b'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>'
        b'<atom:link rel="self" href="https://t.example/"/><atom:link rel="hub" href="https://hub.example/"/>'
        b'<atom:link href="https://2.example/" rel="hub"/><item><title>a</title></item></channel></rss>',
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><link rel="hub" href="https://hub.example/"/>'
        b'<link rel="self" href="https://t.example/"/><link rel="hub" href="https://2.example/"/></feed>',
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "T", "feed_url": "https://t.example/", "items": [],'
        b' "hubs": [{"type": "rssCloud", "url": "https://cloud.example/"},'
        b' {"type": "WebSub", "url": "https://hub.example/"}, {"type": "websub", "url": "https://2.example/"}]}',
    ],
)
def test_hubs_and_topic_are_read_from_feeds(body: bytes) -> None:
    parsed = parse_document(body, None, URL)
    assert ((HUB, "https://2.example/"), "https://t.example/") == (parsed.hubs, parsed.topic)


def test_hubs_and_topic_are_read_from_the_head_of_a_page_only() -> None:
    page = b'<html><head><link rel="hub" href="//hub.example/"><link rel="self" href="/page"></head><body>'
    forged = b'<link rel="hub" href="https://evil.example/"></body></html>'
    assert websub.page_links(page + forged, "https://site.example/") == ((HUB,), "https://site.example/page")


def test_callback_and_secret_are_long_random_and_fit_the_specification() -> None:
    pushes = [fresh() for _ in range(50)]
    assert len({push.callback for push in pushes}) == len({push.secret for push in pushes}) == 50
    assert all(push.callback.startswith("https://me.example/push/") and len(push.id) >= 32 for push in pushes)
    assert all(32 <= len(push.secret.encode()) < 200 for push in pushes)


def test_request_says_what_the_specification_asks_for() -> None:
    push = pending()
    assert websub.form(push) == {
        "hub.mode": "subscribe",
        "hub.topic": URL,
        "hub.callback": push.callback,
        "hub.lease_seconds": "864000",
        "hub.secret": push.secret,
    }
    ended = websub.unsubscribing(websub.ending(live(), NOW), NOW)
    assert websub.form(ended) == {"hub.mode": "unsubscribe", "hub.topic": URL, "hub.callback": ended.callback}


def test_challenge_is_echoed_once_for_what_was_asked() -> None:
    query = {"hub.mode": "subscribe", "hub.topic": URL, "hub.challenge": "c&<>", "hub.lease_seconds": "1000"}
    verdict = websub.verified(pending(), query, NOW, 0.5)
    assert (verdict.status, verdict.text) == (200, "c&<>")
    assert verdict.push.is_live(NOW + timedelta(seconds=999))
    assert not verdict.push.is_live(NOW + timedelta(seconds=1000))
    assert websub.verified(verdict.push, query, NOW, 0.5).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.topic": URL + "x"},
        {"hub.topic": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": "publish"},
        {"hub.mode": ""},
        {"hub.challenge": ""},
    ],
)
def test_what_was_not_asked_for_is_not_found(wrong: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": URL, "hub.challenge": "c", "hub.lease_seconds": "1000"} | wrong
    verdict = websub.verified(pending(), query, NOW, 0.5)
    assert (verdict.status, verdict.text, verdict.push.until) == (404, "", None)


def test_unasked_unsubscription_is_refused_and_an_asked_one_confirmed() -> None:
    query = {"hub.mode": "unsubscribe", "hub.topic": URL, "hub.challenge": "c"}
    assert websub.verified(live(), query, NOW, 0.5).status == 404
    ended = websub.unsubscribing(websub.ending(live(), NOW), NOW)
    verdict = websub.verified(ended, query, NOW, 0.5)
    assert (verdict.status, verdict.text, verdict.push.pending) == (200, "c", None)


@pytest.mark.parametrize("push", [pending(), live()])
def test_denial_ends_a_subscription_and_is_asked_about_a_day_later(push: Push) -> None:
    query = {"hub.mode": "denied", "hub.topic": URL, "hub.reason": "over\nquota"}
    verdict = websub.verified(push, query, NOW, 0.5)
    assert verdict.status == 200
    assert not verdict.push.is_live(NOW)
    assert verdict.push.note is not None and "over quota" in verdict.push.note
    assert verdict.push.next_ask == NOW + timedelta(days=1)
    assert websub.verified(push, query | {"hub.topic": "https://other.example/"}, NOW, 0.5).status == 404


@given(st.integers(1, 10**12), st.floats(0, 1))
def test_renewal_is_well_before_expiry_and_no_lease_is_for_ever(lease_s: int, jitter: float) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": URL, "hub.challenge": "c", "hub.lease_seconds": str(lease_s)}
    push = websub.verified(pending(), query, NOW, jitter).push
    assert push.until is not None
    lease = push.until - NOW
    assert lease <= timedelta(days=30)
    assert 0.59 * lease <= push.next_ask - NOW <= 0.76 * lease


@pytest.mark.parametrize("lease", [None, "", "-5", "0", "soon", "1e9", "٣"])
def test_unreadable_lease_is_taken_for_the_one_asked_for(lease: str | None) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": URL, "hub.challenge": "c"}
    query |= {} if lease is None else {"hub.lease_seconds": lease}
    assert websub.verified(pending(), query, NOW, 0.5).push.until == NOW + websub.LEASE


def test_failing_hub_is_asked_ever_more_rarely_and_its_like_in_turn() -> None:
    push, now, hubs, waits = fresh(), NOW, [], []
    for _ in range(12):
        push = websub.asking(push, OFFER, now)
        hubs.append(push.hub)
        waits.append(push.next_ask - now)
        now = push.next_ask
    assert hubs[:4] == [*OFFER.hubs, *OFFER.hubs]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=5), timedelta(days=1))


def test_renewal_is_retried_several_times_within_a_short_lease() -> None:
    push = live(lease_s=3_600)
    assert push.until is not None
    now, tries = push.next_ask, 0
    while now < push.until:
        push = websub.asking(push, OFFER, now)
        tries, now = tries + 1, push.next_ask
    assert tries >= 4


@given(st.binary(max_size=200), st.sampled_from(ALGORITHMS))
def test_true_signature_passes_by_any_algorithm(body: bytes, algorithm: str) -> None:
    push = live()
    verdict = websub.received(push, body, signature(body, push.secret, algorithm), NOW)
    assert (verdict.status, verdict.push.pings, verdict.push.last_ping) == (202, 1, NOW)
    assert websub.is_signed(body, signature(body, push.secret, algorithm).upper(), push.secret)


@given(st.binary(max_size=200), st.sampled_from(ALGORITHMS), st.data())
def test_random_signature_never_passes(body: bytes, algorithm: str, data: st.DataObject) -> None:
    size = hashlib.new(algorithm).digest_size
    guess = data.draw(st.binary(min_size=size, max_size=size)).hex()
    assert not websub.is_signed(body, f"{algorithm}={guess}", live().secret)


@given(st.binary(max_size=200), st.sampled_from(ALGORITHMS), st.integers(0, 10**6), st.integers(1, 15))
def test_signature_with_any_digit_changed_never_passes(body: bytes, algorithm: str, place: int, by: int) -> None:
    push = live()
    name, _, digits = signature(body, push.secret, algorithm).partition("=")
    place %= len(digits)
    digit = f"{(int(digits[place], 16) + by) % 16:x}"
    assert not websub.is_signed(body, f"{name}={digits[:place]}{digit}{digits[place + 1 :]}", push.secret)


@given(st.text(max_size=200))
def test_no_signature_is_too_strange(text: str) -> None:
    assert not websub.is_signed(b"body", text, live().secret)


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "sha256=",
        signature(b"body", "", "sha256"),
        signature(b"other", "", "sha256"),
        signature(b"body", "wrong", "sha1"),
        "md5=" + hmac.new(b"", b"body", "md5").hexdigest(),
        "sha256=é" + "0" * 63,
        "sha256=" + "0" * 40,
    ],
)
def test_forgery_is_answered_like_a_ping_counted_and_otherwise_ignored(forged: str | None) -> None:
    push = live()
    verdict = websub.received(push, b"body", forged, NOW)
    assert verdict.status == 202
    assert verdict.push == msgspec.structs.replace(push, forged=1)


def test_signature_of_one_algorithm_is_none_of_another() -> None:
    push = live()
    digits = signature(b"body", push.secret, "sha1").partition("=")[2]
    assert not websub.is_signed(b"body", f"sha256={digits}", push.secret)


def test_ended_subscription_is_gone_and_then_forgotten() -> None:
    push = websub.ending(live(lease_s=1_000), NOW)
    assert websub.received(push, b"", signature(b"", push.secret, "sha256"), NOW).status == 410
    assert push.ended is not None
    assert push.ended > NOW + timedelta(seconds=1_000)
    told = push
    for _ in range(websub.UNSUBSCRIBE_TRIES):
        told = websub.unsubscribing(told, NOW)
    assert told.next_ask == push.ended


def test_what_was_never_confirmed_needs_no_unsubscription() -> None:
    assert websub.ending(pending(), NOW).pending is None


def test_pushes_are_trusted_once_a_ping_came_and_until_a_poll_finds_more() -> None:
    push = live()
    assert not push.is_proved(NOW)
    pinged = websub.received(push, b"", signature(b"", push.secret, "sha256"), NOW).push
    assert pinged.is_proved(NOW)
    assert websub.polled(pinged, 1, NOW + timedelta(minutes=1)) is pinged  # the ping may be on its way
    assert websub.polled(pinged, 0, NOW + timedelta(hours=1)) is pinged
    missed = websub.polled(pinged, 1, NOW + timedelta(hours=1))
    assert not missed.is_proved(NOW + timedelta(hours=1))
    assert missed.next_ask == NOW + timedelta(hours=1)
    again = NOW + timedelta(hours=2)
    assert websub.received(missed, b"", signature(b"", push.secret, "sha256"), again).push.is_proved(again)


def test_subscription_follows_its_feed_but_not_at_every_turn() -> None:
    push, later = live(), NOW + timedelta(hours=2)
    moved = Offer((HUB,), "https://site.example/other")
    assert websub.fits(push, OFFER, "https://me.example/push", later)
    assert not websub.fits(push, moved, "https://me.example/push", later)
    assert websub.fits(push, moved, "https://me.example/push", NOW)
    assert not websub.fits(push, None, "https://me.example/push", NOW)
    assert not websub.fits(push, OFFER, "https://me.example/elsewhere", NOW)
