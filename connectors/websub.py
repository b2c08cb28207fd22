"""WebSub (W3C Recommendation of 23 January 2018), the subscriber's side: a hub tells of news, instead of being polled.

Everything here is a function of what was received and of the time; a ``Push`` is what must be kept between the calls.
The shell keeps pushes under the last part of their callback address, stores each before it acts on it, and sends what
``form`` says with ``Fetcher.post``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from selectolax.lexbor import LexborHTMLParser

from connectors.addresses import join
from connectors.discovery.links import header_links

LEASE = timedelta(days=10)
LONGEST_LEASE = timedelta(days=30)
RETRY = timedelta(minutes=5)
SOONEST_RETRY = timedelta(minutes=1)
AFTER_DENIAL = timedelta(days=1)
UNSUBSCRIBE_TRIES = 3
REMEMBERED = timedelta(days=1)
SETTLED = timedelta(hours=1)
GRACE = timedelta(minutes=10)
MAX_PAGE_BYTES = 1_000_000
MAX_NOTE = 300
_SIGNATURE = re.compile(r"\s*(sha1|sha256|sha384|sha512)=([0-9a-f]{40,128})\s*", re.IGNORECASE | re.ASCII)


class Offer(msgspec.Struct, frozen=True):
    """Name the hubs that push a topic."""

    hubs: tuple[str, ...]
    topic: str


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """Keep one subscription at a hub. ``callback`` and ``secret`` cannot be guessed; ``until`` ends the lease.

    ``pending`` is what was asked for and may be verified; ``failures`` counts asking since the last success. ``ended``
    is set on one that is no longer wanted: it is kept until then to say so. ``forged`` counts pings with a bad or
    missing signature, ``missed`` is when a poll last found what no ping had told of.
    """

    feed: str
    topic: str
    hub: str
    callback: str
    secret: str
    since: datetime
    next_ask: datetime
    pending: Literal["subscribe", "unsubscribe"] | None = None
    until: datetime | None = None
    ended: datetime | None = None
    failures: int = 0
    note: str | None = None
    pings: int = 0
    last_ping: datetime | None = None
    forged: int = 0
    missed: datetime | None = None

    @property
    def id(self) -> str:
        """Return the part of the callback address that names this subscription."""
        return self.callback.rpartition("/")[2]

    def is_live(self, now: datetime) -> bool:
        """Tell whether the hub has confirmed it, and its lease lasts."""
        return self.ended is None and self.until is not None and self.until > now

    def is_proved(self, now: datetime) -> bool:
        """Tell whether pings arrive: one has, and no poll has since found what none told of."""
        return self.is_live(now) and self.last_ping is not None and not (self.missed and self.missed > self.last_ping)


class HubAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer a hub's call with a status and a text; ``push`` is what to keep."""

    status: int
    text: str = ""
    push: Push


def offered(link_header: str | None, url: str, hubs: Sequence[str] = (), topic: str | None = None) -> Offer | None:
    """Return what a document offers, given its Link headers, its address and the links in its body.

    Headers come before the body; without a self link the address itself is the topic.
    """
    if not link_header and not hubs:
        return None
    links = header_links(link_header or "", url)
    found = _web([link.url for link in links if "hub" in link.relations]) or _web(hubs)
    topics = _web([link.url for link in links if "self" in link.relations]) or _web([topic] if topic else [])
    return Offer(tuple(dict.fromkeys(found)), topics[0] if topics else url) if found else None


def page_links(body: bytes, url: str) -> tuple[tuple[str, ...], str | None]:
    """Return the hubs and the topic that the head of a web page names."""
    head = LexborHTMLParser(body[:MAX_PAGE_BYTES]).css_first("head")
    if head is None:
        return (), None
    links = [(node.attributes.get("rel") or "", node.attributes.get("href") or "") for node in head.css("link[href]")]
    of = {
        name: [_joined(url, href) for rel, href in links if href and name in rel.lower().split()]
        for name in ("hub", "self")
    }
    return tuple(of["hub"]), next(iter(of["self"]), None)


def new_push(feed: str, offer: Offer, base: str, now: datetime) -> Push:
    """Begin a subscription, with a callback address below ``base`` and a secret that cannot be guessed."""
    return Push(
        feed=feed,
        topic=offer.topic,
        hub=offer.hubs[0],
        callback=f"{base.rstrip('/')}/{secrets.token_urlsafe(24)}",
        secret=secrets.token_hex(32),
        since=now,
        next_ask=now,
    )


def fits(push: Push, offer: Offer | None, base: str, now: datetime) -> bool:
    """Tell whether a subscription is still what its feed offers; one that is new is given time to settle."""
    if offer is None or not push.callback.startswith(base.rstrip("/") + "/"):
        return False
    return (push.topic == offer.topic and push.hub in offer.hubs) or now - push.since < SETTLED


def asking(push: Push, offer: Offer, now: datetime) -> Push:
    """Return a push about to be asked for, again or for the first time: another hub after each failure."""
    hub = push.hub if push.failures == 0 and push.hub in offer.hubs else offer.hubs[push.failures % len(offer.hubs)]
    return _asked(push, "subscribe", hub, now)


