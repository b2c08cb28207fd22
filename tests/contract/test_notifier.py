"""The promises of the Notifier port, kept by every channel that can be tried on loopback."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import socket
import socketserver
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.adapters.notify import mail
from pipeline.adapters.notify.addresses import Channels
from pipeline.adapters.notify.webhook import signature
from pipeline.errors import TerminalError, TransientError, UsageError
from pipeline.model import Alert, Document, Mark
from pipeline.ports.alerts import Notice
from tests.faults.receiver import Receiver, Request, receiving
from tests.integration.connectors.raw_server import RawServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8", "::1/128")
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class MailServer(socketserver.ThreadingTCPServer):
    """Speak as much SMTP as a client needs; ``verdict`` answers each message."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.verdict = "250 taken"
        self.messages: list[bytes] = []


class _MailHandler(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().strip().upper():
            if line.startswith(b"DATA"):
                self._say("354 go on")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.server.messages.append(b"".join(lines))
                self._say(self.server.verdict)
            elif line.startswith(b"QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def notice(identity: str = "0123abcd", title: str = "rule: Putin – a “title”", text: str = "He spoke.\nbbc") -> Notice:
    article = Document(id="a", source="bbc", seen=NOW, title="Putin", text="He spoke.", url="http://example.org/1")
    mark = Mark(text="Putin", start=0, end=5, part="title")
    alert = Alert(id="b", rule_id="c", rule="rule", matched=NOW, article=article, spans=(mark,), subject="a")
    return Notice(id=identity, rule="rule", title=title, text=text, alerts=(alert,), url=article.url, priority="high")


def open_channel(address: str, **options: Any) -> Any:
    return Channels({}, allow=LOOPBACK, **options).open(address)


def mail_address(server: MailServer) -> str:
    return f"smtp://127.0.0.1:{server.server_address[1]}?to=reader@example.org&from=wire@example.org"


def test_webhook_is_signed_over_time_and_body(hook: Receiver) -> None:
    receipt = open_channel(f"webhook+{hook.url}?a=b#secret=k%26y").send(notice())
    (request,) = hook.requests
    expected = signature("k&y", request.headers["X-Newswire-Timestamp"], request.body)
    assert request.headers["X-Newswire-Signature"] == f"sha256={expected}"
    assert (receipt, request.key, request.path) == ("HTTP 204", "0123abcd", "/hook?a=b")


def test_webhook_says_what_matched(hook: Receiver) -> None:
    open_channel(f"webhook+{hook.url}").send(notice())
    (told,) = hook.requests[0].json["alerts"]
    assert (told["words"], told["article"]["url"], told["reason"]) == (["Putin"], "http://example.org/1", "match")


def test_webhook_without_a_secret_is_not_signed(hook: Receiver) -> None:
    open_channel(f"webhook+{hook.url}").send(notice())
    assert "X-Newswire-Signature" not in hook.requests[0].headers


def test_ntfy_is_published_with_token_link_and_priority(hook: Receiver) -> None:
    host = hook.url.removeprefix("http://").removesuffix("/hook")
    open_channel(f"ntfy+http://:tk_1@{host}/my-topic").send(notice())
    (request,) = hook.requests
    message = request.json
    assert (message["topic"], message["click"], message["priority"]) == ("my-topic", "http://example.org/1", 5)
    assert (request.path, request.headers["Authorization"]) == ("/", "Bearer tk_1")


def test_ntfy_takes_a_user_s_password(hook: Receiver) -> None:
    host = hook.url.removeprefix("http://").removesuffix("/hook")
    open_channel(f"ntfy+http://me:pw@{host}/t").send(notice())
    assert base64.b64decode(hook.requests[0].headers["Authorization"].removeprefix("Basic ")) == b"me:pw"


@pytest.mark.parametrize("scheme", ["webhook", "ntfy"])
@pytest.mark.parametrize(
    ("status", "error"), [(500, TransientError), (429, TransientError), (404, TerminalError), (302, TerminalError)]
)
def test_http_refusals_tell_whether_to_repeat(hook: Receiver, scheme: str, status: int, error: type[Exception]) -> None:
    hook.behaviour = lambda request: request.answer(status)
    with pytest.raises(error, match=f"HTTP {status}"):
        open_channel(f"{scheme}+{hook.url}").send(notice())


def test_receiver_says_when_to_come_again(hook: Receiver) -> None:
    hook.behaviour = lambda request: request.answer(429, Retry_After="7")
    with pytest.raises(TransientError) as caught:
        open_channel(f"webhook+{hook.url}").send(notice())
    assert caught.value.retry_after == 7.0


def test_nobody_listening_is_to_be_repeated() -> None:
    with pytest.raises(TransientError, match="nothing listens there"):
        open_channel("webhook+http://127.0.0.1:1/").send(notice())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_address_on_a_rule_is_refused_when_it_is_given(host: str) -> None:
    with pytest.raises(UsageError, match="private address"):
        Channels({}).open(f"webhook+http://{host}/x")


def test_name_that_leads_to_a_private_address_is_refused_when_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channels({}).open("webhook+http://rebound.example/x")
    found = [(2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(TerminalError, match="private address"):
        channel.send(notice())


def test_operator_s_own_channel_may_be_private(hook: Receiver) -> None:
    Channels({"pager": f"webhook+{hook.url}"}).open("pager").send(notice())
    assert len(hook.requests) == 1


def test_server_that_does_not_speak_tls_is_left_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        left: list[bytes] = []

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                connection.recv(4096)
                connection.sendall(b"no TLS here\r\n")
                while received := connection.recv(4096):
                    left.append(received)
                left.append(b"")  # the other side has closed

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(TransientError, match=r"^127\.0\.0\.1: it does not speak TLS as it should$"):
            open_channel(f"webhook+https://127.0.0.1:{server.getsockname()[1]}/secret").send(notice())
        thread.join(5)
        assert left[-1:] == [b""]


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"])
def test_no_error_tells_more_of_an_address_than_its_host(answer: bytes) -> None:
    server, key = RawServer(lambda _: [answer]), "k3y" * 3
    try:
        with pytest.raises(TransientError) as caught:
            open_channel(f"webhook+{server.url}/{key}?key={key}").send(notice())
    finally:
        server.close()
    assert key not in "".join(traceback.format_exception(caught.value))


def test_address_is_sent_as_it_is_written(hook: Receiver) -> None:
    open_channel(f"webhook+{hook.url}/%7Euser/a+b/%2f?c=%20d+e&f=%C3%a9").send(notice())
    assert hook.requests[0].path == "/hook/%7Euser/a+b/%2f?c=%20d+e&f=%C3%a9"


def test_webhook_goes_through_the_proxy_of_the_settings_and_no_other(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = hook.url.removesuffix("/hook")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(TransientError):
        open_channel("webhook+http://127.0.0.1:1/x").send(notice())
    assert hook.requests == []
    open_channel("webhook+http://receiver.example/x", proxy=proxy).send(notice())
    assert [request.path for request in hook.requests] == ["http://receiver.example/x"]


def test_private_address_is_refused_through_a_proxy_too(hook: Receiver) -> None:
    with pytest.raises(UsageError, match="private address"):
        Channels({}, proxy=hook.url).open("webhook+http://0x7f.1/x")


@pytest.mark.parametrize("proxy", ["", "proxy:3128", "https://proxy", "http://proxy:0", "http://[::1"])
def test_proxy_that_is_no_address_is_a_usage_error(proxy: str) -> None:
    with pytest.raises(UsageError, match="proxy"):
        Channels({}, proxy=proxy)


def test_mail_is_addressed_titled_and_identified(mail_server: MailServer) -> None:
    receipt = open_channel(mail_address(mail_server)).send(notice())
    message = email.message_from_bytes(mail_server.messages[0], policy=email.policy.default)
    assert (message["To"], message["From"]) == ("reader@example.org", "wire@example.org")
    assert (message["Subject"], message["Message-ID"]) == ("rule: Putin – a “title”", "<0123abcd@newswire.invalid>")
    assert message.get_content().splitlines() == ["He spoke.", "bbc"]
    assert receipt == "accepted"


def test_title_cannot_add_mail_headers(mail_server: MailServer) -> None:
    open_channel(mail_address(mail_server)).send(notice(title="x\r\nBcc: all@example.org"))
    message = email.message_from_bytes(mail_server.messages[0], policy=email.policy.default)
    assert (message["Bcc"], message["Subject"]) == (None, "x Bcc: all@example.org")


@pytest.mark.parametrize(("verdict", "error"), [("451 later", TransientError), ("554 never", TerminalError)])
def test_mail_refusals_tell_whether_to_repeat(mail_server: MailServer, verdict: str, error: type[Exception]) -> None:
    mail_server.verdict = verdict
    with pytest.raises(error, match=f"SMTP {verdict[:3]}"):
        open_channel(mail_address(mail_server)).send(notice())


def test_mailto_goes_through_the_server_of_the_settings(mail_server: MailServer) -> None:
    channel = open_channel("mailto:reader@example.org", smtp=mail_address(mail_server))
    channel.send(notice())
    assert b"reader@example.org" in mail_server.messages[0]


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("mailto:a@example.org,b@example.org", b"To: a@example.org, b@example.org\n"),
        ("mailto:a@exämple.org", b"To: a@xn--exmple-cua.org\n"),
        ("mailto:%22Lee,%20Ann%22%20%3Ca@example.org%3E?subject=x", b'To: "Lee, Ann" <a@example.org>\n'),
    ],
)
def test_mailto_is_read_as_mail_programs_write_it(mail_server: MailServer, address: str, sent_to: bytes) -> None:
    open_channel(address, smtp=mail_address(mail_server)).send(notice())
    assert sent_to in mail_server.messages[0].replace(b"\r\n", b"\n")


def test_server_that_knows_no_such_address_is_not_asked_again(mail_server: MailServer) -> None:
    with pytest.raises(TerminalError, match="takes no address beyond ASCII"):
        open_channel("mailto:ä@example.org", smtp=mail_address(mail_server)).send(notice())


def test_mailto_without_a_server_says_what_to_set() -> None:
    with pytest.raises(UsageError, match="smtp"):
        open_channel("mailto:reader@example.org")


def test_password_is_not_sent_without_tls(mail_server: MailServer) -> None:
    address = mail_address(mail_server).replace("smtp://", "smtp://me:pw@")
    with pytest.raises(TerminalError, match="no password is sent in the clear"):
        open_channel(address).send(notice())
    assert mail.TIMEOUT_S <= 10.0


def atom_titles(path: Path) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in ElementTree.parse(path).getroot().iterfind(f"{ATOM}entry")]


def json_titles(path: Path) -> list[str | None]:
    return [item["title"] for item in json.loads(path.read_text("utf-8"))["items"]]


FEEDS = pytest.mark.parametrize(("kind", "titles"), [("atom", atom_titles), ("jsonfeed", json_titles)])


@FEEDS
def test_feed_file_has_the_newest_first_and_each_once(
    tmp_path: Path, kind: str, titles: Callable[[Path], list[str | None]]
) -> None:
    channel = open_channel(f"{kind}:feed", directory=tmp_path)
    for identity in ("1", "2", "1"):
        channel.send(notice(identity, title=f"{identity} & <b>"))
    assert titles(tmp_path / "feed") == ["1 & <b>", "2 & <b>"]


@FEEDS
def test_feed_file_survives_any_text(tmp_path: Path, kind: str, titles: Callable[[Path], list[str | None]]) -> None:
    channel = open_channel(f"{kind}:feed", directory=tmp_path)
    for identity in ("1", "2"):
        channel.send(notice(identity, title="a\x00\x1b\ud800￾b", text="\x00"))
    assert titles(tmp_path / "feed") == ["ab", "ab"]


def test_terminal_gets_no_control_characters() -> None:
    written: list[str] = []
    open_channel("terminal:", write=written.append).send(notice(title="a\x1b[31mb", text="c\x07\nd"))
    assert written == ["ALERT a[31mb\n  c\n  d"]


def test_desktop_is_told_title_text_and_urgency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "notify-send"
    tool.write_text('#!/bin/sh\nprintf "%s|" "$@" > "$(dirname "$0")/told"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    open_channel("desktop:").send(notice(title="--help", text="a <b>\nc"))
    told = (tmp_path / "told").read_text("utf-8")
    assert told == "--urgency=critical|--app-name=Newswire|--|--help|a &lt;b> c|"


def test_desktop_without_the_tool_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="notify-send"):
        open_channel("desktop:")


def test_apprise_carries_the_rest(hook: Receiver) -> None:
    pytest.importorskip("apprise", reason="the extra `notify` is not installed")

    def accept_json(request: Request) -> None:
        request.answer(200)

    hook.behaviour = accept_json
    open_channel(f"apprise:json://{hook.url.removeprefix('http://')}").send(notice())
    assert hook.requests[0].json["title"] == "rule: Putin – a “title”"


@pytest.mark.parametrize(
    "address", ["nothing", "gopher://x", "webhook+https://", "webhook+https://h:99999/", "ntfy+https://h", "smtp://",
                "smtp://host", "mailto:nobody", "", "mailto:a@b.example%0ABcc:c@d.example", "mailto:a b@c.example",
                "mailto:a@", "mailto:@b.example", "mailto:a@b..example", "smtp://host?to=a@b.example&from=c%0Ad@e.example",
                "smtp://host?to=A%0AB%20%3Ca@b.example%3E"],
)  # fmt: skip
def test_address_that_leads_nowhere_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError):
        Channels({}, smtp="smtp://mail.example.org").open(address)
