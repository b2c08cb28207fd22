"""Several readers: what is one's is seen and changed by no other, by page, API, reader program or Fever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.model import Alert
from pipeline.ports.alerts import Delivery
from pipeline.services.readers import Role
from pipeline.web.desk import Door
from pipeline.web.live import Live, Told
from pipeline.web.rendering import Rendering
from pipeline.wiring import services
from tests.fakes.browser import Answer, Browser
from tests.fakes.reader_program import FORM, LABEL, STATE
from tests.fakes.reader_world import ARTICLES, FEEDS, seed
from tests.fakes.web import Page, page

PASSWORDS = {"anna": "anna's words", "ben": "ben's words", "eve": "eve's words", "root": "root's words"}
ROLES: dict[str, Role] = {"anna": "reader", "ben": "reader", "eve": "editor", "root": "admin"}


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at less cost than against thieves."""
    monkeypatch.setattr("pipeline.services.readers.COST", 2)


class Somebody:
    """Come in by page, API, reader program and Fever at once."""

    def __init__(self, served: Page, name: str, password: str) -> None:
        self.served = served
        self.browser: Browser = served.another()
        entered = self.browser.post("/login", name=name, password=password)
        assert entered.status == 303, entered.text
        self.api = self._token(name)
        answer = self.browser.ask("POST", "/accounts/ClientLogin", f"Email={name}&Passwd={password}".encode(),
                                  {"content-type": FORM})  # fmt: skip
        self.auth = answer.text.partition("Auth=")[2].strip()
        self.key = hashlib.md5(f"{name}:{self.api}".encode(), usedforsecurity=False).hexdigest()

    def _token(self, name: str) -> str:
        reader = self.served.desk.readers.get(name)
        assert reader is not None
        return self.served.desk.access.add(f"{name}'s", reader.scope, name)

    def ask(self, method: str, path: str, value: Any = None) -> Answer:
        """Ask the API by the token."""
        body = b"" if value is None else msgspec.json.encode(value)
        return self.served.another().ask(method, f"/api/v1{path}", body, {"authorization": f"Bearer {self.api}"})

    def program(self, method: str, endpoint: str, body: str = "") -> Answer:
        """Ask by a reader program."""
        headers = {"authorization": f"GoogleLogin auth={self.auth}", "content-type": FORM}
        return self.served.another().ask(method, f"/reader/api/0/{endpoint}", body.encode(), headers)

    def fever(self, fields: str) -> dict[str, Any]:
        """Ask by Fever."""
        found: dict[str, Any] = self.served.another().ask(
            "POST", "/fever/?api&" + fields, f"api_key={self.key}".encode(), {"content-type": FORM}
        ).json()  # fmt: skip
        return found

    def state(self) -> dict[str, Any]:
        """Return all that is this reader's own, by every way."""
        asked = f"stream/items/ids?s={STATE}reading-list&xt={STATE}read&n=99"
        unread = [each["id"] for each in self.program("GET", asked).json()["itemRefs"]]
        assert sorted(unread) == sorted(self.fever("unread_item_ids")["unread_item_ids"].split(","))
        starred = [
            each["id"] for each in self.program("GET", f"stream/items/ids?s={STATE}starred&n=99").json()["itemRefs"]
        ]
        assert starred == [each for each in self.fever("saved_item_ids")["saved_item_ids"].split(",") if each]
        labels = [each["id"].removeprefix(LABEL) for each in self.program("GET", "tag/list").json()["tags"]]
        alerts = [
            each["alert"]["name"] if "alert" in each else each["name"] for each in self.ask("GET", "/alerts").json()
        ]
        return {
            "unread": len(unread), "starred": len(starred), "marks": self.ask("GET", "/marks").json(), "alerts": alerts,
            "labels": [name for name in labels if name not in ("World", "Sport", f"{STATE}starred")],
            "searches": self.ask("GET", "/searches").json(),
            "found": self.ask("GET", "/articles?q=is:starred").json()["total"],
        }  # fmt: skip


EMPTY = {"unread": ARTICLES, "starred": 0, "marks": {}, "alerts": [], "labels": [], "searches": {}, "found": 0}


@contextmanager
def several() -> Iterator[tuple[Page, dict[str, Somebody], list[int]]]:
    with page(door=Door(password="the page's words", is_loopback=False)) as served:
        numbers = sorted(seed(served))
        for name, password in PASSWORDS.items():
            served.desk.readers.add(name, ROLES[name], password)
        yield served, {name: Somebody(served, name, password) for name, password in PASSWORDS.items()}, numbers


