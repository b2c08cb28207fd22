"""Fetching: polite, bounded and safe, over aiohttp.

Addresses are checked at the moment of connecting, on every hop, so neither a redirect nor a changing DNS answer reaches
a private network. Bodies are inflated here, up to a limit. Credentials go to the origin they were given for only.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from connectors.addresses import join, writable
from connectors.fetch.asking import Cookies, request_url, with_cookies
from connectors.fetch.guard import (
    PrivateAddressError,
    check_written_host,
    networks,
    refused_address,
)
from connectors.fetch.headers import headers_of, retry_after_s, without_secrets
from connectors.fetch.origin import is_web, origin_of
from connectors.fetch.unpacking import Unpacker, UnpackingError
from pipeline.errors import NewswireError
from pipeline.version import USER_AGENT

if TYPE_CHECKING:
    import aiohttp

    from connectors.fetch.sessions import Sessions

REDIRECTS = 8
HEADERS_S = 20
MAX_REASON_BYTES = 500
# Headers of answers that are a test for browsers, whatever their status.
CHALLENGES = ("cf-mitigated", "x-amzn-waf-action")


class FetchError(NewswireError):
    """Say why a document could not be fetched and what to do.

    ``kind`` is one of: address, connect, timeout, tls, status, gone, body, redirect, protocol; for pages also robots
    and unreachable; rest while a host is left alone. ``retry_after_s`` is what the server asked for, ``url`` the hop
    that answered.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        status: int | None = None,
        retry_after_s: float | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.url = url


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an answer: ``body`` is ``None`` for 304; ``moved_to`` is where permanent redirects led.

    ``cut`` tells that there is more of the body than was kept.
    """

    url: str
    status: int
    body: bytes | None
    headers: dict[str, str]
    moved_to: str | None = None
    cut: bool = False

    @property
    def sent_nothing(self) -> bool:
        """Tell whether the answer is that there is nothing new to send."""
        return self.body is None or self.status in (204, 205)

    @property
    def content_type(self) -> str | None:
        """Return the Content-Type header."""
        return self.headers.get("content-type")


class Fetcher:
    """Fetch documents through one pool of connections; ``allow`` lists private networks that may be reached.

    ``timeout_s`` is for a document with all redirects, ``headers_s`` for each answer to begin.
    """

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        allow: Sequence[str] = (),
        timeout_s: float = 30.0,
        headers_s: float = HEADERS_S,
        max_bytes: int = 50_000_000,
        concurrency: int = 64,
    ) -> None:
        self._user_agent = user_agent
        self._allowed = networks(allow)
        self._timeout_s = timeout_s
        self._headers_s = headers_s
        self._max_bytes = max_bytes
        self._concurrency = concurrency
        self._sessions: Sessions | None = None

    async def __aenter__(self) -> Fetcher:
        return self

    def _opened(self) -> Sessions:
        """Return the pools of connections, opened for what is fetched first: loading the client takes its time."""
        if self._sessions is None:
            from connectors.fetch.sessions import Sessions

            self._sessions = Sessions(self._user_agent, self._allowed, self._concurrency)
        return self._sessions

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sessions is not None:
            await self._sessions.close()

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        permit: Callable[[str], Awaitable[None]] | None = None,
        keep_bytes: int | None = None,
        proxy: str | None = None,
    ) -> Fetched:
        """Get a document, following redirects. Raises ``FetchError``; answers 200-299 and 304 are returned.

        ``headers`` go to the origin of ``url`` only. ``permit`` is asked before every hop and raises to forbid it. With
        ``keep_bytes`` a longer body is cut there instead of refused. A ``proxy`` resolves names itself: it is its
        address that is guarded then, and of the site's only one that is written out.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(url, dict(headers or {}), permit, keep_bytes, proxy)
        except TimeoutError as exc:
            message = f"{url} did not answer whole within {self._timeout_s:g} s; it is tried again later."
            raise FetchError("timeout", message) from exc

    async def _follow(
        self,
        url: str,
        headers: dict[str, str],
        permit: Callable[[str], Awaitable[None]] | None,
        keep_bytes: int | None,
        proxy: str | None,
    ) -> Fetched:
        origin = origin_of(url)
        moved_to: str | None = None
        permanent = True
        seen: set[tuple[str, str]] = set()
        cookies = Cookies()
        for _ in range(REDIRECTS + 1):
            check_scheme(url)
            held = cookies.for_address(url)
            if (url, held) in seen:
                raise FetchError("redirect", f"{url} redirects in a circle; tell the site, or subscribe to its target.")
            seen.add((url, held))
            if permit is not None:
                await permit(url)
            sent = with_cookies(headers if origin_of(url) == origin else without_secrets(headers), held)
            status, answer, body, cut = await self._get(url, sent, keep_bytes, proxy, cookies)
            if status in (300, 301, 302, 303, 307, 308) and answer.get("location"):
                permanent = permanent and status in (301, 308)
                url = _redirected(url, answer["location"])
                moved_to = url if permanent else moved_to
                continue
            _check_status(url, status, answer)
            return Fetched(url=url, status=status, body=body, headers=answer, moved_to=moved_to, cut=cut)
        raise FetchError("redirect", f"{url} redirects more than {REDIRECTS} times; subscribe to where it leads.")

    async def post(
        self, url: str, form: Mapping[str, str] | bytes, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Send a form, or bytes, following 307 and 308 only, with which it arrives whole, and never from https to http.

        Raises ``FetchError`` for any answer but 200-299, with what the server says about it. The body is not read.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(REDIRECTS + 1):
                    check_scheme(url)
                    async with self._answer("POST", url, headers or {}, form) as response:
                        answer = headers_of(response)
                        if response.status in (307, 308) and answer.get("location"):
                            before, url = url, _redirected(url, answer["location"])
                            if before.startswith("https:") and not url.startswith("https:"):
                                raise FetchError("redirect", f"{before} redirects to {url}, which is not encrypted.")
                            continue
                        if 200 <= response.status < 300:
                            return Fetched(url=url, status=response.status, body=None, headers=answer)
                        said = " ".join(
                            (await response.content.read(MAX_REASON_BYTES)).decode("utf-8", "replace").split()
                        )
                        wait = retry_after_s(answer.get("retry-after"), datetime.now(UTC))
                        raise FetchError("status", f"{url} answered {response.status}: {said}", response.status, wait)
                raise FetchError("redirect", f"{url} redirects more than {REDIRECTS} times.")
        except TimeoutError as exc:
            raise FetchError("timeout", f"{url} did not answer within {self._timeout_s:g} s.") from exc

    async def _get(
        self, url: str, headers: Mapping[str, str], keep_bytes: int | None, proxy: str | None, cookies: Cookies
    ) -> tuple[int, dict[str, str], bytes | None, bool]:
        async with self._answer("GET", url, headers, proxy=proxy) as response:
            cookies.learn(response)
            if response.status == 304 or response.status >= 300:
                return response.status, headers_of(response), None, False
            return response.status, headers_of(response), *await self._body(url, response, keep_bytes)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | bytes | None = None,
        proxy: str | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the answer to one request, with whatever goes wrong in ``FetchError``'s terms."""
        import aiohttp

        if proxy is not None:
            try:
                check_written_host(urlsplit(url).hostname or "", self._allowed)
            except PrivateAddressError as exc:
                raise _refusal(exc, url) from exc
        try:
            async with await self._begun(method, url, headers, form, proxy) as response:
                yield response
        except aiohttp.ClientProxyConnectionError as exc:
            raise FetchError("connect", f"The proxy for {url} cannot be reached; check --proxy.") from exc
        except aiohttp.ClientHttpProxyError as exc:
            raise FetchError("connect", f"The proxy for {url} answered {exc.status}; check --proxy.") from exc
        except aiohttp.ClientConnectorCertificateError as exc:
            reason = getattr(exc.certificate_error, "verify_message", None) or exc.certificate_error
            message = f"{url}: the site's certificate is not valid ({reason}); the site must renew or mend it."
            raise FetchError("tls", message) from exc
        except aiohttp.ClientConnectorSSLError as exc:
            reason = getattr(exc.os_error, "reason", None) or exc.os_error
            if "NO_APPLICATION_PROTOCOL" in str(reason):
                raise _only_http2(url) from exc
            message = f"{url} does not speak TLS as it should ({reason}); if the site has no https, write http://."
            raise FetchError("tls", message) from exc
        except aiohttp.ClientConnectorError as exc:
            reason = _reason(exc.os_error)
            raise FetchError(
                "connect", f"{urlsplit(url).hostname} cannot be reached ({reason}); check the address."
            ) from exc
        except (aiohttp.ClientError, ValueError, UnicodeError) as exc:
            if isinstance(exc, aiohttp.ClientPayloadError) and "Not enough data" in str(exc):
                raise _cut_short(url) from exc
            from connectors.fetch.mending import OnlyHttp2Error

            if isinstance(exc.__cause__, OnlyHttp2Error):
                raise _only_http2(url) from exc
            raise FetchError("protocol", f"{url} did not answer as a web server should ({exc}).") from exc
        except TimeoutError as exc:
            raise FetchError("timeout", f"{url} is too slow; it is tried again later.") from exc

    async def _begun(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | bytes | None,
        proxy: str | None,
    ) -> aiohttp.ClientResponse:
        """Ask, and wait for the headers."""
        import aiohttp

        sessions = self._opened()
        asked = partial(
            aiohttp.ClientSession.request,
            method=method, url=request_url(url), headers=headers, data=form, allow_redirects=False, proxy=proxy,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._headers_s):
                try:
                    return await asked(sessions.plain)
                except aiohttp.ClientResponseError as exc:
                    from connectors.fetch.mending import MENDABLE

                    if method != "GET" or not MENDABLE.search(exc.message):
                        raise
                return await asked(sessions.mending)
        except (PrivateAddressError, aiohttp.ClientConnectorError, aiohttp.ClientProxyConnectionError) as exc:
            if refused := refused_address(exc):
                raise _refusal(refused, proxy or url) from exc
            raise

    async def _body(self, url: str, response: aiohttp.ClientResponse, keep_bytes: int | None) -> tuple[bytes, bool]:
        """Read and inflate piece by piece, so that nothing ever grows past the limit."""
        encoding = ",".join(response.headers.getall("Content-Encoding", ()))
        try:
            unpacker = Unpacker(encoding) if encoding else None
        except UnpackingError as exc:
            raise FetchError("body", f"{url} cannot be read: {exc}.") from exc
        limit = self._max_bytes if keep_bytes is None else keep_bytes
        pieces, size = [], 0
        async for piece in response.content.iter_chunked(65_536):
            if unpacker is not None:
                try:
                    piece = unpacker.unpacked(piece, limit - size + 1)
                except UnpackingError as exc:
                    raise FetchError("body", f"{url} sent a body that cannot be inflated ({exc}).") from exc
            size += len(piece)
            pieces.append(piece)
            if size > limit and keep_bytes is not None:
                return b"".join(pieces)[:limit], True
            if size > limit:
                raise FetchError("body", f"{url} sends more than {limit / 1e6:g} MB; it was not read.")
        if unpacker is not None and unpacker.is_cut_short:
            raise _cut_short(url)
        if unpacker is not None:
            pieces.append(unpacker.rest())
        return b"".join(pieces), False


def _reason(error: OSError) -> str:
    """Say why a connection failed: of several addresses tried the error has no text of its own, but a number."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error) or "the connection was closed"


def _cut_short(url: str) -> FetchError:
    return FetchError("body", f"{url} sent a body that was cut short; it is tried again later.")


def _only_http2(url: str) -> FetchError:
    host = urlsplit(url).hostname
    words = f"{host} speaks HTTP/2 only, and feeds are fetched with HTTP/1.1; give a --proxy that speaks both."
    return FetchError("protocol", words)


def _redirected(url: str, location: str) -> str:
    try:
        return writable(join(url, location))
    except ValueError as exc:
        raise FetchError("redirect", f"{url} redirects to {location[:200]!r}, which is no address.") from exc


def _refusal(error: PrivateAddressError, url: str) -> FetchError:
    """Return the guard's refusal with the host that led there and what to do about it."""
    host = urlsplit(url).hostname or ""
    return FetchError(
        "address",
        f"{'' if error.address.startswith(host) else f'{host}: '}{error}; if it is meant, add its network to `allow` "
        "under [fetch] in the settings, or to NEWSWIRE_FETCH_ALLOW.",
    )


def check_scheme(url: str) -> None:
    """Refuse what is no address of the web. Raises ``FetchError`` of kind ``address``."""
    if not is_web(url):
        raise FetchError("address", f"{url[:200]!r} is no address that can be fetched; it must be http:// or https://.")


def _check_status(url: str, status: int, answer: Mapping[str, str]) -> None:
    if status == 304 or (200 <= status < 300 and not any(name in answer for name in CHALLENGES)):
        return
    wait = retry_after_s(answer.get("retry-after"), datetime.now(UTC))
    advice = {
        401: "it wants a user name and password: give them with --auth",
        403: "it refuses this client: another --user-agent may help",
        404: "there is nothing at this address: check it, or give the site's main page",
        410: "it is gone for good: remove it",
        429: "it asks for fewer requests: it is polled less often now",
    }.get(status, "it is tried again later" if status >= 500 else "check the address")
    if any(name in answer for name in CHALLENGES) and status != 429:
        advice = "it wants to see a browser first: ask the site to let feed readers pass, or try another --user-agent"
    kind = "gone" if status == 410 else "status"
    raise FetchError(kind, f"{url} answered {status}: {advice}.", status, wait, url)
