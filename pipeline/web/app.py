"""The ASGI app: every request is checked, read within bounds, handed to its handler in a thread, and answered."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline import errors
from pipeline.errors import NewswireError, TransientError, UnavailableError, UsageError
from pipeline.services.access import Scope
from pipeline.services.hub_rounds import HUB_PATH
from pipeline.web import access_pages, assets, outgoing
from pipeline.web.api.answers import ChangedMeanwhileError
from pipeline.web.api.problems import problem
from pipeline.web.api.repeated import ReusedKeyError, UnderWayError, once
from pipeline.web.api.routes import OPERATIONS, Operation
from pipeline.web.asking import MOST_FORM_BYTES, Ask, NotFoundError, TooLargeError, body_of, own_address, redirect
from pipeline.web.desk import Desk
from pipeline.web.display import display_of
from pipeline.web.forwarded import FromProxies, is_among, networks, peer_of
from pipeline.web.live import Live
from pipeline.web.pages import PAGES
from pipeline.web.readers.entry import ReaderPrograms
from pipeline.web.rendering import Rendering
from pipeline.web.security import HEADERS, RANK, SAFE_METHODS, Attempts, Rate, comes_from_us, is_our_name

logger = logging.getLogger(__name__)

THREADS = 4
SESSION_COOKIE = "newswire_session"
VISIT_COOKIE = "newswire_visit"
YEAR_S = 31_536_000


class Handler(msgspec.Struct, frozen=True):
    """Name what answers a method at a path, and what its caller must be allowed to."""

    method: str
    path: str
    answer: Callable[[Ask, Rendering], Response]
    scope: Scope = "read"
    most_bytes: int = MOST_FORM_BYTES
    is_open: bool = False


class Caller(msgspec.Struct, frozen=True):
    """Say who asks: what for, whose marks are meant, and whether a token (not a browser) was shown."""

    scope: Scope
    reader: str
    name: str
    by_token: bool = False


class App:
    """Answer requests over one desk; ``run`` of the live stream must run beside it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rendering = Rendering(desk)
        self._proxies = networks(desk.door.proxies)
        self._attempts = Attempts()
        self._rate = Rate()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web")
        self._live = Live(desk, self._in_thread, self._rendering)

    def asgi(self) -> Starlette:
        """Return the app with all its routes."""
        handlers = [
            *(Handler(*each) for each in PAGES),
            *(Handler(each.method, each.path, _kept(each), each.scope, each.most_bytes) for each in OPERATIONS),
            Handler("GET", "/login", access_pages.login_page, is_open=True),
            Handler("GET", "/static/{name}", lambda ask, _: assets.static(ask), is_open=True),
            Handler("GET", "/feeds/{kind}/{name:path}", outgoing.shown, is_open=True),
            Handler("GET", "/share/{id}", access_pages.shared, is_open=True),
        ]
        paths: dict[str, dict[str, Handler]] = {}
        for handler in handlers:
            paths.setdefault(handler.path, {})[handler.method] = handler
        routes = [
            Route(path, partial(self._answer, by_method), methods=list(METHODS)) for path, by_method in paths.items()
        ]
        routes += [
            Route("/live", self._stream, methods=list(METHODS)),
            Route("/api/v1/stream", self._stream, methods=list(METHODS)),
            Route(HUB_PATH, self._hub, methods=list(METHODS)),
            Route("/login", self._login, methods=["POST"]),
        ]
        # A route with the method comes before one that only knows the path.
        routes.insert(0, routes.pop())
        routes.append(Route("/{rest:path}", partial(self._answer, {}), methods=list(METHODS)))
        # What comes first sees a request first.
        proxies = Middleware(FromProxies, proxies=self._desk.door.proxies, is_open=lambda: self._desk.is_open)
        programs = Middleware(ReaderPrograms, desk=self._desk, in_thread=self._in_thread)
        unrouted = {405: self._wrong_method, 404: self._nowhere}
        app = Starlette(routes=routes, middleware=[proxies, programs], exception_handlers=unrouted)  # type: ignore[arg-type]
        # No route has a line break, not even the last: Starlette would send on to the address without its slashes.
        app.router.redirect_slashes = False
        return app

    def close(self) -> None:
        """End the threads; streams end with the server."""
        self._live.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _answer(self, by_method: Mapping[str, Handler], request: Request) -> Response:
        return await self._guarded(request, lambda caller: self._handled(by_method, request, caller))

    async def _stream(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return self._not_that_way(request, "GET, HEAD")

        async def streaming(caller: Caller) -> Response:
            if caller.scope not in RANK:
                raise UsageError("This needs a token.")
            return await self._live.response(request, caller.reader)

        return await self._guarded(request, streaming)

    async def _guarded(self, request: Request, answer: Callable[[Caller], Awaitable[Response]]) -> Response:
        """Check who asks, and put every failure into words."""
        is_api = request.url.path.startswith("/api/")
        headers = request.headers
        try:
            if not is_our_name(headers.get("host", ""), self._desk.door.hosts):
                message = "This page is not called so here; add the name to hosts under [web] of the settings."
                return self._failed(request, UsageError(message), 421)
            limits: dict[str, str] = {}
            if is_api or request.url.path == HUB_PATH:  # pages, with all that belongs to them, use up nothing of it
                left, seconds = self._rate.take(_address(request))
                limits = {"ratelimit-limit": str(self._rate.per_minute), "ratelimit-remaining": str(max(left, 0)),
                          "ratelimit-reset": str(seconds)}  # fmt: skip
                if left < 0:
                    return self._failed(request, UsageError("That is too often; wait a little."), 429,
                                        limits | {"retry-after": str(seconds)})  # fmt: skip
            caller = await self._in_thread(lambda: self._caller(request))
            if isinstance(caller, Response):
                return caller
            response = await answer(caller)
            if is_api:
                response.headers.update(limits)
        except NewswireError as exc:
            return self._failed(request, exc, _status(exc))
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as exc:
            # A fault of ours is this request's failure, never that of the page or the pipeline beside it.
            logger.exception("request failed", exc_info=exc)
            fault = UsageError("That is a fault of Newswire; its log tells more. Reload, or go back.")
            return self._failed(request, fault, 500)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "cache-control" not in response.headers:
            response.headers["cache-control"] = "no-store" if request.method != "GET" else "private, no-cache"
        if not is_api and VISIT_COOKIE not in request.cookies:
            _set_cookie(request, response, VISIT_COOKIE, _visit(request), YEAR_S)
        return response

    def _caller(self, request: Request) -> Caller | Response:
        """Return who asks, or the answer for one who has to show something first."""
        access, door, address = self._desk.access, self._desk.door, _address(request)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            if wait := self._attempts.wait_s(address):
                return self._failed(request, UsageError(f"Too many wrong tokens; wait {wait} s."), 429,
                                    {"retry-after": str(wait)})  # fmt: skip
            token = access.known(secret.strip())
            if token is None:
                self._attempts.failed(address)
                return self._failed(request, UsageError("This token is not known; `newswire token add` makes one."),
                                    401, {"www-authenticate": "Bearer"})  # fmt: skip
            return Caller(token.scope, token.owner, f"token {token.name}", by_token=True)
        is_proxy = is_among(peer_of(request.scope), self._proxies)
        if door.user_header and is_proxy and (name := request.headers.get(door.user_header)):
            reader = self._desk.readers.get(name.strip())
            if reader is None:
                refused = UsageError(f"There is no reader {name.strip()[:50]!r} here; `newswire user add` makes one.")
                return self._failed(request, refused, 403)
            return Caller(reader.scope, reader.name, reader.name)
        cookie = request.cookies.get(SESSION_COOKIE, "")
        subject = access.subject_of(cookie)
        if (name := access_pages.reader_named(subject)) is not None:
            reader = self._desk.readers.get(name)
            if reader is not None and access.is_session(cookie, reader.password):
                return Caller(reader.scope, reader.name, reader.name)
            subject = ""
        if subject == "password" and door.password and access.is_session(cookie, door.password):
            return Caller("admin", "", "password")
        if subject and subject != "password":
            token = access.by_id(subject)
            if token is not None and access.is_session(cookie, token.id):
                return Caller(token.scope, token.owner, f"token {token.name}")
        if self._desk.is_open:
            return Caller("admin", "", "this machine")
        path = request.url.path
        if path == "/login" or path.startswith(("/static/", "/feeds/", "/share/")):
            return Caller("read", "", "nobody")
        if path.startswith("/api/"):
            return self._failed(request, UsageError("Show a token: Authorization: Bearer nw_…"), 401,
                                {"www-authenticate": "Bearer"})  # fmt: skip
        if request.method not in SAFE_METHODS:
            # What was sent is gone: the way back is to the page that it was written on.
            return redirect(f"/login?{urlencode({'to': _page_before(request), 'ended': '1'})}")
        asked = f"{path}?{request.url.query}" if request.url.query else path
        return redirect(f"/login?{urlencode({'to': asked})}")

    async def _handled(self, by_method: Mapping[str, Handler], request: Request, caller: Caller) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        handler = by_method.get(method)
        if handler is None:
            if not by_method:
                raise NotFoundError("There is nothing at this address.")
            allowed = ", ".join(sorted({*by_method, "HEAD"} if "GET" in by_method else by_method))
            return self._not_that_way(request, allowed)
        if RANK[caller.scope] < RANK[handler.scope]:
            needed = UsageError(f"This needs the scope {handler.scope}; yours is {caller.scope}.")
            return self._failed(request, needed, 403)
        ask = self._ask(request, caller, await body_of(request, handler.most_bytes))
        if method not in SAFE_METHODS and not caller.by_token:
            self._check_origin(request, ask)
        return await self._in_thread(lambda: handler.answer(ask, self._rendering))  # type: ignore[no-any-return]

    def _ask(self, request: Request, caller: Caller, body: bytes) -> Ask:
        query: dict[str, tuple[str, ...]] = {}
        for name, value in request.query_params.multi_items():
            query[name] = (*query.get(name, ()), value)
        return Ask(
            desk=self._desk.of(caller.reader),
            method=request.method,
            path=request.url.path,
            places=dict(request.path_params),
            query=query,
            headers=request.headers,
            body=body,
            scope=caller.scope,
            reader=caller.reader,
            token=self._form_token(request),
            who=caller.name,
            base=f"{request.url.scheme}://{request.headers.get('host', '')}",
        )

    def _form_token(self, request: Request) -> str:
        return self._desk.access.signature("form", _visit(request))

    def _check_origin(self, request: Request, ask: Ask) -> None:
        """Raise ``UsageError`` for a change that another site's page may have asked for."""
        if not comes_from_us(request.headers):
            raise ForbiddenError("Another site asked for this change; nothing was done.")
        if request.url.path.startswith("/api/") and VISIT_COOKIE not in request.cookies:
            return  # a program on this machine; a browser says where it comes from
        given = request.headers.get("x-form-token") or ask.form().one("form_token")
        if not self._desk.access.is_signed(given, "form", request.cookies.get(VISIT_COOKIE, "")):
            raise ForbiddenError("The page was too old to change anything; go back, reload it, and try again.")

    async def _hub(self, request: Request) -> Response:
        if request.method != "POST":
            return self._not_that_way(request, "POST")

        async def asking(caller: Caller) -> Response:
            ask = self._ask(request, caller, await body_of(request, outgoing.MOST_HUB_BYTES))
            return await self._in_thread(lambda: outgoing.subscribe(ask))  # type: ignore[no-any-return]

        return await self._guarded(request, asking)

    async def _login(self, request: Request) -> Response:
        async def entering(caller: Caller) -> Response:
            ask = self._ask(request, caller, await body_of(request, MOST_FORM_BYTES))
            self._check_origin(request, ask)
            return await self._in_thread(lambda: self._entered(request, ask))  # type: ignore[no-any-return]

        return await self._guarded(request, entering)

    def _entered(self, request: Request, ask: Ask) -> Response:
        address, form = _address(request), ask.form()
        if wait := self._attempts.wait_s(address):
            return access_pages.login(ask, self._rendering, f"Too many tries; wait {wait} s.", 429)
        found = access_pages.session_for(self._desk, form.one("name"), form.one("password"))
        if found is None:
            self._attempts.failed(address)
            return access_pages.login(
                ask,
                self._rendering,
                "That is not the password, nor a token."
                if not form.one("name")
                else "That is not the name and the password.",
                403,
            )
        self._attempts.succeeded(address)
        response = redirect(form.one("to", "/"))
        _set_cookie(request, response, SESSION_COOKIE, found, 30 * 86_400)
        return response

    def _not_that_way(self, request: Request, allowed: str) -> Response:
        words = f"{request.method[:20]} cannot be done here; {allowed} can."
        return self._failed(request, UsageError(words), 405, {"allow": allowed})

    async def _wrong_method(self, request: Request, error: HTTPException) -> Response:
        return self._not_that_way(request, (error.headers or {}).get("Allow", ""))

    async def _nowhere(self, request: Request, error: HTTPException) -> Response:
        # What no route can read, such as an address with a line break.
        return self._failed(request, NotFoundError("There is nothing at this address."), 404)

    def _failed(
        self, request: Request, error: Exception, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        given = {**HEADERS, "cache-control": "no-store", **(headers or {})}
        if isinstance(error, TransientError | UnavailableError):
            given["retry-after"] = str(int(getattr(error, "retry_after", 5.0)) + 1)
        if request.url.path.startswith("/api/"):
            return problem(error, status, given)
        return self._rendering.failure(str(error), status, given, display_of(request.headers))


class ForbiddenError(UsageError):
    """Refuse a change that may have been asked for by somebody else."""


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_STATUSES: tuple[tuple[type[NewswireError], int], ...] = (
    (NotFoundError, 404),
    (errors.NotFoundError, 404),
    (TooLargeError, 413),
    (ForbiddenError, 403),
    (ChangedMeanwhileError, 412),
    (ReusedKeyError, 422),
    (UnderWayError, 409),
    (UsageError, 400),
    (TransientError, 503),
    (UnavailableError, 503),
)


def _status(error: NewswireError) -> int:
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def _kept(operation: Operation) -> Callable[[Ask, Rendering], Response]:
    """Return what answers an operation: once, where sending it again would do it again."""
    answer = partial(once, operation.answer) if operation.method == "POST" else operation.answer
    return partial(_as_described, operation, answer)


def _as_described(
    operation: Operation, answer: Callable[[Ask, Rendering], Response], ask: Ask, rendering: Rendering
) -> Response:
    """Answer what asks with parameters that there are: one left unread would silently ask for more."""
    known = [parameter.name for parameter in operation.parameters]
    for name in ask.query:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise UsageError(f"There is no parameter {name[:50]!r} here; {takes}.")
    return answer(ask, rendering)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _page_before(request: Request) -> str:
    """Return the page of ours that a form was sent from, as the browser tells it."""
    before = urlsplit(request.headers.get("referer", ""))
    if before.netloc.casefold() != request.headers.get("host", "").casefold():
        return "/"
    return own_address(f"{before.path}?{before.query}" if before.query else before.path)


def _visit(request: Request) -> str:
    """Return what forms of this browser are told by: its cookie, or the one that it will have."""
    made: str = request.scope.setdefault("newswire.visit", secrets.token_urlsafe(18))
    return request.cookies.get(VISIT_COOKIE) or made


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age: int) -> None:
    response.set_cookie(
        name, value, max_age=max_age, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/"
    )
