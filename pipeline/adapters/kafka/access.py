"""How brokers are reached: in the clear or by TLS, and who one is there."""

from __future__ import annotations

import ssl
from typing import Any, Literal

import msgspec

from pipeline.errors import UsageError
from pipeline.plain_words import os_words

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is needed to be let in; the default is what brokers without any protection take.

    ``ca``, ``certificate`` and ``key`` are PEM files: the authorities to trust (else the system's), and what to be
    known by where the brokers ask for a certificate.
    """

    tls: bool = False
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    user: str | None = None
    password: str | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"

    def __repr__(self) -> str:
        """Leave out the password: this ends up in logs."""
        return f"Access(tls={self.tls}, user={self.user!r})"

    @property
    def protocol(self) -> str:
        """Return what Kafka calls this way of talking."""
        return ("SASL_" if self.user is not None else "") + ("SSL" if self.tls else "PLAINTEXT")

    def context(self) -> ssl.SSLContext | None:
        """Return the context of TLS; ``None`` in the clear. Raises ``UsageError`` for files that are none."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as exc:
            raise UsageError(
                f"kafka_ca, kafka_certificate or kafka_key is no PEM file that can be used ({exc.reason}): "
                f"{', '.join(filter(None, (self.ca, self.certificate, self.key)))}."
            ) from exc
        except OSError as exc:
            named = ", ".join(filter(None, (self.ca, self.certificate, self.key)))
            raise UsageError(f"kafka_ca, kafka_certificate or kafka_key: {os_words(exc)}: {named}.") from exc
        return context

    def options(self) -> dict[str, Any]:
        """Return the same as arguments of kafka-python's clients."""
        options: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self.context()}
        if self.user is not None:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password or "",
            }
        return options


OPEN = Access()
