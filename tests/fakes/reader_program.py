"""A reader program without a screen: it sends requests as others do, and a model says what must have become of them.

The model knows the Google Reader API by its contract alone: it reads what is sent by itself, and shares no code with
what answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import msgspec

from tests.fakes.browser import Answer, Browser
from tests.fakes.reader_world import ARTICLES, FEEDS, FOLDERS, NEW_FEED, seed
from tests.fakes.web import Page

STATE = "user/-/state/com.google/"
LABEL = "user/-/label/"
FORM = "application/x-www-form-urlencoded"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a request of a program as it is written down, with places to be filled in."""

    client: str
    method: str
    path: str
    query: str = ""
    body: str = ""
    kind: str = FORM


def written_sequences(path: Path) -> Iterator[Sent]:
    """Read a table of sequences: a program's name after #, then a line for each request."""
    client = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            client = line[2:]
        elif line.strip():
            asked, _, body = line.partition(" | ")
            method, _, address = asked.strip().partition(" ")
            where, _, query = address.partition("?")
            kind = "multipart/form-data; boundary=x" if body.startswith("(multipart)") else FORM
            kind = "text/xml" if body.startswith("<") else kind
            yield Sent(client=client, method=method, path=where, query=query, body=body, kind=kind)


def recorded_sequences(path: Path) -> Iterator[Sent]:
    """Read sequences that were written down elsewhere as JSON."""
    for each in msgspec.json.decode(path.read_bytes()):
        kind = each["headers"].get("Content-Type", FORM if each["body"] else "").replace("boundary=…", "boundary=x")
        yield Sent(client=each["client"], method=each["method"], path=each["path"], query=each["query"],
                   body=each["body"], kind=kind)  # fmt: skip


