"""Servers that are odd but honest: what they publish can be subscribed to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from connectors.fetch.http import Fetched, Fetcher, FetchError
from tests.integration.connectors.raw_server import RawServer

BODY = b"<rss><channel><title>Quay</title></channel></rss>"
Answer = Callable[[bytes], bytes]


def fetch(answer: Callable[[str, bytes], bytes], path: str = "/", headers: dict[str, str] | None = None) -> Fetched:
    """Fetch from a server whose answer is made of a path and the request's bytes."""
    server: RawServer

    def script(asked: str) -> Iterable[bytes]:
        return [answer(asked, server.requests[-1])]

    server = RawServer(script)

    async def work() -> Fetched:
        async with Fetcher(allow=("127.0.0.1/32",), timeout_s=5.0) as fetcher:
            return await fetcher.fetch(server.url + path, headers)

    try:
        return asyncio.run(work())
    finally:
        server.close()


def answer(*headers: bytes, body: bytes = BODY, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join((b"HTTP/1.1 " + status, *headers, b"Connection: close", b"", body))


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"Transfer-Encoding: chunked", LENGTH, body=CHUNKS),
        answer(LENGTH, b"Transfer-Encoding: chunked", body=CHUNKS),
        answer(b"Content-Length: 7", b"Transfer-Encoding: chunked", body=CHUNKS),
        answer(LENGTH, LENGTH),
        answer(b"Content-Length: %d, %d" % (len(BODY), len(BODY))),
        answer(b"Content-Length: %d" % (len(BODY) - 9)),  # characters, not bytes
        answer(b"Content-Length: "),
        answer(b"X Served By: a", LENGTH),
        answer(b"Server : a", LENGTH),
        answer(b"a line that is no header", LENGTH),
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(b"Served By: a", LENGTH),
    ],
)
def test_head_that_contradicts_itself_is_read_as_the_standard_says(sent: bytes) -> None:
    for headers in ({}, {"If-None-Match": '"1"'}):
        assert fetch(lambda path, request: sent, headers=headers).body == BODY


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(FetchError) as caught:
        fetch(lambda path, request: answer(LENGTH, b"Content-Length: 7"))
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize(
    "settings", [b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d"]
)
def test_server_that_speaks_http_2_only_is_told_of_in_words(settings: bytes) -> None:
    with pytest.raises(FetchError, match="speaks HTTP/2 only"):
        fetch(lambda path, request: settings)


def redirect(location: bytes, *headers: bytes) -> bytes:
    return answer(b"Location: " + location, b"Content-Length: 0", *headers, body=b"", status=b"302 Found")


def test_cookie_that_a_redirect_sets_goes_with_the_rest_of_the_fetch() -> None:
    def gate(path: str, request: bytes) -> bytes:
        if path.startswith("/check"):
            return redirect(b"/feed", b"Set-Cookie: pass=a=b; Path=/", b"Set-Cookie: other=2; Path=/elsewhere")
        if b"pass=a=b" in request and b"other" not in request:
            return answer(LENGTH)
        return redirect(b"/check?back=/feed")

    assert fetch(gate, "/feed").body == BODY


def test_page_may_redirect_to_itself_once_it_has_set_its_cookie() -> None:
    def counting(path: str, request: bytes) -> bytes:
        seen = b"seen=1" in request and b"mine=yes" in request
        return answer(LENGTH) if seen else redirect(b"/feed", b"Set-Cookie: seen=1")

    assert fetch(counting, "/feed", {"Cookie": "mine=yes"}).body == BODY


def test_cookies_are_forgotten_after_the_fetch_and_a_circle_stays_a_circle() -> None:
    def circle(path: str, request: bytes) -> bytes:
        return redirect(b"/feed", b"Set-Cookie: seen=1")

    with pytest.raises(FetchError, match="in a circle"):
        fetch(circle, "/feed")

    async def twice() -> list[bytes]:
        server = RawServer(lambda path: [answer(b"Set-Cookie: seen=1", LENGTH)])
        async with Fetcher(allow=("127.0.0.1/32",)) as fetcher:
            for _ in range(2):
                await fetcher.fetch(server.url)
        server.close()
        return server.requests

    assert not any(b"seen=1" in request for request in asyncio.run(twice()))


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a%2Fb/%7Ejo/~jo", b"/a%2Fb/%7Ejo/~jo"),
        ("/find?name=%CF%f0&x=%7e", b"/find?name=%CF%f0&x=%7e"),
        ("/view?3241", b"/view?3241"),
        ("/index.php?/archives/12-Fog.html", b"/index.php?/archives/12-Fog.html"),
        ("/a?x=1;y=2&q='b'|[c]", b"/a?x=1;y=2&q='b'|[c]"),
        ("/städte?q=é", b"/st%C3%A4dte?q=%C3%A9"),
        ("/a?b=c+d%20e#part", b"/a?b=c+d%20e"),
        ("/a//b/../c", b"/a//b/../c"),
        ("", b"/"),
        ("?a=b", b"/?a=b"),
    ],
)
def test_address_is_asked_for_as_it_is_written(path: str, sent: bytes) -> None:
    asked: list[bytes] = []

    def note(_: str, request: bytes) -> bytes:
        asked.append(request.split(b" ")[1])
        return answer(LENGTH)

    fetch(note, path)
    assert asked == [sent]


@pytest.mark.parametrize(
    "etag", [b'"\xe4"', '"\u043a\u043b\u044e\u0447"'.encode(), b'"a\x01b"', b'W/"a b"', b'"a\tb"', b"\xc3"]
)
def test_validator_is_text_that_can_be_kept_and_sent_back(etag: bytes) -> None:
    kept = fetch(lambda path, request: answer(LENGTH, b"ETag: " + etag)).headers["etag"]
    assert kept.encode().decode() == kept
    assert fetch(lambda path, request: answer(LENGTH), headers={"If-None-Match": kept}).body == BODY


def test_address_that_a_redirect_names_in_any_bytes_can_be_kept() -> None:
    def moved(path: str, request: bytes) -> bytes:
        if path == "/caf%E9":
            return answer(LENGTH)
        return answer(b"Location: /caf\xe9", b"Content-Length: 0", body=b"", status=b"301 Moved")

    found = fetch(moved, "/feed")
    assert (found.body, (found.moved_to or "").rpartition("/")[2]) == (BODY, "caf%E9")


def test_what_comes_behind_the_length_that_was_told_is_no_other_answer() -> None:
    sent = answer(b"Content-Length: %d" % (len(BODY) - 9)).replace(b"Connection: close\r\n", b"")
    assert fetch(lambda path, request: sent).body == BODY[:-9]
