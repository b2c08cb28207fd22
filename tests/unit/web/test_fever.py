"""The Fever API: what programs send, the types they need, pages that join, marks, and keys."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.web.desk import Door
from tests.fakes.browser import Answer, Browser
from tests.fakes.reader_world import ARTICLES, FEEDS, seed
from tests.fakes.web import Page, page

FORM = "application/x-www-form-urlencoded"


def key_of(name: str, secret: str) -> str:
    return hashlib.md5(f"{name}:{secret}".encode(), usedforsecurity=False).hexdigest()


KEY = key_of("newswire", "let me in")


@contextmanager
def seeded() -> Iterator[tuple[Page, list[int]]]:
    with page(door=Door(password="let me in", is_loopback=False)) as served:
        yield served, sorted(seed(served))


def send(browser: Browser, query: str, body: str = f"api_key={KEY}", kind: str = FORM, path: str = "/fever/") -> Answer:
    return browser.ask("POST", f"{path}?{query}", body.encode(), {"content-type": kind} if kind else {})


def asked(served: Page, query: str, body: str = f"api_key={KEY}") -> dict[str, Any]:
    answer = send(served.browser, query, body)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    assert (found["api_version"], found["auth"]) == (3, 1) and type(found["last_refreshed_on_time"]) is int
    return found


def listed(text: str) -> list[int]:
    return [int(each) for each in text.split(",")] if text else []


def test_feeds_and_groups_have_the_types_that_programs_need() -> None:
    with seeded() as (served, _):
        found = asked(served, "api&feeds&groups&favicons")
        for feed in found["feeds"]:
            assert list(feed)[:2] == ["id", "favicon_id"] and 0 < feed["id"] < 1 << 31
            assert feed["title"] and feed["url"] and type(feed["is_spark"]) is int
        inside = {int(feed) for each in found["feeds_groups"] for feed in each["feed_ids"].split(",")}
        assert inside == {feed["id"] for feed in found["feeds"]}
        assert all(set(group) == {"id", "title"} and group["id"] < 1 << 31 for group in found["groups"])
        assert {each["group_id"] for each in found["feeds_groups"]} == {group["id"] for group in found["groups"]}
        icon = base64.b64decode(found["favicons"][0]["data"].partition("base64,")[2])
        assert icon.startswith(b"\x89PNG") and found["favicons"][0]["id"] == found["feeds"][0]["favicon_id"]


@pytest.mark.parametrize(
    ("first", "following"), [("since_id=", "since_id={}"), ("max_id=9007199254740991", "max_id={}")]
)
def test_pages_of_items_join(first: str, following: str) -> None:
    with seeded() as (served, numbers):
        served.put(*(msgspec.structs.replace(served.desk.articles.get(f"{1:032x}"), id=f"{n:032x}")
                     for n in range(100, 200)))  # fmt: skip
        found, query = [], first
        while items := asked(served, f"api&items&{query}")["items"]:
            assert len(items) <= 50
            found += [int(item["id"]) for item in items]
            query = following.format(found[-1])
        assert len(found) == ARTICLES + 100 and set(numbers) < set(found)
        assert found == sorted(found, reverse=first.startswith("max"))


def test_items_have_the_types_that_programs_need() -> None:
    with seeded() as (served, numbers):
        found = asked(served, f"api&items&with_ids={numbers[0]},nonsense,7,{numbers[5]}&feeds")
        assert [item["id"] for item in found["items"]] == [str(numbers[0]), str(numbers[5])]
        feeds = {feed["id"] for feed in found["feeds"]}
        for item in asked(served, "api&items&since_id=0")["items"]:
            assert isinstance(item["id"], str) and item["feed_id"] in feeds and item["title"].strip() and item["url"]
            assert type(item["is_read"]) is type(item["is_saved"]) is type(item["created_on_time"]) is int
            assert isinstance(item["html"], str) and isinstance(item["author"], str)


@pytest.mark.parametrize("in_query", [True, False])
def test_marks_are_absolute_and_those_of_the_page(in_query: bool) -> None:
    with seeded() as (served, numbers):

        def mark(fields: str) -> None:
            asked(served, f"api&{fields}" if in_query else "api", f"api_key={KEY}" + ("" if in_query else f"&{fields}"))

        def saved() -> list[int]:
            return listed(asked(served, "api&saved_item_ids")["saved_item_ids"])

        def unread() -> set[int]:
            return set(listed(asked(served, "api&unread_item_ids")["unread_item_ids"]))

        assert unread() == set(numbers)
        for _ in range(2):
            mark(f"mark=item&as=saved&id={numbers[3]}")
            mark(f"mark=item&as=read&id={numbers[4]}")
            assert saved() == [numbers[3]] and unread() == set(numbers) - {numbers[4]}
        assert served.desk.marks("").counts() == {"starred": 1, "read": 1}
        mark(f"mark=item&as=unsaved&id={numbers[3]}")
        mark(f"mark=item&as=unread&id={numbers[4]}")
        assert saved() == [] and unread() == set(numbers)
        feeds = {feed["url"]: feed["id"] for feed in asked(served, "api&feeds")["feeds"]}
        groups = {group["title"]: group["id"] for group in asked(served, "api&groups")["groups"]}
        before = numbers[12] // 10**6
        mark(f"mark=feed&as=read&id={feeds[FEEDS[0]]}&before={before}")
        assert unread() == set(numbers) - {n for at, n in enumerate(numbers[:12]) if at % 3 == 0}
        mark(f"mark=group&as=read&id={groups['World']}&before=9223372036854775")
        assert unread() == {n for at, n in enumerate(numbers) if at % 3 == 2 or at == 13}
        mark(f"mark=group&as=unread&id={groups['Sport']}&before=9223372036854775")
        mark("mark=group&as=read&id=99&before=9223372036854775")
        mark("mark=nonsense&as=read&id=0")
        assert unread() == {n for at, n in enumerate(numbers) if at % 3 != 0 or at == 13}
        mark(f"mark=group&as=read&id=0&before={numbers[-1] // 10**6 + 1}")
        assert unread() == set() and asked(served, "api&refresh")["auth"] == 1


@pytest.mark.parametrize("key", ["", "nonsense", key_of("somebody", "let me in"), key_of("newswire", "let me")])
def test_wrong_key_is_told_with_success_and_shows_nothing(key: str) -> None:
    with seeded() as (served, numbers):
        answer = send(served.browser, f"api&items&unread_item_ids&mark=item&as=read&id={numbers[0]}", f"api_key={key}")
        assert (answer.status, answer.json()) == (200, {"api_version": 3, "auth": 0})
        assert served.desk.marks("").counts() == {}


def test_key_is_read_wherever_it_stands() -> None:
    with seeded() as (served, _):
        parts = f'--x\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{KEY}\r\n--x--\r\n'
        answers = [
            send(served.browser, "feeds", parts, "multipart/form-data; boundary=x"),
            send(served.browser, f"api&api_key={KEY}", "", ""),
            send(served.browser, "", f"api_key={KEY.upper()}", path="/api/fever.php"),
            served.browser.get(f"/api/fever.php/?api&api_key={KEY}&items&since_id=1"),
        ]
        assert [(answer.status, answer.json()["auth"]) for answer in answers] == [(200, 1)] * 4


def test_token_makes_a_key_until_it_is_removed() -> None:
    with seeded() as (served, numbers):
        secret = served.desk.access.add("phone", "read")
        body = f"api_key={key_of('newswire', secret)}"
        assert asked(served, f"api&mark=item&as=read&id={numbers[0]}", body)["auth"] == 1
        assert served.desk.marks("").counts() == {}  # it may read only
        served.desk.access.remove("phone")
        assert send(served.browser, "api", body).json()["auth"] == 0


def test_recorded_requests_are_answered(shared_data: Path) -> None:
    recorded = msgspec.json.decode((shared_data / "greader" / "fever.json").read_bytes())
    with seeded() as (served, numbers):
        feed = asked(served, "api&feeds")["feeds"][0]["id"]
        group = asked(served, "api&groups")["groups"][0]["id"]
        places = {"MD5": KEY, "DEC1": numbers[2], "DEC2": numbers[4], "FEEDNUM": feed, "GROUPNUM": group,
                  "NOW+1": 1 << 33, "LAST": numbers[3], "MAXUNREAD": numbers[-1]}  # fmt: skip
        for each in recorded:
            query, body = (re.sub(r"\{([^{}]+)\}", lambda m: str(places[m[1]]), each[name]).replace("…", "0")
                           for name in ("query", "body"))  # fmt: skip
            if body.startswith("(multipart)"):
                body = f'--…\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{KEY}\r\n--…--\r\n'.replace(
                    "…", "x"
                )
            kind = each["headers"].get("Content-Type", "").replace("boundary=…", "boundary=x")
            answer = served.browser.ask(each["method"], f"/api/fever.php?{query}", body.encode(),
                                        {"content-type": kind} if kind else {})  # fmt: skip
            assert answer.status == 200 and (answer.json()["auth"] == 1 or "api_key" not in query + body), each
            for name in ("unread_item_ids", "saved_item_ids"):
                assert (name in answer.json()) == (name in query) and isinstance(answer.json().get(name, ""), str)
            assert ("items" in answer.json()) == ("items" in query.split("&")), each
