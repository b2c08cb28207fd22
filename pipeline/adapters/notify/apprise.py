"""Slack, Telegram, Matrix and a hundred more through the library apprise (extra ``notify``)."""

from __future__ import annotations

from pipeline.adapters.notify.terminal import printable
from pipeline.errors import TransientError, UsageError
from pipeline.ports.alerts import Notice


class Apprise:
    """Send notices to an address of apprise's, such as ``slack://…`` or ``tgram://…``."""

    def __init__(self, address: str) -> None:
        try:
            import apprise
        except ImportError as exc:
            raise UsageError("apprise: channels need the extra: pip install 'newswire[notify]'.") from exc
        self._sender = apprise.Apprise()
        if not self._sender.add(address):
            raise UsageError(f"apprise does not understand the address that begins with {address.partition(':')[0]}:.")

    def send(self, notice: Notice) -> None:
        """Send one notice."""
        text = "\n".join(printable(line) for line in notice.text.splitlines())
        if not self._sender.notify(title=printable(notice.title), body=text):
            raise TransientError("apprise could not deliver it")
