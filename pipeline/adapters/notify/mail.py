"""E-mail through an SMTP server."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formataddr, formatdate, getaddresses, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.adapters.notify.post import reachable
from pipeline.adapters.notify.reasons import reason_of
from pipeline.adapters.notify.terminal import printable
from pipeline.errors import TerminalError, TransientError, UsageError
from pipeline.ports.alerts import Notice

TIMEOUT_S = 10.0
# A delivery is claimed for a minute: a server that answers each step just in time must not outlast that.
AT_MOST_S = 15.0
NOBODY = "An e-mail channel needs somebody to write to: mailto:you@example.org, or ?to=…."


class _ToAddresses(smtplib.SMTP):
    """Connect to the first of some addresses that answers, with TLS from the start where there is a ``context``."""

    def __init__(self, addresses: Sequence[str], context: ssl.SSLContext | None, host: str) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._addresses = addresses
        self._context = context
        self._host = host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError = ConnectionRefusedError(f"{host} has no address")
        for address in self._addresses:
            try:
                opened = socket.create_connection((address, port), timeout)
            except OSError as exc:
                failed = exc
                continue
            return self._context.wrap_socket(opened, server_hostname=host) if self._context else opened
        raise failed


@contextmanager
def _within(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection when the block takes longer."""

    def cut() -> None:
        with suppress(OSError, AttributeError):
            server.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _line(text: str) -> str:
    """Return what can stand in a header: what reads addresses takes several lines for one. Raises ``UsageError``."""
    if not text.isprintable():
        raise UsageError(NOBODY)
    return text


def _mailbox(named: tuple[str, str]) -> str:
    """Return a name and an address as a header has them, the host as every server knows it. Raises ``UsageError``."""
    name, address = named
    user, at, host = address.rpartition("@")
    whole = user and at and host and " " not in address
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        whole = False
    if not whole:
        raise UsageError(NOBODY)
    return formataddr((name, f"{user}@{ascii_host}")) if user.isascii() else f"{user}@{ascii_host}"


class Mail:
    """Send notices to ``mailto:ADDRESS`` through ``smtp``, or to ``smtp[s]://[user:password@]host[:port]?to=…&from=…``.

    ``smtps`` speaks TLS from the start; ``smtp`` changes to it where offered, and must before a password is sent.
    """

    def __init__(self, address: str, smtp: str | None, allow: Sequence[str] | None) -> None:
        if address.startswith("mailto:"):
            if smtp is None:
                raise UsageError(
                    "mailto: needs an SMTP server: set `smtp` under [notify] in the settings, "
                    'such as "smtps://user:password@mail.example.org".'
                )
            self._to, allow = [unquote(address.removeprefix("mailto:").partition("?")[0])], None
            address = smtp
        else:
            self._to = parse_qs(urlsplit(address).query).get("to", [])
        self._parts = urlsplit(address)
        self._allow = allow
        try:
            port = self._parts.port
        except ValueError as exc:
            raise UsageError(f"The SMTP server's address is not well formed: {exc}.") from exc
        if not self._parts.hostname:
            raise UsageError("An SMTP address names a host: smtps://user:password@mail.example.org?to=you@example.org.")
        if not self._to:
            raise UsageError(NOBODY)
        self._to = [_mailbox(each) for to in self._to for each in getaddresses([_line(to)])]
        self._secure = self._parts.scheme == "smtps"
        self._port = port or (465 if self._secure else 587)
        user = unquote(self._parts.username or "")
        given = parse_qs(self._parts.query).get("from")
        ours = user if "@" in user else f"newswire@{socket.getfqdn()}"
        self._from = _mailbox(parseaddr(_line(given[0]))) if given else ours

    def send(self, notice: Notice) -> str:
        """Send one notice; the Message-ID is made of its idempotency key, so that mailboxes can drop repetitions."""
        host = self._parts.hostname or ""
        try:
            with self._connect(host, notice.id) as server, _within(server, AT_MOST_S):
                self._introduce(server, notice.id)
                refused = server.send_message(self._message(notice))
        except smtplib.SMTPResponseException as exc:
            if exc.smtp_code < 500:
                raise TransientError(f"{host}: SMTP {exc.smtp_code}") from exc
            raise TerminalError(notice.id, "notify", f"{host}: SMTP {exc.smtp_code}") from exc
        except smtplib.SMTPRecipientsRefused as exc:
            if all(400 <= code < 500 for code, _ in exc.recipients.values()):
                raise TransientError(f"{host}: recipients put off") from exc
            raise TerminalError(notice.id, "notify", f"{host}: recipients refused") from exc
        except smtplib.SMTPNotSupportedError as exc:
            raise TerminalError(notice.id, "notify", f"{host}: takes no address beyond ASCII") from exc
        except (OSError, smtplib.SMTPException) as exc:
            raise TransientError(f"{host}: {reason_of(exc)}") from exc
        return f"accepted, {len(refused)} refused" if refused else "accepted"

    def _connect(self, host: str, identity: str) -> smtplib.SMTP:
        """Connect to an address that was checked: a name looked up again may answer differently."""
        # All are checked before one is tried.
        addresses = list(reachable(host, self._port, identity, self._allow))
        server = _ToAddresses(addresses, ssl.create_default_context() if self._secure else None, host)
        code, _ = server.connect(host, self._port)
        if code != 220:
            server.close()
            raise smtplib.SMTPConnectError(code, b"")
        return server

    def _introduce(self, server: smtplib.SMTP, identity: str) -> None:
        server.ehlo()
        if not self._secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self._parts.username is None:
            return
        if not isinstance(server.sock, ssl.SSLSocket):
            raise TerminalError(identity, "notify", "the server offers no TLS; no password is sent in the clear")
        server.login(unquote(self._parts.username), unquote(self._parts.password or ""))

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = printable(" ".join(notice.title.split()))[:250]
        message["From"] = self._from
        message["To"] = ", ".join(self._to)
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{notice.id}@newswire.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        if notice.priority == "high":
            message["X-Priority"] = "1"
        message.set_content(notice.text.encode("utf-8", "replace").decode())
        return message
