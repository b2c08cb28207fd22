"""Channels by name or address: who sends to them, and how they are called where secrets must not be.

Addresses: ``terminal:``, ``desktop:``, ``webhook+https://host/path#secret=KEY``, ``ntfy+https://host/topic`` or
``ntfy:topic``, ``mailto:you@example.org`` (through the SMTP server of the settings), ``smtps://user:pw@host?to=…``,
``atom:FILE``, ``jsonfeed:FILE``, ``apprise:URL``.
"""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.adapters.notify.probe import host_of, reach, write_beside
from pipeline.errors import UsageError
from pipeline.ports.alerts import Notifier
from pipeline.references import followed, is_reference

SCHEMES = (
    "terminal", "desktop", "webhook+https", "webhook+http", "ntfy", "ntfy+https", "ntfy+http", "mailto", "smtp",
    "smtps", "atom", "jsonfeed", "apprise",
)  # fmt: skip
# Those that touch this machine, which no stranger may choose.
LOCAL = ("terminal", "desktop", "atom", "jsonfeed")


class Channels:
    """Open channels, given by a ``named`` one's name or by an address.

    Named ones are the operator's own and may lead anywhere; addresses on a rule may lead to private networks only
    where ``allow`` says so (CIDR notation). Webhooks and ntfy go through the HTTP ``proxy``, if there is one.
    Raises ``UsageError`` for a proxy that is no address.
    """

    def __init__(
        self,
        named: Mapping[str, str],
        *,
        allow: Sequence[str] = (),
        smtp: str | None = None,
        proxy: str | None = None,
        directory: Path | None = None,
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._named = named
        self._allow = tuple(allow)
        self._smtp = smtp
        self._proxy = proxy
        if proxy is not None:
            from pipeline.adapters.notify.post import check_proxy

            check_proxy(proxy)
        self._directory = directory or Path()
        self._write = write
        self._open: dict[str, Notifier] = {}

    def label(self, channel: str) -> str:
        """Return a named channel's name, or an address without what may be secret in it."""
        return channel if channel in self._named else redacted(channel)

    def open(self, channel: str) -> Notifier:
        """Return what sends to a channel. Raises ``UsageError`` for one that is not known or not well formed."""
        opened = self._open.get(channel)
        if opened is None:
            opened = self._open[channel] = self._make(channel)
        return opened

    def check(self, channel: str) -> None:
        """Raise ``UsageError`` for a channel that nothing could be sent to.

        A host is looked up, as it is when something is sent: one at a private address is refused now as then. A name
        that cannot be looked up may be known later.
        """
        self.open(channel)
        if channel in self._named:
            return
        host, port = host_of(channel)
        if host is not None and self._proxy is None:
            check_reachable(host, port, self._allow)

    def probe(self, channel: str) -> str:
        """Find out whether something could be sent, without sending; say what was seen.

        Raises ``UsageError`` or ``UnavailableError`` that says what is wrong.
        """
        self.check(channel)
        address = self._named.get(channel, channel)
        scheme, _, rest = address.partition(":")
        if scheme in ("atom", "jsonfeed"):
            return write_beside(self._directory / rest)
        host, port = host_of(self._smtp or address if scheme == "mailto" else address)
        if self._proxy is not None and scheme.startswith(("webhook", "ntfy")):
            host, port = host_of(self._proxy.replace("http:", "webhook+http:", 1))
        return reach(host, port) if host is not None else "well formed"

    def _make(self, channel: str) -> Notifier:
        allow = None if channel in self._named else self._allow
        address = self._named.get(channel, channel)
        if channel not in self._named and is_reference(channel):
            address = followed(channel, "The channel")
            if not address.isprintable() or not _is_address(address):
                raise UsageError(f"What {channel} leads to is no address of a channel, such as webhook+https://....")
        scheme = scheme_of(address)
        if scheme == "terminal":
            from pipeline.adapters.notify.terminal import Terminal

            return Terminal(self._write)
        if scheme == "desktop":
            from pipeline.adapters.notify.desktop import Desktop

            return Desktop()
        if scheme.startswith("webhook+"):
            from pipeline.adapters.notify.webhook import Webhook

            return Webhook(address.removeprefix("webhook+"), allow, self._proxy)
        if scheme.startswith("ntfy"):
            from pipeline.adapters.notify.ntfy import Ntfy

            return Ntfy(address, allow, self._proxy)
        if scheme in ("mailto", "smtp", "smtps"):
            from pipeline.adapters.notify.mail import Mail

            return Mail(address, self._smtp, allow)
        if scheme in ("atom", "jsonfeed"):
            from pipeline.adapters.notify.feedfile import FeedFile

            name, file = address.partition(":")[2], "alerts.xml" if scheme == "atom" else "alerts.json"
            path = self._directory / name
            if channel not in self._named:
                if not _is_plain_name(name) or path.is_dir():
                    raise UsageError(
                        f"{redacted(channel)!r} is no file that an alert may write: give a name without a path, such "
                        f"as {scheme}:{file}, for a file in {self._directory}; paths go under [channels] in the "
                        "settings."
                    )
            elif path.is_dir():
                inside = f"{address.rstrip('/')}/{file}"
                raise UsageError(f"{address} is a directory; name a file in it, such as {inside}.")
            return FeedFile(scheme, path)
        from pipeline.adapters.notify.apprise import Apprise

        return Apprise(address.partition(":")[2])


def _is_address(text: str) -> bool:
    return text.partition(":")[0].lower() in SCHEMES


def _is_plain_name(name: str) -> bool:
    """Tell whether a name stands for a visible file of the very directory it is put into, on every system."""
    return bool(re.fullmatch(r"[^/\\:.\x00-\x1f][^/\\:\x00-\x1f]{0,199}", name)) and name == name.strip()


def check_reachable(host: str, port: int, allow: Sequence[str]) -> None:
    """Raise ``UsageError`` for a host of which no address may be reached."""
    from connectors.fetch.guard import PrivateAddressError, check_address, networks

    allowed = networks(allow)
    try:
        found = {str(target[0]) for *_, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return
    for address in sorted(found):
        try:
            check_address(address, allowed)
        except PrivateAddressError:
            continue
        return
    raise UsageError(
        f"{host} is at a private address: add its network to `allow` under [notify] in the settings "
        "(or NEWSWIRE_NOTIFY_ALLOW), or name the channel under [channels]."
    )


def scheme_of(address: str) -> str:
    """Return an address's scheme. Raises ``UsageError`` that lists the ones there are."""
    scheme, colon, _ = address.partition(":")
    if colon and scheme.lower() in SCHEMES:
        return scheme.lower()
    if address in ("terminal", "desktop"):
        return address
    hint = (
        " For a webhook, write webhook+ before its http:// or https://."
        if address.partition(":")[0].lower() in ("http", "https", "webhook")
        else ""
    )
    raise UsageError(
        f"{redacted(address)!r} is no channel: name one of [channels] in the settings, or give an address that begins "
        f"with one of {', '.join(SCHEMES)} and a colon.{hint}"
    )


def redacted(address: str) -> str:
    """Return an address without credentials, path, query and fragment, with a short digest to tell it from others."""
    if is_reference(address):
        return address
    scheme, colon, rest = address.partition(":")
    if not colon or scheme in ("terminal", "desktop"):
        return scheme
    if scheme in ("mailto", "atom", "jsonfeed"):
        return f"{scheme}:{rest.partition('?')[0]}"
    if scheme == "apprise":
        return f"apprise:{rest.partition(':')[0]}#{_digest(address)}"
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    return f"{scheme}://{host}#{_digest(address)}"


def _digest(address: str) -> str:
    # Sixteen bits tell a person's channels apart and say nothing about a secret.
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:4]
