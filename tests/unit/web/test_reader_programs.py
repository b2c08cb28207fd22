"""The Google Reader API: programs' requests in order, what each needs of an answer, and states after every step."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import AlertRule
from pipeline.web.desk import Door
from pipeline.web.readers.asked import fields_of, item_id, item_number, label_named
from tests.fakes.browser import Answer
from tests.fakes.reader_program import (
    FORM,
    LABEL,
    STATE,
    ReaderProgram,
    Sent,
    check_item,
    recorded_sequences,
    written_sequences,
)
from tests.fakes.reader_world import FEEDS, NEW_FEED
from tests.fakes.web import page

SEQUENCES = Path(__file__).parents[2] / "data" / "readers" / "sequences.txt"


def by_client(sequences: list[Sent]) -> list[list[Sent]]:
    clients = dict.fromkeys(each.client for each in sequences)
    return [[each for each in sequences if each.client == client] for client in clients]


def post(program: ReaderProgram, endpoint: str, body: str, **headers: str) -> Answer:
    given = {"authorization": f"GoogleLogin auth={program.auth}", "content-type": FORM} | headers
    return program.browser.ask("POST", f"/reader/api/0/{endpoint}", body.encode(), given)


@pytest.mark.parametrize("sent", by_client(list(written_sequences(SEQUENCES))), ids=lambda sent: sent[0].client)
def test_requests_of_programs_are_answered_and_change_what_they_say(sent: list[Sent]) -> None:
    with page() as served:
        program = ReaderProgram(served)
        for each in sent:
            program.follow(each)


def test_recorded_requests_of_programs_are_answered_and_change_what_they_say(shared_data: Path) -> None:
    for sent in by_client(list(recorded_sequences(shared_data / "greader" / "requests.json"))):
        with page() as served:
            program = ReaderProgram(served)
            for each in sent:
                program.follow(each)


@pytest.mark.parametrize("seed", range(4))
def test_requests_in_any_order_keep_states_right(seed: int) -> None:
    """Send the requests of all programs mixed up: whatever came before, each does what it says."""
    dice = random.Random(seed)
    sequences = [each for each in written_sequences(SEQUENCES) if "unsubscribe" not in each.body + each.query]
    with page() as served:
        program = ReaderProgram(served)
        for each in dice.sample(sequences, 25):
            program.follow(each)


def test_pages_of_a_stream_join_while_it_is_read() -> None:
    with page() as served:
        program = ReaderProgram(served)
        whole = program.ids(f"s={STATE}reading-list&n=1000")
        first = program.get(f"stream/items/ids?s={STATE}reading-list&xt={STATE}read&n=10").json()
        post(program, "edit-tag", "&".join(f"i={n}" for n in whole[:10]) + f"&a={STATE}read")
        more = program.ids(f"s={STATE}reading-list&xt={STATE}read&n=5", first["continuation"])
        assert [int(each["id"]) for each in first["itemRefs"]] + more == whole
        assert type(first["continuation"]) is str and set(first["itemRefs"][0]) == {"id"}


def test_alerts_and_saved_searches_are_labels() -> None:
    with page() as served:
        program = ReaderProgram(served)
        rule = AlertRule(
            id="r", name="Ceasefire", query='title:"Title 1" OR title:"Title 2"', created=datetime.now(UTC)
        )
        served.store.rules.put("r", msgspec.json.encode(rule))
        served.desk.searches.keep("seventeen", 'title:"Title 17"')
        ids = {each["id"]: each.get("type") for each in program.get("tag/list").json()["tags"]}
        assert ids[f"{LABEL}Alerts/Ceasefire"] == ids[f"{LABEL}Searches/seventeen"] == "tag"
        found = program.get(f"stream/contents/{quote(LABEL + 'Alerts/Ceasefire')}").json()["items"]
        assert [each["title"] for each in found] == ["Title 2", "Title 1"]
        assert all(f"{LABEL}Alerts/Ceasefire" in each["categories"] for each in found)
        post(program, "mark-all-as-read", f"s={LABEL}Searches/seventeen")
        counts = {each["id"]: each["count"] for each in program.get("unread-count").json()["unreadcounts"]}
        assert counts[f"{LABEL}Alerts/Ceasefire"] == 2 and counts[f"{LABEL}Searches/seventeen"] == 0
        refused = post(program, "disable-tag", f"s={LABEL}Alerts/Ceasefire")
        assert refused.status == 400 and [each.name for each in served.desk.alerts.all()] == ["Ceasefire"]


def test_marks_of_the_page_are_those_of_programs() -> None:
    with page() as served:
        program = ReaderProgram(served)
        assert "Title 23" in served.browser.get("/?view=unread").text
        newest, second = program.ids(f"n=30&s={STATE}reading-list")[:2]
        post(program, "edit-tag", f"i={newest}&a={STATE}read")
        assert "Title 23" not in served.browser.get("/?view=unread").text
        served.browser.post("/marks", article=f"{22:032x}", read="yes", starred="yes", add="later")
        assert second not in program.ids(f"n=30&s={STATE}reading-list&xt={STATE}read")
        assert program.ids(f"s={STATE}starred&n=5") == program.ids(f"s={LABEL}later&n=5") == [second]


def test_feed_that_is_left_takes_its_articles_along_but_for_stars() -> None:
    with page() as served:
        program = ReaderProgram(served)
        (starred, *others) = program.ids(f"s=feed/{program.model.feeds[FEEDS[0]]}&n=100")
        post(program, "edit-tag", f"i={starred}&a={STATE}starred")
        post(program, "subscription/edit", f"ac=unsubscribe&s={FEEDS[0]}")
        assert not {starred, *others} & set(program.ids(f"s={STATE}reading-list&n=100"))
        assert program.ids(f"s={STATE}starred&n=10") == [starred]
        listed = {each["id"] for each in program.get("subscription/list").json()["subscriptions"]}
        (item,) = program.get(f"stream/contents/{STATE}starred").json()["items"]
        assert item["origin"]["streamId"] in listed
        post(program, "subscription/quickadd", f"quickadd={FEEDS[0]}")
        assert program.ids(f"s=feed/{program.model.feeds[FEEDS[0]]}&n=100") == [starred, *others]


def test_feed_known_already_is_named() -> None:
    with page() as served:
        program = ReaderProgram(served)
        answer = post(program, "subscription/quickadd", f"quickadd={quote(FEEDS[1], safe='')}").json()
        assert (answer["numResults"], answer["error"]) == (0, f"Already subscribed! {FEEDS[1]}")
        assert answer["streamId"] == f"feed/{program.model.feeds[FEEDS[1]]}"
        nothing = post(program, "subscription/quickadd", "quickadd=https://nothing.example/").json()
        assert nothing["numResults"] == 0 and "no feed" in nothing["error"] and "streamId" not in nothing


@pytest.mark.parametrize("name", ["C++", "A & B", "50%", "Süd", "a/b", "x'y", "Tag \U0001f600", "a=b"])
def test_folder_of_any_name_is_found_renamed_and_dropped(name: str) -> None:
    with page() as served:
        program, feed = ReaderProgram(served), "feed/https://alpha.example/feed"
        post(program, "subscription/edit", f"ac=edit&s={feed}&a={quote(LABEL + name, safe='')}")
        path = f"stream/items/ids?s={quote(LABEL + name, safe='')}&n=100"
        assert len(program.get(path).json()["itemRefs"]) == 8
        assert post(program, "disable-tag", f"T=x&s={LABEL}{name}").text == "OK"  # as some send it, not encoded
        tags = {each["id"] for each in program.get("tag/list").json()["tags"]}
        assert LABEL + name not in tags and f"{LABEL}World" in tags
        assert program.get(path).json()["itemRefs"] == []


@pytest.mark.parametrize("query", ["", "&a=1", "&b=2&c=%20x"])
def test_address_that_is_not_encoded_is_read_whole(query: str) -> None:
    with page() as served:
        program, url = ReaderProgram(served), f"https://e.example/rss?x=1{query}"
        post(program, f"subscription/edit?ac=subscribe&s=feed/{url}&t=Their title&a=user%2F-%2Flabel%2FWorld".replace(
            " ", "%20"), "T=")  # fmt: skip
        assert {feed.url: feed.tags for feed in served.desk.feeds.all()}[url] == ("World",)


@pytest.mark.parametrize("stream", ["feed/999", "feed/https://nobody.example/", f"{LABEL}Nobody", f"{STATE}broadcast"])
def test_unknown_stream_is_empty(stream: str) -> None:
    with page() as served:
        program = ReaderProgram(served)
        assert program.get(f"stream/items/ids?s={stream}&n=10").json() == {"itemRefs": []}
        assert program.get(f"stream/contents/{stream}").json()["items"] == []
        post(program, "mark-all-as-read", f"s={stream}")
        program.check_states()


@pytest.mark.parametrize(("path", "status"), [
    ("stream/items/ids?s=nonsense", 404), ("stream/contents/nonsense", 404), ("stream/items/ids?s=user/-/state/x", 404),
    ("stream/items/ids?n=some", 400), ("stream/items/ids?c=-5", 400), ("stream/items/ids?ot=never", 400),
    ("nothing", 404), ("edit-tag", 405), ("stream/items/ids?n=99999999999999999999&ot=99999999999999999999&nt=-1", 200),
])  # fmt: skip
def test_bad_input_is_refused_in_words(path: str, status: int) -> None:
    with page() as served:
        answer = ReaderProgram(served).get(path)
        assert answer.status == status
        assert answer.headers["content-type"].startswith("application/json" if status == 200 else "text/plain")


@pytest.mark.parametrize(("endpoint", "body", "status"), [
    ("edit-tag", "i=null&i=&i=zzz&i=-&i=tag:google.com,2005:reader/item/xyz&a=user/-/state/com.google/read", 200),
    ("edit-tag", "", 200), ("edit-tag", 'i=1&a=user/-/label/a"b', 400), ("mark-all-as-read", "", 400),
    ("mark-all-as-read", "s=feed/1&ts=soon", 400), ("subscription/edit", "ac=dance&s=feed/1", 400),
    ("subscription/edit", "ac=edit&s=feed/999&t=x", 404), ("subscription/edit", "ac=unsubscribe&s=feed/999", 200),
    ("subscription/edit", "", 400), ("subscription/quickadd", "", 400), ("subscription/import", "", 400),
    ("subscription/import", "<opml", 400), ("rename-tag", "s=user/-/label/Nobody&dest=user/-/label/x", 404),
    ("rename-tag", "s=user/-/label/World", 400), ("disable-tag", "s=nonsense", 400),
    ("stream/items/contents", "i=zzz&i=99999999999999999999999&i=0", 200),
    ("stream/items/contents", "&".join(f"i={n}" for n in range(1, 30_000)), 200),
])  # fmt: skip
def test_bad_changes_change_nothing(endpoint: str, body: str, status: int) -> None:
    with page() as served:
        program = ReaderProgram(served)
        assert post(program, endpoint, body).status == status
        program.check_states()


def test_body_that_is_too_large_is_refused() -> None:
    with page() as served:
        assert post(ReaderProgram(served), "edit-tag", "i=" + "1" * (17 << 20)).status == 413


def test_login_is_good_until_the_password_changes() -> None:
    def served_with(password: str | None, loopback: bool = False) -> Door:
        return Door(password=password, is_loopback=loopback)

    with page(door=served_with("first")) as served:
        wrong = served.browser.ask("POST", "/accounts/ClientLogin", b"Email=x&Passwd=second", {"content-type": FORM})
        assert wrong.status == 401 and "Auth=" not in wrong.text
        program = ReaderProgram(served, "first")
        assert program.get("user-info").status == 200
        first = program.auth
    with page(door=served_with("second")) as served:
        headers = {"authorization": f"GoogleLogin auth={first}"}
        dead = served.browser.ask("GET", "/reader/api/0/user-info", headers=headers)
        assert dead.status == 401 and dead.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "header", [None, "", "GoogleLogin auth=", "GoogleLogin auth=o.abc", "Bearer nw_x", "GoogleLogin"]
)
def test_nothing_is_given_without_a_login(header: str | None) -> None:
    with page() as served:
        ReaderProgram(served)
        headers = {} if header is None else {"authorization": header}
        for path in ("stream/contents", "stream/items/ids", "subscription/list", "token", "nothing"):
            answer = served.browser.ask("GET", f"/reader/api/0/{path}", headers=headers)
            assert (answer.status, "Title" in answer.text) == (401, False)
        assert served.browser.ask("POST", "/reader/api/0/edit-tag", b"i=1", headers).status == 401


@pytest.mark.parametrize("password", ["a+b&c%20d", "Ünï 100%", "x=y"])
def test_password_of_any_letters_is_taken_encoded_and_raw(password: str) -> None:
    with page(door=Door(password=password, is_loopback=False)) as served:
        for shown in (quote(password, safe=""), f"{password}&source=x"):
            answer = served.browser.ask("POST", "/accounts/ClientLogin", f"Email=x&Passwd={shown}".encode(),
                                        {"content-type": FORM})  # fmt: skip
            assert answer.status == 200, shown


def test_token_logs_in_for_what_it_may_until_it_is_removed() -> None:
    with page(door=Door(is_loopback=False)) as served:
        secret = served.desk.access.add("phone", "read")
        program = ReaderProgram(served, secret)
        assert program.get("subscription/list").status == 200
        assert post(program, "edit-tag", f"i=1&a={STATE}read").status == 403
        served.desk.access.remove("phone")
        assert program.get("subscription/list").status == 401


def test_wrong_passwords_make_one_wait_and_right_ones_do_not() -> None:
    with page(door=Door(password="right", is_loopback=False)) as served:

        def login(password: str) -> int:
            body = f"Email=x&Passwd={password}".encode()
            return served.browser.ask("POST", "/accounts/ClientLogin", body, {"content-type": FORM}).status

        assert [login("right") for _ in range(60)] == [200] * 60
        statuses = [login("wrong") for _ in range(60)]
        assert statuses[:20] == [401] * 20 and statuses[-1] == 429 and 404 not in statuses


@pytest.mark.parametrize("path", ["//reader//api/0/user-info/", "/api/greader.php/reader/api/0/user-info",
                                  "/api/greader.php//reader/api/0/user-info/"])  # fmt: skip
def test_common_mistakes_in_the_address_are_forgiven(path: str) -> None:
    with page() as served:
        program = ReaderProgram(served)
        headers = {"authorization": f"GoogleLogin auth={program.auth}"}
        scope_path = path.replace("//", "/%2F", 1) if path.startswith("//") else path
        assert served.browser.ask("GET", scope_path, headers=headers).status == 200
        assert served.browser.get("/api/greader.php").text == "OK"


def test_other_sites_pages_are_refused() -> None:
    with page() as served:
        program = ReaderProgram(served)
        answer = post(program, "edit-tag", f"i=1&a={STATE}read", origin="https://evil.example")
        assert answer.status == 403
        assert served.another(host="evil.example").get("/reader/api/0/token").status == 421


def test_new_feed_is_listed_at_once_under_the_number_it_keeps() -> None:
    with page() as served:
        program = ReaderProgram(served)
        made = post(program, "subscription/quickadd", f"quickadd=feed/{NEW_FEED}").json()
        listed = {each["url"]: each["id"] for each in program.get("subscription/list").json()["subscriptions"]}
        assert listed[NEW_FEED] == made["streamId"]
        post(program, "subscription/edit", f"ac=unsubscribe&s={made['streamId']}")
        assert post(program, "subscription/quickadd", f"quickadd={NEW_FEED}").json()["streamId"] == made["streamId"]


def test_articles_that_came_before_their_feed_was_followed_are_its_own() -> None:
    with page() as served:
        program = ReaderProgram(served)
        served.put(msgspec.structs.replace(served.desk.articles.get(f"{1:032x}"), id="f" * 32, feed=NEW_FEED))
        newest = program.ids(f"s={STATE}reading-list&n=1&it=feed/1")[0]
        assert program.get("stream/contents?n=1").json()["items"][0]["origin"]["streamId"] == "feed/1"
        stream = post(program, "subscription/quickadd", f"quickadd={NEW_FEED}").json()["streamId"]
        counts = {each["id"]: each["count"] for each in program.get("unread-count").json()["unreadcounts"]}
        assert program.ids(f"s={stream}&n=5") == [newest] and (counts[stream], counts["feed/1"]) == (1, 1)


@given(st.integers(0, (1 << 64) - 1))
def test_id_is_read_in_every_form(number: int) -> None:
    long = item_id(number)
    forms = [long, long[:-16] + long[-16:].upper(), quote(long, safe=""), f"{long[:-16]}{number:x}"]
    if number:
        forms += [str(number), str(number - (1 << 64))] if number >= 1 << 63 else [str(number)]
    assert {item_number(form) for form in forms} == {number}
    if number < 1 << 60:
        assert item_number(f"{number:016x}") == number


@given(st.text(max_size=60))
def test_anything_is_an_id_or_none(text: str) -> None:
    number = item_number(text)
    assert number is None or 0 <= number < 1 << 64
    label_named(text)
    fields_of(text, text.encode("utf-8", "replace"), text)


def test_odd_article_loses_no_page() -> None:
    with page() as served:
        program = ReaderProgram(served)
        number = program.ids(f"s={STATE}reading-list&n=1")[0]
        big = served.desk.articles.get(f"{23:032x}")
        served.put(
            msgspec.structs.replace(big, html="<p>" + "א😀" * 1_000_000 + "</p>", revision=2, title="\ud800"[:0] or " ")
        )
        items = program.get("stream/contents?n=100").json()["items"]
        assert len(items) == 24 and items[0]["id"] == item_id(number)
        for each in items:
            check_item(each)