def test_what_one_reader_keeps_no_other_sees() -> None:
    with several() as (served, readers, numbers):
        anna = readers["anna"]
        assert anna.browser.post("/marks", article=f"{1:032x}", starred="yes", read="yes").status == 303
        anna.program("POST", "edit-tag", f"i={numbers[2]}&a={STATE}read&a={LABEL}Mine")
        anna.fever(f"mark=item&as=saved&id={numbers[3]}")
        assert anna.ask("POST", "/alerts", {"name": "Secret", "query": 'title:"Title 1"'}).status == 201
        assert anna.ask("PUT", "/searches/hidden", {"query": 'title:"Title 2"'}).status in (200, 201)
        assert anna.ask("POST", "/alerts", {"name": "Named", "query": "search:hidden"}).status == 201
        own = anna.state()
        assert (own["unread"], own["starred"], own["found"]) == (ARTICLES - 2, 2, 2)
        assert own["marks"] == {"read": 2, "starred": 2, "tag mine": 1} and own["alerts"] == ["Named", "Secret"]
        assert set(own["labels"]) == {"Mine", "Alerts/Secret", "Alerts/Named", "Searches/hidden"}
        for name in ("ben", "eve", "root"):
            assert readers[name].state() == EMPTY
        assert served.desk.marks("").counts() == {} and served.desk.alerts.all() == []
        assert served.desk.searches.all() == {}


def test_what_one_reader_keeps_no_other_changes() -> None:
    with several() as (_, readers, numbers):
        anna = readers["anna"]
        anna.program("POST", "edit-tag", f"i={numbers[2]}&a={STATE}read&a={STATE}starred&a={LABEL}Mine")
        anna.ask("POST", "/alerts", {"name": "Secret", "query": 'title:"Title 1"'})
        anna.ask("PUT", "/searches/hidden", {"query": 'title:"Title 2"'})
        before = anna.state()
        for other in (readers[name] for name in ("ben", "eve", "root")):
            other.program("POST", "mark-all-as-read", f"s={STATE}reading-list")
            other.program("POST", "edit-tag", f"i={numbers[2]}&r={STATE}read&r={STATE}starred&r={LABEL}Mine")
            other.program("POST", "disable-tag", f"s={LABEL}Mine")
            other.program("POST", "rename-tag", f"s={LABEL}Mine&dest={LABEL}Theirs")
            other.fever("mark=group&as=read&id=0&before=9223372036854775")
            other.fever(f"mark=item&as=unsaved&id={numbers[2]}")
            for method, path in (("DELETE", "/alerts/Secret"), ("PATCH", "/alerts/Secret"), ("GET", "/alerts/Secret"),
                                 ("GET", "/alerts/Secret/ledger"), ("DELETE", "/searches/hidden")):  # fmt: skip
                answer = other.ask(method, path, {"query": "other"} if method == "PATCH" else None)
                assert answer.status == 404 and "Title 1" not in answer.text
            assert other.browser.get("/alert/Secret").status == 404
            assert other.browser.post("/alert/Secret", remove="1").status == 404
            assert "Secret" not in other.browser.get("/alerts").text
            assert other.ask("GET", "/articles?q=search:hidden").status == 400
            other.ask("POST", "/alerts", {"name": "Secret", "query": "another"})
            other.ask("PUT", "/searches/hidden", {"query": "another"})
        assert anna.state() == before
        assert anna.ask("GET", "/alerts/Secret").json()["query"] == 'title:"Title 1"'


def test_readers_may_keep_what_is_theirs_and_change_nothing_that_is_shared() -> None:
    with several() as (served, readers, _):
        ben, eve = readers["ben"], readers["eve"]
        changes = [
            ("subscription/edit", f"ac=unsubscribe&s={FEEDS[0]}"), ("subscription/quickadd", "quickadd=https://x.example/"),
            ("disable-tag", f"s={LABEL}World"), ("rename-tag", f"s={LABEL}World&dest={LABEL}X"),
            ("edit-tag", f"a={LABEL}Folder"), ("subscription/import", "<opml/>"),
        ]  # fmt: skip
        assert [ben.program("POST", endpoint, body).status for endpoint, body in changes] == [403] * len(changes)
        assert ben.ask("DELETE", f"/feeds/one?url={FEEDS[0]}").status == 403
        assert ben.browser.post("/feed", url=FEEDS[0], remove="1").status == 403
        assert ben.browser.post("/operation", do="x").status == 403
        assert {feed.url for feed in served.desk.feeds.all()} == set(FEEDS)
        assert eve.browser.get("/operation/backup").status == 403
        assert eve.program("POST", "subscription/edit", f"ac=unsubscribe&s={FEEDS[0]}").text == "OK"
        assert FEEDS[0] not in {each["url"] for each in ben.program("GET", "subscription/list").json()["subscriptions"]}


