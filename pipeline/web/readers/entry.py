"""The way in for reader programs: beside the page, below addresses of their own, answered in plain text or JSON."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import NewswireError, NotFoundError, TransientError, UnavailableError, UsageError
from pipeline.web.asking import Form, TooLargeError, body_of
from pipeline.web.desk import Desk
from pipeline.web.readers import accounts, fever
from pipeline.web.readers.asked import Program, Request, ScopeError, fields_of
from pipeline.web.readers.endpoints import endpoint_of
from pipeline.web.readers.written import Written
from pipeline.web.security import HEADERS, RANK, Attempts, comes_from_us, is_our_name

logger = logging.getLogger(__name__)

# Nine thousand ids come in one request; so does a list of feeds.
MOST_BYTES = 16 << 20
TRIES = 50
_LOGIN = re.compile(r"(?:/+api/+greader\.php)?/+accounts/+ClientLogin/*")
_BELOW = re.compile(r"(?:/+api/+greader\.php)?/+reader/+(?:api/+0/+(?P<api>.*)|(?P<atom>atom/.*))", re.S)
_ROOT = re.compile(r"/+api/+greader\.php/*")
_FEVER = re.compile(r"/+(?:api/+)?fever(?:\.php)?/*")

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class ReaderPrograms:
    """Answer what stands at the addresses of reader programs; all else goes on to ``app``."""

    def __init__(self, app: ASGIApp, desk: Desk, in_thread: InThread) -> None:
        self._app = app
        self._desk = desk
        self._in_thread = in_thread
        self._attempts = Attempts(tries=TRIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        path = scope.get("path", "")
        below = _BELOW.fullmatch(path)
        is_ours = below is not None or any(each.fullmatch(path) for each in (_LOGIN, _ROOT, _FEVER))
        if scope["type"] != "http" or not is_ours:
            await self._app(scope, receive, send)
            return
        request = HttpRequest(scope, receive)
        endpoint = (below["api"] or below["atom"] or "").rstrip("/") if below is not None else None
        response = await self._guarded(request, path, endpoint)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("cache-control", "no-store")
        if isinstance(response, Written) and request.method != "HEAD":
            await response.send_parts(send, self._in_thread)
        else:
            await response(scope, receive, send)

    async def _guarded(self, request: HttpRequest, path: str, endpoint: str | None) -> Response:
        try:
            if not is_our_name(request.headers.get("host", ""), self._desk.door.hosts):
                return _told("The page is not called so here; add the name to hosts under [web] of the settings.", 421)
            if not comes_from_us(request.headers):
                return _told("Another site's page asked for this; nothing was done.", 403)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"allow": "GET, HEAD, POST, OPTIONS"})
            body = await body_of(request, MOST_BYTES)
            return await self._in_thread(  # type: ignore[no-any-return]
                lambda: self._answer(request, path, endpoint, body)
            )
        except NewswireError as exc:
            return _failed(exc)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as exc:
            # A fault of ours is this request's failure, never that of the page or the pipeline beside it.
            logger.exception("request of a reader program failed", exc_info=exc)
            return _told("That is a fault of Newswire; its log tells more.", 500)

    def _answer(self, request: HttpRequest, path: str, endpoint: str | None, body: bytes) -> Response:
        fields = fields_of(request.url.query, body, request.headers.get("content-type", ""))
        if _FEVER.fullmatch(path):
            return self._fever(request, fields, body)
        if _LOGIN.fullmatch(path):
            return self._login(request, Form(fields), body)
        if endpoint is None:
            return _told("OK", 200)
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        name, _, shown = value.strip().partition("=")
        program = None
        if kind.casefold() == "googlelogin" and name.strip().casefold() == "auth":
            program = accounts.program_of(self._desk, shown.strip().strip('"'))
        if program is None:
            return _told("Log in at /accounts/ClientLogin first; this login is not known, or not any more.", 401,
                         {"www-authenticate": 'GoogleLogin realm="Newswire"'})  # fmt: skip
        answering = endpoint_of(endpoint)
        if answering is None:
            raise NotFoundError("There is nothing at this address.")
        if request.method not in (("POST",) if answering.is_change else ("GET", "HEAD", "POST")):
            return _told(f"{request.method} cannot be done here.", 405, {"allow": "POST, OPTIONS"})
        if RANK[program.scope] < RANK[answering.scope]:
            return _told(f"This needs the scope {answering.scope}; yours is {program.scope}.", 403)
        return answering.answer(self._asked(request, program, endpoint, fields, body))

    def _fever(self, request: HttpRequest, fields: tuple[tuple[str, str], ...], body: bytes) -> Response:
        key = next((value for name, value in fields if name == "api_key"), "")
        address = request.client.host if request.client else ""
        program = None if self._attempts.wait_s(address) else fever.program_of_key(self._desk, key)
        if program is None:
            self._attempts.failed(address)
            return fever.refused()
        return fever.answered(self._asked(request, program, "", fields, body))

    def _asked(
        self, request: HttpRequest, program: Program, endpoint: str, fields: tuple[tuple[str, str], ...], body: bytes
    ) -> Request:
        return Request(
            desk=self._desk.of(program.reader),
            program=program,
            method=request.method,
            endpoint=endpoint,
            fields=fields,
            query=request.url.query,
            body=body,
            base=f"{request.url.scheme}://{request.headers.get('host', '')}",
        )

    def _login(self, request: HttpRequest, form: Form, body: bytes) -> Response:
        if request.method not in ("POST",):
            return _told("Send name and password by POST.", 405, {"allow": "POST, OPTIONS"})
        address = request.client.host if request.client else ""
        if wait := self._attempts.wait_s(address):
            return _told(f"Too many wrong passwords; wait {wait} s.", 429, {"retry-after": str(wait)})
        value = accounts.logged_in(self._desk, form, body)
        if value is None:
            self._attempts.failed(address)
            return _told("Error=BadAuthentication", 401)
        self._attempts.succeeded(address)
        return _told(f"SID={value}\nLSID={value}\nAuth={value}\n", 200)


_STATUSES: tuple[tuple[type[NewswireError], int], ...] = (
    (NotFoundError, 404),
    (ScopeError, 403),
    (TooLargeError, 413),
    (UsageError, 400),
    (TransientError, 503),
    (UnavailableError, 503),
)


def _failed(error: NewswireError) -> Response:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    return _told(str(error), status, {"retry-after": "5"} if status == 503 else None)


def _told(words: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(words, status, headers, "text/plain")