class Model:
    """Know what is read, starred, tagged and followed, and what a stream holds."""

    def __init__(self, numbers: dict[int, str], feeds: dict[str, int]) -> None:
        self.articles = numbers
        self.feeds = feeds
        self.read: set[int] = set()
        self.starred: set[int] = set()
        self.tags: dict[str, set[int]] = {}
        self.folders: dict[str, list[str]] = {url: list(FOLDERS[url]) for url in feeds}
        self.titles: dict[str, str] = {}
        self.labels: set[str] = set()

    def visible(self) -> set[int]:
        """Return the articles of feeds that are followed, and of none."""
        return {number for number, feed in self.articles.items() if feed in self.folders or not feed}

    def stream(self, text: str) -> set[int]:
        """Return what a stream holds."""
        text = unquote(text)
        if text.startswith("feed/"):
            url = next((url for url, number in self.feeds.items() if text[5:] in (url, str(number))), None)
            return {number for number, feed in self.articles.items() if feed == url and url in self.folders}
        name = text.split("/", 3)[-1]
        if "/label/" in text:
            name = text.split("/label/")[-1]
            inside = {url for url, folders in self.folders.items() if name in folders}
            return {n for n, feed in self.articles.items() if feed in inside} | self.tags.get(name.casefold(), set())
        visible = self.visible()
        return {
            "reading-list": visible, "read": visible & self.read, "unread": visible - self.read, "starred": self.starred
        }.get(name.removeprefix("com.google/"), set())  # fmt: skip

    def page(self, stream: str, fields: dict[str, list[str]], most: int) -> tuple[list[int], str | None]:
        """Return the ids that are to be given, and how it goes on."""
        held = self.stream(stream or STATE + "reading-list")
        for other in fields.get("it", []):
            held = held & self.stream(other)
        for other in fields.get("xt", []):
            held = held - self.stream(other)
        oldest = fields.get("r") == ["o"]
        since, until, continued = (int(fields.get(name, ["0"])[0]) for name in ("ot", "nt", "c"))
        held = {n for n in held if n >= since * 10**6 and (not until or n <= until * 10**6)}
        if continued:
            held = {n for n in held if (n > continued if oldest else n < continued)}
        ordered, limit = sorted(held, reverse=not oldest), min(int(fields.get("n", ["20"])[0]), most)
        return ordered[:limit], str(ordered[limit - 1]) if len(ordered) > limit else None

    def apply(self, endpoint: str, fields: dict[str, list[str]]) -> None:
        """Change what a request changes."""
        added, removed = fields.get("a", []), fields.get("r", [])
        if endpoint == "edit-tag":
            items = {number for text in fields.get("i", []) if (number := number_of(text)) in self.articles}
            for tags, put in ((removed, False), (added, True)):
                for tag in tags:
                    self._mark(tag, items, put)
        elif endpoint == "mark-all-as-read":
            until = int(fields["ts"][0]) if fields.get("ts", ["0"]) != ["0"] else 1 << 62
            self.read |= {number for number in self.stream(fields["s"][0]) if number <= until}
        elif endpoint == "subscription/quickadd":
            self.folders.setdefault(fields["quickadd"][0].removeprefix("feed/"), [])
        elif endpoint == "subscription/edit":
            self._edit(fields.get("ac", ["edit"])[0], fields, added, removed)
        elif endpoint == "subscription/import":
            self.folders.setdefault(FEEDS[0], [])
        elif endpoint in ("rename-tag", "disable-tag"):
            old = (fields.get("s") or [LABEL + fields["t"][0]])[0].split("/label/")[-1]
            new = fields["dest"][0].split("/label/")[-1] if "dest" in fields else None
            for folders in self.folders.values():
                folders[:] = [(new or "") if name == old else name for name in folders if name != old or new]
            tagged = self.tags.pop(old.casefold(), set())
            if new and tagged:
                self.tags[new.casefold()] = tagged

    def _mark(self, tag: str, items: set[int], put: bool) -> None:
        kept = {STATE + "read": self.read, STATE + "starred": self.starred}.get(tag)
        if kept is None and "/label/" in tag:
            kept = self.tags.setdefault(tag.split("/label/")[-1].casefold(), set())
        if kept is not None:
            (kept.update if put else kept.difference_update)(items)

    def _edit(self, action: str, fields: dict[str, list[str]], added: list[str], removed: list[str]) -> None:
        for stream in (text for text in fields.get("s", []) if text):
            name = unquote(stream).removeprefix("feed/")
            url = next((url for url, number in self.feeds.items() if name in (url, str(number))), name)
            if action == "unsubscribe":
                self.folders.pop(url, None)
                continue
            folders = self.folders.setdefault(url, [])
            gone = [tag.split("/label/")[-1] for tag in removed]
            coming = [tag.split("/label/")[-1] for tag in added]
            folders[:] = [*coming, *(name for name in folders if name not in (*gone, *coming))]


