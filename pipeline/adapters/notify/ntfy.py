"""ntfy topics: push notices to phones, through ntfy.sh or a server of one's own."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from pipeline.adapters.notify.post import check, post
from pipeline.adapters.notify.terminal import printable
from pipeline.errors import UsageError
from pipeline.ports.alerts import Notice

_PRIORITY = {"low": 2, "normal": 3, "high": 5}
_MAX_TEXT = 3500  # ntfy makes an attachment of more than 4,096 bytes


class Ntfy:
    """Publish notices to ``ntfy:TOPIC`` on ntfy.sh or ``ntfy+https://[:token@|user:password@]host/TOPIC``."""

    def __init__(self, address: str, allow: Sequence[str] | None, proxy: str | None = None) -> None:
        if address.startswith("ntfy:"):
            address = "ntfy+https://ntfy.sh/" + address.removeprefix("ntfy:").lstrip("/")
        parts = urlsplit(address.removeprefix("ntfy+"))
        check(parts.geturl(), allow)
        base, _, self._topic = parts.path.strip("/").rpartition("/")
        if not self._topic:
            raise UsageError("An ntfy address ends with a topic: ntfy+https://ntfy.sh/my-topic.")
        self._url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{base}"
        self._allow = allow
        self._proxy = proxy
        self._headers = {"Content-Type": "application/json", **_authorization(parts.username, parts.password)}

    def send(self, notice: Notice) -> str:
        """Publish one notice; return the status that acknowledged it."""
        text = "\n".join(printable(line) for line in notice.text.splitlines())
        message = {
            "topic": self._topic,
            "title": printable(notice.title)[:250],
            "message": text.encode()[:_MAX_TEXT].decode(errors="ignore"),
            "priority": _PRIORITY[notice.priority],
            "tags": ["newspaper"],
        }
        if notice.url:
            message["click"] = notice.url
        headers = {**self._headers, "Idempotency-Key": notice.id}
        return post(self._url, msgspec.json.encode(message), headers, notice.id, self._allow, self._proxy)


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if password is None:
        return {}
    if not user:
        return {"Authorization": f"Bearer {unquote(password)}"}
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