def ending(push: Push, now: datetime) -> Push:
    """Return a push that is no longer wanted; its hub is to be told, unless its lease is over."""
    forgotten = max(now, push.until or now) + REMEMBERED
    pending: Literal["unsubscribe"] | None = "unsubscribe" if push.is_live(now) else None
    return msgspec.structs.replace(push, ended=forgotten, pending=pending, failures=0, next_ask=now)


def unsubscribing(push: Push, now: datetime) -> Push:
    """Return an ended push whose hub is about to be told, and is not told again after some tries."""
    after = _asked(push, "unsubscribe", push.hub, now)
    return msgspec.structs.replace(after, next_ask=push.ended) if after.failures >= UNSUBSCRIBE_TRIES else after


def form(push: Push) -> dict[str, str]:
    """Return what to send to the hub for what is pending."""
    fields = {"hub.mode": push.pending or "subscribe", "hub.topic": push.topic, "hub.callback": push.callback}
    if push.pending == "unsubscribe":
        return fields
    return fields | {"hub.lease_seconds": str(int(LEASE.total_seconds())), "hub.secret": push.secret}


def verified(push: Push, query: Mapping[str, str], now: datetime, jitter: float) -> HubAnswer:
    """Answer a hub that asks whether we meant it, or tells that it denies: 404 to what was not asked for.

    ``jitter`` from 0 to 1 spreads renewals: between 60 and 75 % of the lease.
    """
    mode, topic = query.get("hub.mode"), query.get("hub.topic")
    if topic != push.topic:
        return HubAnswer(status=404, push=push)
    if mode == "denied" and push.ended is None:
        reason = " ".join(query.get("hub.reason", "no reason given").split())[:MAX_NOTE]
        after = msgspec.structs.replace(
            push,
            pending=None,
            until=None,
            failures=push.failures + 1,
            next_ask=now + AFTER_DENIAL,
            note=f"{push.hub} denied the subscription: {reason}",
        )
        return HubAnswer(status=200, push=after)
    challenge = query.get("hub.challenge")
    if not challenge or mode is None or mode != push.pending:
        return HubAnswer(status=404, push=push)
    if mode == "unsubscribe":
        return HubAnswer(
            status=200, text=challenge, push=msgspec.structs.replace(push, pending=None, next_ask=push.ended or now)
        )
    lease = _lease(query.get("hub.lease_seconds"))
    after = msgspec.structs.replace(
        push,
        pending=None,
        until=now + lease,
        next_ask=now + lease * (0.6 + 0.15 * jitter),
        failures=0,
        note=None,
    )
    return HubAnswer(status=200, text=challenge, push=after)


def received(push: Push, body: bytes, signature: str | None, now: datetime) -> HubAnswer:
    """Answer a ping: 410 for an ended subscription, 202 otherwise. It counts if it is ``push.pings`` that grew.

    A ping with a false or missing signature is answered like a true one and otherwise ignored, as the specification
    has it: a forger learns nothing.
    """
    if push.ended is not None:
        return HubAnswer(status=410, push=push)
    if not is_signed(body, signature, push.secret):
        return HubAnswer(status=202, push=msgspec.structs.replace(push, forged=push.forged + 1))
    return HubAnswer(status=202, push=msgspec.structs.replace(push, pings=push.pings + 1, last_ping=now))


def is_signed(body: bytes, signature: str | None, secret: str) -> bool:
    """Tell whether an X-Hub-Signature is that of the body, in constant time; sha1, sha256, sha384 and sha512 count."""
    match = _SIGNATURE.fullmatch(signature or "")
    if match is None:
        return False
    expected = hmac.new(secret.encode(), body, getattr(hashlib, match.group(1).lower())).hexdigest()
    return hmac.compare_digest(expected.encode(), match.group(2).lower().encode())


def polled(push: Push, published: int, now: datetime) -> Push:
    """Return a push after a poll: if that found what should have been pushed long ago, the hub is asked anew."""
    if not published or not push.is_proved(now) or push.last_ping is None or now - push.last_ping < GRACE:
        return push
    return msgspec.structs.replace(push, missed=now, next_ask=now, note="A poll found what the hub had not told of.")


def _asked(push: Push, mode: Literal["subscribe", "unsubscribe"], hub: str, now: datetime) -> Push:
    wait = min(RETRY * 2 ** min(push.failures, 12), AFTER_DENIAL)
    if push.until is not None and push.until > now:
        wait = min(wait, max((push.until - now) / 4, SOONEST_RETRY))
    return msgspec.structs.replace(push, pending=mode, hub=hub, failures=push.failures + 1, next_ask=now + wait)


def _lease(seconds: str | None) -> timedelta:
    """Read a lease: hubs of before the recommendation may leave it out, and none is believed for ever."""
    if seconds is None or not re.fullmatch(r"\d{1,18}", seconds, re.ASCII) or int(seconds) == 0:
        return LEASE
    return timedelta(seconds=min(int(seconds), int(LONGEST_LEASE.total_seconds())))


def _joined(url: str, address: str) -> str:
    try:
        return join(url, address.strip())
    except ValueError:
        return ""


def _web(addresses: Sequence[str]) -> list[str]:
    return [address for address in addresses if re.match(r"https?://[^/]", address, re.IGNORECASE)]
