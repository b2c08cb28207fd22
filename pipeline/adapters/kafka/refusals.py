"""Why brokers did not let us in: kafka-python tries until the time is up, and tells the reason to its log alone."""

from __future__ import annotations

import logging
import time

from kafka.errors import AuthorizationError, KafkaConnectionError, SaslAuthenticationFailedError
from kafka.errors import UnsupportedSaslMechanismError as UnsupportedMechanismError

FRESH_S = 30.0


class _Refusals(logging.Handler):
    """Keep the newest reason; a password that is wrong says more than a connection that ended."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._newest: tuple[float, str] | None = None
        self._named = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        for error in arguments:
            if _is_away(error):
                self._newest = None
            elif words := _words(error):
                now = time.monotonic()
                if not isinstance(error, KafkaConnectionError) or "Handshake" in str(error):
                    self._named = now
                elif now - self._named < FRESH_S:
                    continue
                self._newest = (now, words)

    def newest(self) -> str | None:
        """Return what happened within the last half minute."""
        if self._newest is None or time.monotonic() - self._newest[0] > FRESH_S:
            return None
        return self._newest[1]


def _is_away(error: object) -> bool:
    """Tell whether nobody answers, which says nothing of being let in, nor does what ended before it."""
    if isinstance(error, KafkaConnectionError):
        return _words(error) is None
    return isinstance(error, OSError)


def _words(error: object) -> str | None:
    """Return what a refusal means and which setting it is about; ``None`` for anything else."""
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedMechanismError):
        return "does not take kafka_user with kafka_password by kafka_mechanism; see to these settings"
    if isinstance(error, AuthorizationError):
        return "does not allow kafka_user to do this; have its administrator grant it, as deploy/kafka-acls does"
    text = str(error) if isinstance(error, KafkaConnectionError) else ""
    if "Handshake failed" in text:
        reason = text.partition("Handshake failed: ")[2][:200]
        return f"does not agree on TLS ({reason}); see to its address, kafka_ca, kafka_certificate and kafka_key"
    if "socket disconnected" in text:
        return "hangs up; see to kafka_tls, kafka_user, kafka_password, kafka_mechanism and kafka_certificate"
    return None


_refusals = _Refusals()
logging.getLogger("kafka.net").addHandler(_refusals)


def refusal() -> str | None:
    """Return why the brokers lately did not let us in, as the end of a sentence that begins with them."""
    return _refusals.newest()
