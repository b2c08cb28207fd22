"""A proxy before the page that speaks TLS: what it says of a request is believed, and nobody else's word."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.web.desk import Door
from pipeline.web.forwarded import is_among, networks
from pipeline.web.security import TRIES
from tests.fakes.web import page

PUBLIC = "news.example.org"
BEHIND = Door(password="open sesame", is_loopback=True, hosts=(PUBLIC,), proxies=("127.0.0.1", "10.0.0.0/8"))
TLS = {"x-forwarded-proto": "https", "x-forwarded-host": PUBLIC, "x-forwarded-for": "203.0.113.9"}


def test_addresses_given_out_through_a_proxy_are_those_of_the_proxy() -> None:
    with page(door=BEHIND) as served:
        bearer = {"authorization": f"Bearer {served.desk.access.add('phone', 'admin')}"}
        found = served.browser.get("/api/v1/addresses?q=flood", TLS | bearer).json()
        assert {address.partition("/feeds/")[0] for address in found.values()} == {f"https://{PUBLIC}"}
        feed = found["atom"].removeprefix(f"https://{PUBLIC}")
        given_out = served.browser.get(feed, TLS)
        assert f"https://{PUBLIC}/feeds/hub" in given_out.headers["link"]
        assert f"https://{PUBLIC}/feeds/" in given_out.text and "http://127.0.0.1" not in given_out.text


def test_forms_and_sessions_work_through_a_proxy_and_cookies_are_for_https() -> None:
    with page(door=BEHIND) as served:
        login = served.browser.get("/login", TLS)
        assert "Secure" in login.cookies[0]
        origin = {"origin": f"https://{PUBLIC}"}
        entered = served.browser.post("/login", TLS | origin, password="open sesame")
        assert entered.status == 303 and all("Secure" in cookie for cookie in entered.cookies)
        token = served.browser.get("/help", TLS).text.partition('data-token="')[2].partition('"')[0]
        followed = served.browser.post("/feeds", TLS | origin, url="https://a.example/f", form_token=token)
        assert followed.status == 303 and served.audit


def test_nobody_else_is_believed() -> None:
    with page(door=BEHIND) as served:
        bearer = {"authorization": f"Bearer {served.desk.access.add('phone', 'admin')}"}
        stranger = served.another(address="203.0.113.7")
        assert "https" not in stranger.get("/api/v1/addresses?q=flood", TLS | bearer).text
        assert "Secure" not in stranger.get("/login", TLS).cookies[0]


def test_name_that_is_none_of_ours_is_refused_through_a_proxy_too() -> None:
    with page(door=BEHIND) as served:
        assert served.browser.get("/login", TLS | {"x-forwarded-host": "evil.example"}).status == 421


def test_who_tries_passwords_through_a_proxy_holds_up_nobody_else() -> None:
    with page(door=BEHIND) as served:
        origin = {"origin": f"https://{PUBLIC}"}
        # What was sent before the proxy wrote its line counts for nothing: it would be another address each time.
        for n in range(TRIES + 1):
            last = served.browser.post("/login", TLS | origin | {"x-forwarded-for": f"198.51.100.{n}, 203.0.113.9"},
                                       password="wrong")  # fmt: skip
        assert last.status == 429
        other = TLS | origin | {"x-forwarded-for": "203.0.113.10, 10.1.2.3"}
        assert served.browser.post("/login", other, password="open sesame").status == 303


def test_page_without_a_password_lets_nobody_in_from_another_machine() -> None:
    door = Door(is_loopback=True, hosts=(PUBLIC,), proxies=("127.0.0.1",))
    with page(door=door) as served:
        for path in ("/", "/api/v1/articles", "/api/greader.php/accounts/ClientLogin"):
            refused = served.browser.get(path, TLS)
            assert refused.status == 403 and "set password under [web]" in refused.text
        here = {**TLS, "x-forwarded-for": "127.0.0.1"}
        assert served.browser.get("/", here).status == 200


def test_reader_is_named_by_the_proxy_wherever_the_browser_is() -> None:
    door = Door(is_loopback=True, hosts=(PUBLIC,), user_header="Remote-User", proxies=("10.0.0.0/8",))
    with page(door=door) as served:
        served.desk.readers.add("anna", "reader", "")
        named = TLS | {"remote-user": "anna"}
        assert served.another(address="10.0.0.2").get("/", named).status == 200
        assert served.another(address="203.0.113.7").get("/", named).status == 303


@given(st.lists(st.sampled_from(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]), unique=True),
       st.text(st.characters(max_codepoint=255), max_size=60))  # fmt: skip
def test_nothing_that_a_proxy_says_breaks_the_page(names: list[str], value: str) -> None:
    with page(door=BEHIND) as served:
        assert served.browser.get("/login", dict.fromkeys(names, value)).status in (200, 421)


def test_proxies_are_addresses_or_networks() -> None:
    assert is_among("::ffff:10.0.0.2", networks(["10.0.0.0/8"])) and is_among("10.0.0.2", networks(["10.0.0.2"]))
    assert not is_among("unknown", networks(["0.0.0.0/0"])) and not is_among("10.0.0.3", networks(["10.0.0.2"]))
    with pytest.raises(UsageError, match=r"'proxy\.example' of proxies under"):
        networks(["proxy.example"])


def test_ipv6_addresses_and_ports_are_read() -> None:
    with page(door=msgspec.structs.replace(BEHIND, password=None)) as served:
        for address in ("[2001:db8::1]:443", "2001:db8::1", "203.0.113.9:1234"):
            assert served.browser.get("/", TLS | {"x-forwarded-for": address}).status == 403
        assert served.browser.get("/", TLS | {"x-forwarded-for": "[::1]:5"}).status == 200
