"""What the hub does again and again: ask callbacks back, see which feeds have news, and tell those who follow them."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from pipeline.errors import UsageError
from pipeline.ports.clock import Clock
from pipeline.services.hub import Hub, Published, Subscriber, by_topic, signature

T = TypeVar("T")
# Where the hub of the feeds stands, on the same machine.
HUB_PATH = "/feeds/hub"
AT_ONCE = 8
# So much is done in a round; the rest waits for the next, those who waited longest first.
MOST_ASKED = 50
MOST_TOLD = 200
# Feeds are looked at when something arrived, and so often when nothing did: what they ask for may have been changed.
LOOK_AGAIN = timedelta(minutes=10)
GONE = 410


class Called(msgspec.Struct, frozen=True):
    """Hold what a callback answered."""

    status: int
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Tell whether it took what it was sent."""
        return 200 <= self.status < 300


# Ask an address, or send it a body. Raises ``UnavailableError`` where nobody answers, ``UsageError`` where we may not.
Call = Callable[[str, bytes | None, Mapping[str, str]], Called]


class HubRounds:
    """Serve the subscribers of a hub, a round at a time.

    ``publish`` returns the feed at an address of ours as it is now, ``None`` where there is none any more; ``position``
    changes whenever something arrived. Of several processes that serve the same subscribers one does, of which
    ``has_turn`` is true; it asks again with each call, so that a turn lasts as long as a round.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        publish: Callable[[str], Published | None],
        call: Call,
        position: Callable[[], str],
        clock: Clock,
        has_turn: Callable[[], bool] = lambda: True,
    ) -> None:
        self._has_turn = has_turn
        self._hub = hub
        self._publish = publish
        self._call = self._keeping_turn(call)
        self._position = position
        self._clock = clock
        self._seen = ""
        self._looked: datetime | None = None

    def step(self) -> bool:
        """Do one round; tell whether there is more to do at once."""
        subscribers = self._hub.all()
        if not (subscribers and self._has_turn()):
            return False
        now = self._clock()
        for each in subscribers:
            if each.request is None and not each.is_live(now):
                self._hub.forget(each)
        asked = sorted(
            (each for each in subscribers if each.request is not None and each.request.next_try <= now),
            key=lambda each: each.request.next_try if each.request is not None else now,
        )
        self._ask_back(asked[:MOST_ASKED])
        told = self._tell(now)
        return len(asked) > MOST_ASKED or told >= MOST_TOLD

    def _keeping_turn(self, call: Call) -> Call:
        def kept(url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
            self._has_turn()
            return call(url, body, headers)

        return kept

    def _ask_back(self, asked: Sequence[Subscriber]) -> None:
        """Ask callbacks whether they meant it, and do what those who did ask for."""
        for subscriber, meant in zip(asked, _at_once(self._is_meant, asked), strict=True):
            if meant is not True:
                self._hub.unconfirmed(subscriber, may_come=meant is None)
                continue
            published = self._publish(subscriber.topic)
            if published is None:
                self._hub.forget(subscriber)
            else:
                self._hub.confirmed(subscriber, self._hub.version(subscriber.topic, published.entries))

    def _is_meant(self, subscriber: Subscriber) -> bool | None:
        """Ask a callback whether it meant what was asked in its name; ``None`` where it could not be asked."""
        request = subscriber.request
        assert request is not None
        challenge = secrets.token_urlsafe(24)
        fields = {"hub.mode": request.mode, "hub.topic": subscriber.topic, "hub.challenge": challenge}
        if request.mode == "subscribe":
            fields["hub.lease_seconds"] = str(request.lease_s)
        mark = "&" if urlsplit(subscriber.callback).query else "?"
        try:
            answer = self._call(f"{subscriber.callback.rstrip('?&')}{mark}{urlencode(fields)}", None, {})
        except UsageError:
            return False
        except Exception:  # noqa: BLE001 - whatever goes wrong with one callback is no reason to leave the others out
            return None
        if answer.status >= 500:
            return None
        return answer.is_good and hmac.compare_digest(answer.body.strip(), challenge.encode())

    def _tell(self, now: datetime) -> int:
        """Tell subscribers of what is new; return how many were, or were tried to be."""
        live = [each for each in self._hub.all() if each.is_live(now)]
        position = self._position()
        is_time = self._looked is None or now - self._looked >= LOOK_AGAIN
        is_waiting = any(each.next_try is not None and each.next_try <= now for each in live)
        if position == self._seen and not is_time and not is_waiting:
            return 0
        self._hub.tidy({each.topic for each in self._hub.all()})
        told = 0
        for topic, several in by_topic(live):
            if told >= MOST_TOLD:
                return told  # what was not looked at is, in the next round
            published = self._publish(topic)
            if published is None:
                for each in several:
                    self._hub.forget(each)
                continue
            version = self._hub.version(topic, published.entries)
            behind = [
                each for each in several if each.told < version and (each.next_try is None or each.next_try <= now)
            ]
            self._send(topic, published, version, behind)
            told += len(behind)
        self._seen, self._looked = position, now
        return told

    def _send(self, topic: str, published: Published, version: int, behind: Sequence[Subscriber]) -> None:
        parts = urlsplit(topic)
        links = f'<{parts.scheme}://{parts.netloc}{HUB_PATH}>; rel="hub", <{topic}>; rel="self"'
        headers = {"content-type": published.content_type, "link": links}

        def send(subscriber: Subscriber) -> Called | None:
            signed = dict(headers)
            if subscriber.secret:
                signed["x-hub-signature"] = signature(subscriber.secret, published.body)
            try:
                return self._call(subscriber.callback, published.body, signed)
            except Exception:  # noqa: BLE001 - as above
                return None

        for subscriber, answer in zip(behind, _at_once(send, behind), strict=True):
            if answer is not None and answer.status == GONE:
                self._hub.forget(subscriber)
            elif answer is not None and answer.is_good:
                self._hub.told(subscriber, version)
            else:
                self._hub.not_told(subscriber)


def _at_once(work: Callable[[Subscriber], T], subscribers: Sequence[Subscriber]) -> list[T]:
    """Do some work for each, several at once: one that answers slowly holds up few others."""
    if not subscribers:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(subscribers)), thread_name_prefix="hub") as pool:
        return list(pool.map(work, subscribers))