class ReaderProgram:
    """Send a program's requests to a page, and hold every answer and what became of it against the model."""

    def __init__(self, served: Page, password: str = "secret words") -> None:
        self.served = served
        self.browser: Browser = served.another()
        self.password = password
        numbers = seed(served)
        self.auth = ""
        self.login()
        listed = self.get("subscription/list").json()["subscriptions"]
        feeds = {each["url"]: int(each["id"].removeprefix("feed/")) for each in listed if each["url"] in FEEDS}
        self.model = Model(numbers, feeds)
        self.token = ""

    def login(self) -> None:
        """Log in."""
        body = f"Email=reader&Passwd={quote(self.password)}".encode()
        answer = self.browser.ask("POST", "/accounts/ClientLogin", body, {"content-type": FORM})
        assert answer.status == 200, answer.text
        self.auth = answer.text.partition("Auth=")[2].strip()

    def get(self, endpoint: str) -> Answer:
        """Ask for something beside what the program asks."""
        return self.browser.ask("GET", f"/reader/api/0/{endpoint}", headers=self._headers())

    def ids(self, query: str, continued: str = "") -> list[int]:
        """Return all ids of a stream, page after page."""
        found: list[int] = []
        more = f"&c={continued}" if continued else ""
        while True:
            answer = self.get(f"stream/items/ids?{query}{more}").json()
            found += [int(each["id"]) for each in answer["itemRefs"]]
            if "continuation" not in answer:
                return found
            more = f"&c={answer['continuation']}"

    def send(self, sent: Sent) -> Answer:
        """Send a request, its places filled in."""
        path, query, body = (self._filled(text) for text in (sent.path, sent.query, sent.body))
        if body.startswith("(multipart)"):
            fields = re.findall(r"(\w+)=(.*?)(?= \w+=|$)", body.removeprefix("(multipart) "))
            body = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields)
            body += "--x--\r\n"
        address = quote(path, safe="/%:?&=") + (f"?{quote(query, safe='/%:?&=+,…')}" if query else "")
        headers = self._headers() | ({"content-type": sent.kind} if sent.kind else {})
        return self.browser.ask(sent.method, address, body.encode(), headers)

    def follow(self, sent: Sent) -> None:
        """Send a request, and check the answer and all states after it."""
        endpoint = sent.path.partition("/reader/api/0/")[2]
        filled = "&".join(
            text for text in (self._filled(sent.body), self._filled(sent.query)) if text and text[0] != "<"
        )
        fields = parse_qs(filled.replace("%-", "%25-"), keep_blank_values=True)
        fields = {name: values[:1] if name in ("quickadd", "s") else values for name, values in fields.items()}
        answer = self.send(sent)
        assert answer.status == 200, f"{sent}: {answer.status} {answer.text}"
        self.model.apply(endpoint, fields)
        self._check(endpoint, self._filled(sent.path), fields, answer)
        self.check_states()

    def check_states(self) -> None:
        """Hold what is unread, starred and followed against the model, by the program's eyes and the page's."""
        model, xt = self.model, f"&xt={STATE}read"
        visible = model.visible()
        assert set(self.ids(f"n=7&s={STATE}reading-list{xt}")) == visible - model.read
        assert set(self.ids(f"n=1000&s={STATE}starred")) == model.starred
        counted = self.get("unread-count?output=json").json()
        by_id = {each["id"]: each["count"] for each in counted["unreadcounts"]}
        assert by_id[STATE + "reading-list"] == counted["max"] == len(visible - model.read)
        feeds = {self._number(url): url for url in model.folders}
        for number, url in feeds.items():
            wanted = {n for n, feed in model.articles.items() if feed == url} - model.read
            assert by_id[f"feed/{number}"] == len(wanted)
        listed = self.get("subscription/list").json()["subscriptions"]
        shown = {each["url"]: [label["label"] for label in each["categories"]] for each in listed}
        assert {url: shown[url] for url in shown if url in model.folders} == model.folders
        assert {url for url in shown if url.endswith("example/") is False} >= set(model.folders)
        ids = {n: article for article, n in self.served.store.arrivals.numbers_of(
            [f"{n:032x}" for n in range(ARTICLES)]).items()}  # fmt: skip
        states = self.served.desk.marks("").of(list(ids.values()))
        assert {n for n, article in ids.items() if states[article].read} == model.read
        assert {n for n, article in ids.items() if states[article].starred} == model.starred

    def _check(self, endpoint: str, path: str, fields: dict[str, list[str]], answer: Answer) -> None:
        kind = answer.headers["content-type"]
        if path.endswith("ClientLogin"):
            lines = answer.text.splitlines()
            assert [line.count("=") for line in lines] == [1, 1, 1] and answer.text.endswith("\n")
            assert lines[-1].startswith("Auth=") and not re.search(r"[ &]", answer.text)
            self.auth = lines[-1].removeprefix("Auth=")
        elif endpoint == "token":
            assert kind.startswith("text/plain") and answer.text == answer.text.strip() != ""
            self.token = answer.text
        elif endpoint == "stream/items/ids":
            self._check_json(answer)
            numbers, following = self.model.page(fields["s"][0], fields, 200_000)
            assert answer.json()["itemRefs"] == [{"id": str(number)} for number in numbers]
            assert answer.json().get("continuation") == following
        elif endpoint.startswith("stream/items/contents"):
            named = [number_of(text) for text in fields.get("i", [])]
            wanted = [n for n in dict.fromkeys(named) if n in self.model.articles]
            self._check_items(answer, wanted, None)
        elif endpoint.startswith("stream/contents"):
            stream = path.partition("stream/contents")[2].removeprefix("/") or fields.get("s", [""])[0]
            self._check_items(answer, *self.model.page(stream, fields, 2_500))
        elif endpoint in ("edit-tag", "mark-all-as-read", "subscription/edit", "rename-tag", "disable-tag",
                          "subscription/import"):  # fmt: skip
            assert (answer.body, kind.partition(";")[0]) == (b"OK", "text/plain")
        elif endpoint == "subscription/quickadd":
            self._check_json(answer)
            made = answer.json()
            assert isinstance(made["numResults"], int) and made["streamId"].startswith("feed/") and made["query"]
        elif endpoint == "subscription/list":
            self._check_subscriptions(answer)
        elif endpoint == "tag/list":
            tags = answer.json()["tags"]
            assert tags[0] == {"id": STATE + "starred"}
            assert all(each["type"] in ("folder", "tag") and LABEL in each["id"] for each in tags[1:])
            folders = {name for names in self.model.folders.values() for name in names}
            assert folders <= {each["id"].removeprefix(LABEL) for each in tags[1:] if each["type"] == "folder"}
        elif endpoint == "user-info":
            self._check_json(answer)
            assert all(isinstance(answer.json()[f"user{name}"], str) for name in ("Id", "Name", "ProfileId", "Email"))
        elif path.endswith("/reader/atom") or "/reader/atom/" in path:
            assert b"<feed" in answer.body[:200]

    def _check_json(self, answer: Answer) -> None:
        assert answer.headers["content-type"].partition(";")[0] == "application/json"

    def _check_subscriptions(self, answer: Answer) -> None:
        self._check_json(answer)
        tags = {each["id"] for each in self.get("tag/list").json()["tags"]}
        for each in answer.json()["subscriptions"]:
            texts = [each[name] for name in ("id", "title", "url", "htmlUrl", "iconUrl")]
            assert all(isinstance(text, str) for text in texts) and all(texts[:4])
            assert re.fullmatch(r"feed/\d{1,10}", each["id"]) and int(each["id"][5:]) < 1 << 31
            assert {label["id"] for label in each["categories"]} <= tags
            assert all(label["id"] == LABEL + label["label"] for label in each["categories"])

    def _check_items(self, answer: Answer, wanted: Sequence[int], following: str | None) -> None:
        self._check_json(answer)
        made = answer.json()
        assert type(made["updated"]) is int and isinstance(made["id"], str)
        assert made.get("continuation") == following
        assert [int(each["id"].rpartition("/")[2], 16) for each in made["items"]] == list(wanted)
        feeds = {each["id"] for each in self.get("subscription/list").json()["subscriptions"]}
        for number, each in zip(wanted, made["items"], strict=True):
            check_item(each)
            assert each["origin"]["streamId"] in feeds
            states = {name for name in ("read", "starred") if STATE + name in each["categories"]}
            assert states == {n for n in ("read", "starred") if number in getattr(self.model, n)}

    def _number(self, url: str) -> int:
        if url not in self.model.feeds:
            listed = self.get("subscription/list").json()["subscriptions"]
            self.model.feeds[url] = next(int(each["id"][5:]) for each in listed if each["url"] == url)
        return self.model.feeds[url]

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"GoogleLogin auth={self.auth}"} if self.auth else {}

    def _filled(self, text: str) -> str:
        numbers = sorted(self.model.articles, reverse=True)
        one, two, middle = numbers[2], numbers[5], numbers[len(numbers) // 2]
        feed = next((self._number(url) for url in FEEDS if url in self.model.folders), 0)
        folders = sorted({name for names in self.model.folders.values() for name in names})
        old, many = (
            (folders or ["World"])[0],
            "&".join(f"i=tag:google.com,2005:reader/item/{n:016x}" for n in numbers[:9]),
        )
        listed = [url for url in FEEDS if url in self.model.folders]
        known_feed = "unsubscribe" in text or "ac=edit" in text or "edit-tags" in text
        url = listed[0] if known_feed and listed else NEW_FEED
        places = {
            "AUTH": self.auth, "BASE": "http://127.0.0.1", "CONT": str(middle), "DEC1": str(one), "DEC2": str(two),
            "HEX1": f"{one:016x}", "HEX2": f"{two:016x}", "ID1": item_id(one), "ID2": item_id(two),
            "FEED": f"feed/{feed}", "FEED_PCT": f"feed%2F{feed}", "FEEDNUM": str(feed), "FEEDREST_PCT": str(feed),
            "FEEDURL": url, "FEEDURL_PCT": quote(url, safe=""), "LABEL": old, "LABEL_PCT": quote(old),
            "LABELID_PCT": quote(LABEL + old, safe=""), "OLD": old, "OLD_PCT": quote(old), "NEW": "New",
            "NEW_PCT": "New", "NOWUSEC": str(middle), "NOWMS": str(middle // 1000), "SYNCTIME": str(middle // 1000),
            "STREAM_PCT": quote(STATE + "reading-list", safe=""), "TITLE": "Title", "TITLE_PCT": "A%20title",
            "T": self.token,
            "USER": "reader", "USER_PCT": "reader", "PASS": self.password, "PASS_PCT": quote(self.password, safe=""),
            "VER": "2.21", "LASTUPDATE+1s in µs": str((middle // 10**6 + 1) * 10**6),
        }  # fmt: skip
        for name in ("SINCE", "LAST-900", "LAST_CRAWL_S", "LAST_SYNC_S", "MONTH_AGO"):
            places[name] = str(middle // 10**6)
        text = re.sub(r"i=tag:google.com,2005:reader/item/\{HEX1\}&…\([^)]*\)…", many, text)
        text = text.replace("i=…&a=…", f"i={one}&a={STATE}read").replace("<opml …>", OPML)
        return re.sub(r"\{([^{}]+)\}", lambda match: places.get(match[1], match[0]), text)


OPML = "<opml version='2.0'><body><outline type='rss' text='Alpha' xmlUrl='https://alpha.example/feed'/></body></opml>"


def item_id(number: int) -> str:
    """Return the long form of an item's id."""
    return f"tag:google.com,2005:reader/item/{number:016x}"


def number_of(text: str) -> int:
    """Return the number of an id in any form."""
    name = text.rpartition("/")[2]
    return int(name) if name.isdecimal() and name[0] != "0" else int(name, 16)


def check_item(item: dict[str, Any]) -> None:
    """Hold an item against what programs need."""
    assert re.fullmatch(r"tag:google\.com,2005:reader/item/[0-9a-f]{16}", item["id"])
    assert isinstance(item["title"], str) and item["title"].strip()
    assert type(item["published"]) is int and 0 <= item["published"] < 1 << 31
    assert item["timestampUsec"].isdecimal() and item["crawlTimeMsec"] == item["timestampUsec"][:-3]
    assert item["canonical"][0]["href"] and item["alternate"][0]["href"] and item["alternate"][0]["type"] == "text/html"
    assert (
        list(item["summary"]) == ["content"] and isinstance(item["summary"]["content"], str) and "content" not in item
    )
    assert item["categories"][0] == STATE + "reading-list" and all(isinstance(tag, str) for tag in item["categories"])
    assert all(
        isinstance(item["origin"][name], str) and item["origin"][name] for name in ("streamId", "title", "htmlUrl")
    )
    assert isinstance(item.get("author", ""), str)
    assert all(isinstance(each["href"], str) and "url" not in each for each in item.get("enclosure", []))
