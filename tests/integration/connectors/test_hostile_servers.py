"""Servers that drip, never end, lie, loop and explode: each costs a bounded time and a bounded number of bytes."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator
from functools import partial

import pytest

from connectors.fetch.http import REDIRECTS, Fetched, Fetcher, FetchError
from tests.integration.connectors.raw_server import RawServer, Script

_packed = partial(gzip.compress, mtime=0)  # the same bytes in every worker, for they are in names of tests
OK = b"HTTP/1.1 200 OK\r\n"
MAX_BYTES = 1_000_000
TOTAL_S, HEADERS_S = 3.0, 1.5
# How much later than asked for a busy machine may say so: without a limit none of these would ever end.
LATE_S = 5.0
# What kernels and streams hold on their way.
ON_THE_WAY = 16_000_000


def fetch(script: Script, path: str = "/") -> tuple[Fetched | FetchError, float, RawServer]:
    server = RawServer(script)

    async def work() -> Fetched:
        limits = {"timeout_s": TOTAL_S, "headers_s": HEADERS_S}
        async with Fetcher(allow=("127.0.0.1/32",), max_bytes=MAX_BYTES, **limits) as fetcher:  # type: ignore[arg-type]
            return await fetcher.fetch(server.url + path)

    started = time.monotonic()
    try:
        found: Fetched | FetchError = asyncio.run(work())
    except FetchError as exc:
        found = exc
    finally:
        server.close()
    return found, time.monotonic() - started, server


def dripping(start: bytes, drop: bytes) -> Script:
    def script(_: str) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(0.05)
            yield drop

    return script


def endless(start: bytes, piece: bytes) -> Script:
    return lambda _: itertools.chain([start], itertools.repeat(piece))


def once(*pieces: bytes) -> Script:
    return lambda _: pieces


def silent(start: bytes) -> Script:
    def script(_: str) -> Iterator[bytes]:
        yield start
        time.sleep(10)

    return script


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BIG = b"x" * 65_536


@pytest.mark.parametrize(
    ("script", "kind", "within_s"),
    [
        (silent(b""), "timeout", HEADERS_S),
        (silent(OK), "timeout", HEADERS_S),
        (dripping(OK, b"X: y\r\n"), "timeout", HEADERS_S),
        (dripping(b"", b"H"), "protocol", HEADERS_S),
        (dripping(OK + b"X: ", b"y"), "timeout", HEADERS_S),
        (dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout", HEADERS_S),
        (silent(OK + b"Content-Length: 10\r\n\r\n"), "timeout", TOTAL_S),
        (dripping(OK + b"\r\n<rss>", b" "), "timeout", TOTAL_S),
        (dripping(CHUNKED, b"1\r\nx\r\n"), "timeout", TOTAL_S),
        (dripping(CHUNKED + b"1;", b"x"), "timeout", TOTAL_S),
        (endless(OK, b"X: y\r\n" * 10_000), "protocol", HEADERS_S),
        (endless(OK + b"X: ", BIG), "protocol", HEADERS_S),
        (endless(b"HTTP/1.1 200 ", BIG), "protocol", HEADERS_S),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000), "timeout", HEADERS_S),
        (endless(OK + b"\r\n<rss>", BIG), "body", TOTAL_S),
        (endless(CHUNKED, b"10000\r\n" + BIG + b"\r\n"), "body", TOTAL_S),
        (endless(OK + b"Content-Length: 99999999999999\r\n\r\n", BIG), "body", TOTAL_S),
        (once(OK + b"Content-Length: 100\r\n\r\n<rss>"), "body", TOTAL_S),
        (once(OK + b"Content-Length: -1\r\n\r\n<rss>"), "protocol", TOTAL_S),
        (once(CHUNKED + b"zz\r\n"), "protocol", TOTAL_S),
        (once(CHUNKED + b"ffffffffffffffffff\r\n"), "protocol", TOTAL_S),
        (once(b"\x16\x03\x01\x02"), "protocol", TOTAL_S),
        (once(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol", TOTAL_S),
        (once(b""), "protocol", TOTAL_S),
    ],
)  # fmt: skip
def test_server_that_does_not_come_to_an_end_is_given_up(script: Script, kind: str, within_s: float) -> None:
    found, seconds, server = fetch(script)
    assert isinstance(found, FetchError), found
    assert (found.kind, seconds < within_s + LATE_S) == (kind, True)
    assert server.sent < ON_THE_WAY


@pytest.mark.parametrize(
    ("start", "piece"),
    [(CHUNKED + b"1;", BIG), (CHUNKED + b"0\r\n", b"X: y\r\n" * 10_000), (CHUNKED + b"0\r\nX: ", BIG)],
    ids=["chunk extension", "trailers", "trailer"],
)
def test_rest_of_a_chunked_body_is_bounded_in_time_if_not_in_kind(start: bytes, piece: bytes) -> None:
    found, seconds, _ = fetch(endless(start, piece))
    assert isinstance(found, FetchError)
    assert seconds < TOTAL_S + LATE_S


def bomb(*, window: int, encoding: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=window)
    body = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()
    return OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body)) + body


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (bomb(window=31, encoding=b"gzip"), "more than 1 MB"),
        (bomb(window=31, encoding=b"x-gzip"), "more than 1 MB"),
        (bomb(window=15, encoding=b"deflate"), "more than 1 MB"),
        (bomb(window=-15, encoding=b"deflate"), "more than 1 MB"),
        (bomb(window=31, encoding=b"gzip, gzip"), "more than 1 MB"),
        (bomb(window=31, encoding=b"br"), "more than 1 MB"),
        (bomb(window=31, encoding=b"zstd"), "more than 1 MB"),
        (OK + b"Content-Encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd" + bytes(99), "was not asked for"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + _packed(bytes(400_000)) * 3, "more than 1 MB"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + _packed(b"<rss>" * 99)[:-9], "cut short"),
        (OK + b"Content-Length: 99\r\n\r\n<rss>", "cut short"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n9\r\n<c", "cut short"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n", "cut short"),
        (OK + b"Content-Encoding: gzip\r\n\r\nno gzip at all", "cannot be inflated"),
    ],
)  # fmt: skip
def test_bomb_is_not_inflated_and_half_a_body_is_no_body(answer: bytes, words: str) -> None:
    found, seconds, _ = fetch(once(answer))
    assert isinstance(found, FetchError)
    assert (found.kind, words in str(found), seconds < 2) == ("body", True, True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", _packed(b"<rss>") + _packed(b"</rss>")),
        (b"gzip", _packed(b"<rss></rss>") + bytes(8)),
        (b"GZIP", _packed(b"<rss></rss>")),
        (b"deflate", zlib.compress(b"<rss></rss>")),
        (b"deflate", zlib.compress(b"<rss></rss>", wbits=-15)),
        (b"identity", b"<rss></rss>"),
    ],
)
def test_honest_bodies_are_inflated_however_servers_pack_them(encoding: bytes, body: bytes) -> None:
    for cut in range(1, len(body)):
        packed = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
        if cut % 5 == 0:
            found, *_ = fetch(once(packed + body[:cut], body[cut:]))
            assert isinstance(found, Fetched), found
            assert found.body == b"<rss></rss>"


def see(location: str | bytes, code: int = 302) -> bytes:
    place = location if isinstance(location, bytes) else location.encode()
    return b"HTTP/1.1 %d See\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % (code, place)


def test_redirects_are_followed_so_far_and_no_further() -> None:
    def script(path: str) -> Iterable[bytes]:
        left = int(path[1:])
        return [see(f"/{left - 1}") if left else OK + b"Content-Length: 2\r\n\r\nok"]

    found, *_ = fetch(script, f"/{REDIRECTS}")
    assert isinstance(found, Fetched)
    found, _, server = fetch(script, f"/{REDIRECTS + 1}")
    assert isinstance(found, FetchError)
    assert (found.kind, server.connections <= REDIRECTS + 1) == ("redirect", True)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/", "redirect"),
        ("file:///etc/passwd", "address"),
        ("javascript:alert(1)", "address"),
        ("data:text/xml,<rss/>", "address"),
        ("gopher://127.0.0.1/1", "address"),
        ("ftp://127.0.0.1/", "address"),
        ("http://", "redirect"),
        ("http:///path", "redirect"),
        ("http://[::1", "redirect"),
        ("http://127.0.0.1:99999/", "address"),
        ("http://127.0.0.2/", "address"),
        ("http://127.2/", "protocol"),
        ("http://2130706434/", "protocol"),
        ("http://0x7f000002/", "address"),
        ("http://[::ffff:127.0.0.2]/", "address"),
        ("http://[::1]/", "address"),
        ("http://[fe80::1%25lo]/", "address"),
        ("http://0.0.0.0/", "address"),
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("//10.0.0.1/", "address"),
        ("http://user:word@192.168.1.1/", "address"),
        ("http://127.0.0.1\\@10.0.0.1/", ""),
        ("http://10.0.0.1#@127.0.0.1/", "address"),
        (b"http://127.0.0.1:1/\xff\xfe", ""),
        ("/" + "a" * 20_000, ""),
    ],
)
def test_redirect_to_where_nobody_should_go_is_refused(location: str | bytes, kind: str) -> None:
    found, seconds, _ = fetch(once(see(location)))
    assert isinstance(found, FetchError)
    assert (found.kind == kind or not kind, seconds < TOTAL_S) == (True, True), found


@pytest.mark.parametrize(
    ("answer", "words"), [(OK + b"\r\n", "does not speak TLS as it should"), (b"", "the connection was closed")]
)
def test_site_without_tls_is_told_from_one_that_hangs_up(answer: bytes, words: str) -> None:
    server = RawServer(once(answer))

    async def work() -> None:
        async with Fetcher(allow=("127.0.0.1/32",), timeout_s=TOTAL_S) as fetcher:
            await fetcher.fetch(server.url.replace("http:", "https:"))

    try:
        with pytest.raises(FetchError, match=words):
            asyncio.run(work())
    finally:
        server.close()


def test_body_of_a_redirect_or_an_error_is_not_read() -> None:
    for status in (b"HTTP/1.1 302 See\r\nLocation: /\r\n\r\n", b"HTTP/1.1 500 Oh\r\n\r\n", b"HTTP/1.1 404 No\r\n\r\n"):
        found, seconds, server = fetch(endless(status, BIG))
        assert isinstance(found, FetchError)
        assert (server.sent < ON_THE_WAY, seconds < 2) == (True, True)
