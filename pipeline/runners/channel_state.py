"""Whether a channel works, said loudly when that changes and not again."""

from __future__ import annotations

import logging

from pipeline.ports.alerts import Delivery

# A channel that is away for a moment is nobody's business.
LOUD_AFTER = 3

_log = logging.getLogger("newswire.notify")


class ChannelState:
    """Follow how one channel's deliveries went."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._broken = False

    def tell(self, delivery: Delivery) -> None:
        """Say once that the channel is broken, and once that it works again."""
        if delivery.state == "sent":
            if self._broken:
                _log.warning("channel works again channel=%s", self._channel)
            self._broken = False
        elif not self._broken and (delivery.state == "failed" or delivery.attempts >= LOUD_AFTER):
            self._broken = True
            _log.warning(
                "channel is broken channel=%s error=%s; `newswire doctor` checks it, `newswire alert log` lists what "
                "was not sent, `newswire alert resend --failed` sends that again",
                self._channel,
                (delivery.error or "").rstrip("."),
            )