def test_alerts_of_readers_go_to_the_channels_of_the_settings_only() -> None:
    with several() as (_, readers, _):
        for channel in ("webhook+https://evil.example/x", "feedfile:///tmp/x.atom", "mailto:x@y.example"):
            answer = readers["ben"].ask("POST", "/alerts", {"name": "X", "query": "a", "channels": [channel]})
            assert answer.status == 400 and "channels of the settings" in answer.text


def test_messages_of_one_reader_s_alerts_are_shown_to_no_other() -> None:
    with several() as (served, readers, _):
        now = datetime.now(UTC)
        readers["anna"].ask("POST", "/alerts", {"name": "Secret", "query": 'title:"Title 1"'})
        (rule,) = served.desk.of("anna").alerts.all()
        served.store.ledger.enter([
            Delivery(id="d", channel="terminal", state="sent", due=now, changed=now,
                     alert=Alert(id="a", rule_id=rule.id, rule=rule.name, matched=now, note="told to anna alone"))
        ])  # fmt: skip
        assert len(served.desk.of("anna").alerts.log(10)) == 1
        for desk in (served.desk, *(served.desk.of(name) for name in ("ben", "eve", "root"))):
            assert desk.alerts.log(10, withheld=True) == [] and desk.alerts.tallies() == {}
        assert "told to anna" not in readers["root"].browser.get("/alerts").text
        readers["anna"].ask("DELETE", "/alerts/Secret")
        assert served.desk.alerts.log(10) == [] and len(served.desk.of("anna").alerts.log(10)) == 1


def test_secret_address_leads_to_the_search_of_whom_it_was_made_for() -> None:
    with several() as (served, readers, _):
        readers["anna"].ask("PUT", "/searches/same", {"query": 'title:"Title 1"'})
        readers["ben"].ask("PUT", "/searches/same", {"query": 'title:"Title 2"'})
        from pipeline.web.access_pages import outgoing_address

        hers = outgoing_address(served.desk.of("anna"), "search", "same")
        stranger = served.another()
        assert "Title 1<" in stranger.get(hers).text and "Title 2<" not in stranger.get(hers).text
        assert stranger.get(hers.replace("reader=anna", "reader=ben")).status == 404
        assert stranger.get(hers.replace("&reader=anna", "")).status == 404


def test_reader_who_is_removed_is_let_in_no_more_and_leaves_nothing() -> None:
    with several() as (served, readers, numbers):
        anna = readers["anna"]
        anna.program("POST", "edit-tag", f"i={numbers[2]}&a={STATE}starred")
        anna.ask("POST", "/alerts", {"name": "Secret", "query": "a"})
        anna.ask("PUT", "/searches/hidden", {"query": "a"})
        assert services.spared(served.store)
        services.remove_reader(served.store, "anna")
        assert anna.browser.get("/").status == 303 and anna.ask("GET", "/marks").status == 401
        assert anna.program("GET", "token").status == 401 and anna.fever("items")["auth"] == 0
        served.desk.readers.add("anna", "reader", "other words")
        assert anna.program("GET", "token").status == 401 and anna.browser.get("/").status == 303
        assert Somebody(served, "anna", "other words").state() == EMPTY
        assert not services.spared(served.store)


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "ben's words"), ("nobody", "anna's words"), ("", "anna's words")]
)
def test_wrong_name_or_password_lets_nobody_in(name: str, password: str) -> None:
    with several() as (served, _, _):
        stranger = served.another()
        assert stranger.post("/login", name=name, password=password).status == 403
        answer = stranger.ask("POST", "/accounts/ClientLogin", f"Email={name}&Passwd={password}".encode(),
                              {"content-type": FORM})  # fmt: skip
        assert answer.status == 401


