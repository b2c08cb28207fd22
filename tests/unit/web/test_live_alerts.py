"""The live stream tells of every alert since the page was shown, and of each once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from pipeline.model import Alert
from pipeline.moments import microseconds
from pipeline.ports.alerts import Delivery
from pipeline.web.live import Live
from pipeline.web.rendering import Rendering
from tests.fakes.web import Page, page
from tests.unit.web.test_pages import article

SHOWN = datetime.now(UTC)


def delivery(n: int, matched: datetime, changed: datetime) -> Delivery:
    told = Alert(id=f"a{n}", rule_id="r", rule="Dams", matched=matched, article=article(n))
    return Delivery(id=f"d{n}", channel="terminal", alert=told, state="sent", due=changed, changed=changed)


def heard(served: Page, since: datetime, later: Delivery | None = None) -> list[dict[str, Any]]:
    """Listen from a page on that was shown at some time; ``later`` is entered while the stream is open."""

    async def listen() -> list[dict[str, Any]]:
        live = Live(served.desk, asyncio.to_thread, Rendering(served.desk))
        found: list[dict[str, Any]] = []
        events = live._events(None, None, "", since)
        async for chunk in events:
            kind, _, data = chunk.decode().partition("\nid: ")
            if kind == "event: position" and later is not None:
                served.store.ledger.enter([later])
            elif kind == "event: alert":
                found.append(msgspec.json.decode(data.partition("\ndata: ")[2].strip()))
            if (kind == "event: position" and later is None) or (found and later and found[-1]["id"] == later.alert.id):
                break
        live.stop()
        return found

    return asyncio.run(asyncio.wait_for(listen(), 60))


def test_alert_between_the_page_and_its_stream_is_told() -> None:
    with page() as served:
        # It matched before the page was shown, and was entered after that.
        served.store.ledger.enter([delivery(1, SHOWN - timedelta(seconds=3), SHOWN + timedelta(milliseconds=1))])
        served.store.ledger.enter([delivery(2, SHOWN - timedelta(hours=2), SHOWN - timedelta(hours=1))])
        assert [each["id"] for each in heard(served, SHOWN)] == ["a1"]


def test_alert_that_is_entered_late_is_told_once() -> None:
    with page() as served:
        served.store.ledger.enter([delivery(1, SHOWN, SHOWN)])
        # Its time is that of a worker whose notifier had much to do.
        late = delivery(2, SHOWN - timedelta(minutes=5), datetime.now(UTC) + timedelta(minutes=1))
        assert [each["id"] for each in heard(served, SHOWN, late)] == ["a1", "a2"]


@pytest.mark.parametrize("since", ["soon", "-1", "9" * 17, "１２"])
def test_time_that_is_none_is_refused(since: str) -> None:
    with page() as served:
        answer = served.browser.get("/live?" + urlencode({"since": since}))
        assert answer.status == 400 and "microseconds" in answer.text


def test_page_asks_for_what_came_since_it_was_shown() -> None:
    with page() as served:
        served.put(article(1))
        text = served.browser.get("/").text
        since = int(text.partition('data-since="')[2].partition('"')[0])
        assert 0 <= microseconds(datetime.now(UTC)) - since < 60_000_000
