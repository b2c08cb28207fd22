"""Webhooks: a JSON POST, signed so that the receiver knows who sent it, when, and whether it has it already.

Headers: ``Idempotency-Key`` (the same at every repetition), ``X-Newswire-Timestamp`` (Unix seconds) and, with a secret,
``X-Newswire-Signature: sha256=HMAC(secret, timestamp + "." + body)``. A receiver that refuses timestamps older than a
few minutes cannot be fed recordings.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from urllib.parse import parse_qs, urldefrag

import msgspec

from pipeline.adapters.notify.post import check, post
from pipeline.alerts.message import sentence, words
from pipeline.model import Alert
from pipeline.ports.alerts import Notice


class Webhook:
    """POST notices to ``address``; ``#secret=KEY`` at its end is the key to sign with and is not sent."""

    def __init__(self, address: str, allow: Sequence[str] | None, proxy: str | None = None) -> None:
        check(address, allow)
        self._url, fragment = urldefrag(address)
        self._secret = parse_qs(fragment).get("secret", [""])[0]
        self._allow = allow
        self._proxy = proxy

    def send(self, notice: Notice) -> str:
        """POST one notice; return the status that acknowledged it."""
        body = payload(notice)
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": notice.id,
            "X-Newswire-Timestamp": stamp,
        }
        if self._secret:
            headers["X-Newswire-Signature"] = f"sha256={signature(self._secret, stamp, body)}"
        return post(self._url, body, headers, notice.id, self._allow, self._proxy)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of timestamp and body, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(notice: Notice) -> bytes:
    """Write a notice as JSON: the message, and per alert what matched."""
    return msgspec.json.encode(
        {
            "id": notice.id,
            "rule": notice.rule,
            "title": notice.title,
            "text": notice.text,
            "url": notice.url,
            "priority": notice.priority,
            "alerts": [_described(alert) for alert in notice.alerts],
        }
    )


def _described(alert: Alert) -> dict[str, object]:
    article = alert.article
    return {
        "id": alert.id,
        "rule": alert.rule,
        "reason": alert.reason,
        "note": alert.note,
        "matched": alert.matched,
        "words": words(alert),
        "sentence": sentence(alert),
        "spans": alert.spans,
        "article": article
        and {
            name: getattr(article, name)
            for name in ("id", "url", "title", "authors", "published", "seen", "language", "source", "tags",
                         "revision", "story_id")
        },
    }  # fmt: skip