def test_machine_of_readers_with_names_is_open_to_nobody_else() -> None:
    with page() as served:
        assert served.browser.get("/").status == 200
        served.desk.readers.add("anna", "reader", "anna's words")
        assert served.browser.get("/").status == 303
        assert 'name="name"' in served.browser.get("/login").text
        answer = served.browser.ask("POST", "/accounts/ClientLogin", b"Email=x&Passwd=y", {"content-type": FORM})
        assert answer.status == 401


def test_header_of_a_named_proxy_says_who_comes_and_that_of_another_nothing() -> None:
    door = Door(is_loopback=True, user_header="Remote-User", proxies=("10.0.0.2",))
    with page(door=door) as served:
        served.desk.readers.add("anna", "reader")
        by_proxy = served.another(address="10.0.0.2")
        assert by_proxy.get("/api/v1/marks", {"remote-user": "anna"}).status == 200
        assert by_proxy.get("/api/v1/marks", {"remote-user": "mallory"}).status == 403
        assert by_proxy.get("/api/v1/marks").status == 401
        assert served.another(address="10.0.0.3").get("/api/v1/marks", {"remote-user": "anna"}).status == 401
        assert by_proxy.get("/operation/backup", {"remote-user": "anna"}).status == 403


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 41, "a.b", "-a", "Anna"])
def test_name_that_cannot_be_a_reader_s_is_refused(name: str) -> None:
    with page() as served:
        served.desk.readers.add("anna", "reader", "long enough")
        with pytest.raises(UsageError):
            served.desk.readers.add(name, "reader", "long enough")
        with pytest.raises(UsageError):
            served.desk.readers.add("ben", "reader", "short")


def test_query_is_followed_at_secret_addresses_as_feed_and_calendar() -> None:
    with several() as (served, readers, _):
        given = readers["anna"].ask("GET", "/addresses?q=title%3A%22Title+1%22+OR+is%3Astarred").json()
        assert set(given) == {"atom", "json", "ics"}
        stranger = served.another()
        for form, address in given.items():
            path = address.partition("127.0.0.1:8765")[2]
            found = stranger.get(path)
            assert found.status == 200 and ("BEGIN:VCALENDAR" if form == "ics" else "Title 1") in found.text
            assert stranger.get(path.replace("key=", "key=x")).status == 404
            assert stranger.get(path.replace("Title%201", "Title%202").replace("Title+1", "Title+2")).status == 404
        assert readers["anna"].ask("GET", "/addresses?q=(").status == 400


def test_link_shares_one_article_and_nothing_else() -> None:
    with several() as (served, readers, _):
        address = readers["anna"].ask("GET", f"/articles/{1:032x}/share").json()["address"]
        path, stranger = address.partition("127.0.0.1:8765")[2], served.another()
        shown = stranger.get(path)
        assert shown.status == 200 and "Title 1" in shown.text and "https://x.example/1" in shown.text
        assert stranger.get(path.replace(f"{1:032x}", f"{2:032x}")).status == 404
        assert stranger.get(f"/share/{1:032x}").status == 404
        assert stranger.get(f"/article/{1:032x}").status == 303
        assert "Title 2" not in shown.text and "World" not in shown.text


def test_live_alerts_go_to_whose_they_are() -> None:
    now = datetime.now(UTC)
    alert = Alert(id="a", rule_id="r", rule="Secret", matched=now, note="told to anna alone")
    delivery = Delivery(id="d", channel="terminal", state="sent", due=now, changed=now, alert=alert)
    told = Told("1", (), (("anna", delivery),))
    with page() as served:
        live = Live(served.desk, served.desk.marks, Rendering(served.desk))  # type: ignore[arg-type]
        assert b"Secret" in b"".join(live.written(told, None, "anna"))
        assert live.written(told, None, "ben") == live.written(told, None, "") == []


def test_list_in_use_does_not_tell_by_whose_alert() -> None:
    with several() as (_, readers, _):
        readers["eve"].ask("PUT", "/lists/ports", ["Oslo"])
        assert readers["anna"].ask("POST", "/alerts", {"name": "Secret", "query": "list:ports"}).status == 201
        assert readers["anna"].ask("PUT", "/searches/hidden", {"query": "list:ports"}).status in (200, 201)
        refused = readers["eve"].ask("DELETE", "/lists/ports")
        assert refused.status == 400 and "a reader's alert" in refused.text
        assert "Secret" not in refused.text and "hidden" not in refused.text and "anna" not in refused.text
