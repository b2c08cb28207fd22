"""Where words of strangers come in, and every page and output that shows them: a table for tests of what they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import msgspec

from connectors.polling.schedule import Poll
from pipeline.errors import UsageError
from pipeline.model import (
    Actor,
    Alert,
    Document,
    Enclosure,
    Event,
    Place,
    Quotation,
    ResolvedDate,
    Schedule,
    Span,
    Speaker,
)
from pipeline.ports.alerts import Delivery
from pipeline.ports.log import Message
from pipeline.services.pictures import Pictures
from pipeline.web.access_pages import outgoing_address, share_address
from pipeline.web.app import App
from pipeline.web.desk import Check
from tests.fakes.browser import Answer, Browser
from tests.fakes.dom import ADDRESSES, harms, part_harms
from tests.fakes.web import Page

NOW = datetime.now(UTC)
FEED = "https://harbour.example/feed"
Visit = Callable[[Page, Sequence[str]], Iterator[tuple[str, Answer]]]
SCOPES = ("channels", "feeds", "tags", "languages", "quiet", "digest", "time_zone", "expires")
DRAWN = tuple(f"{{http://www.w3.org/2000/svg}}{name}" for name in ("svg", "rect", "text"))
# Pages that answer with a piece of a page.
PARTS = ("/search/counts", "/alerts/preview", "part=")


def wrong_with(where: str, answer: Answer) -> list[str]:
    """Return what an answer could do that it should not."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found = [] if answer.headers.get("x-content-type-options") == "nosniff" else ["its type may be guessed"]
    to = answer.headers.get("location")
    if to is not None and (not to.startswith("/") or to.startswith(("//", "/\\")) or not to.isprintable()):
        found.append(f"leads to {to}")
    if kind == "text/html":
        found += (part_harms if any(part in where for part in PARTS) else harms)(answer.text)
        if "default-src 'none'" not in answer.headers.get("content-security-policy", ""):
            found.append("no policy")
    elif kind in ("application/json", "application/problem+json"):
        json.loads(answer.body)
    elif kind == "application/jsonl":
        _ = [json.loads(line) for line in answer.body.splitlines() if line]
    elif kind == "image/svg+xml":
        found += [] if "sandbox" in answer.headers.get("content-security-policy", "") else ["may run"]
        found += [f"draws {node.tag}" for node in ElementTree.fromstring(answer.body).iter() if node.tag not in DRAWN]
    elif kind in ("application/atom+xml", "text/x-opml", "application/xml"):
        found += _xml_harms(answer.body)
    elif kind == "text/calendar":
        found += _calendar_harms(answer.text)
    elif kind not in ("text/csv", "text/plain") and answer.body:
        found.append(f"is of the type {kind!r}")
    return [f"{where}: {each}" for each in found]


def _xml_harms(body: bytes) -> list[str]:
    found = []
    for node in ElementTree.fromstring(body).iter():
        if node.get("type") in ("html", "xhtml") or node.tag.endswith("}content"):
            found += part_harms(node.text or "")
        links = [value for name, value in node.attrib.items() if name in ADDRESSES or name == "url"]
        found += [f"link {link}" for link in links if not link.startswith(("http://", "https://", "/"))]
    return found


def _calendar_harms(text: str) -> list[str]:
    names = {line.partition(":")[0].partition(";")[0] for line in text.replace("\r\n ", "").split("\r\n") if line}
    known = {"BEGIN", "END", "VERSION", "PRODID", "X-WR-CALNAME", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY",
             "STATUS", "DESCRIPTION", "LOCATION", "TRANSP", "CATEGORIES", "URL"}  # fmt: skip
    return [f"line {name[:40]}" for name in names - known]


def hostile(n: int, words: str, **changes: object) -> Document:
    """Return an article whose every field is a stranger's."""
    text = f"{words}\n\nMinister Ann said {words} on Monday."
    span = Span(text=words, start=0, end=len(words))
    actor = Actor(text=words, start=0, end=len(words), name=words, code=words, sector=words)
    place = Place(text=words, start=0, end=len(words), name=words, country=words, latitude=40.0, longitude=9.0)
    date = ResolvedDate(value="2027-02-24", granularity="day", text=words, start=0, end=len(words))
    speaker = Speaker(text=words, start=0, end=len(words), name=words, role=words)
    event = Event(
        id=f"event-{n}", type=words, trigger=span, sentence=Span(text=text, start=0, end=len(text)), mode=words,
        context=(words,), actors=(actor,), recipients=(actor,), date=date, location=place, attributed_to=speaker,
        schedule=Schedule(what=words, status="announced", when=date, where=place),
    )  # fmt: skip
    quotation = Quotation(text=words, start=0, end=len(words), kind="direct", speaker=speaker)
    made = Document(
        id=f"{n:032x}", source=words, seen=NOW - timedelta(minutes=n), url=words, title=words, authors=(words,),
        published=NOW - timedelta(minutes=n), text=text, html=f"<p>{words}</p>{words}", language=words, tags=(words,),
        feed=FEED, revision=1, full_text=True, image=words,
        enclosures=(Enclosure(address=words, type=words, length=9),), story_id=f"{n // 2:032x}", events=(event,),
        quotations=(quotation,),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def articles(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show articles: title, source, author, link, text, markup, language, tags, picture, files, events, speakers."""
    served.browser.post("/feeds", url=FEED)
    for n, each in enumerate(words):
        earlier = hostile(n, each, title="Before", text="Before it was revised.", events=(), quotations=())
        later = hostile(n, each, revision=2, duplicate_of=f"{n - 1:032x}" if n % 7 == 6 else None)
        served.put(earlier)
        served.put(later)
    rivers = ["/", "/?sort=best", "/stories?days=30", "/search/counts?q=monday", "/?copies=1"]
    rivers += [f"/events?everything=1&as={form}" for form in ("table", "timeline", "map", "calendar&month=2027-02")]
    while rivers:
        path = rivers.pop()
        answer = served.browser.get(path)
        yield path, answer
        older = answer.text.partition('<a rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        rivers += [older] if older else []
    for n, _ in enumerate(words):
        one = f"/article/{n:032x}"
        share = share_address(served.desk, f"{n:032x}")
        of = (f"/story/{n // 2:032x}", f"/event/event-{n}")
        for path in (one, f"{one}?as=published", f"{one}/revisions", f"{one}/trace", share, *of):
            yield path, served.browser.get(path)
    for path in ("/search.atom?q=monday&limit=1000", "/search.csv?q=monday&limit=1000", "/search.json?q=monday",
                 "/api/v1/articles?limit=200", "/api/v1/events?limit=200", "/api/v1/quotations?limit=200"):  # fmt: skip
        yield path, served.browser.get(path)
    for form in ("atom", "json", "ics"):
        path = outgoing_address(served.desk, "query", "monday", form)
        yield path, served.browser.get(path)


def alerts(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show names, queries, channels and scopes of alerts, and what became of their messages."""
    for n, each in enumerate(words):
        for fields in ({"name": each, "query": "dam"}, {"name": f"By query {n}", "query": each},
                       {"name": f"By place {n}", "query": "dam"} | dict.fromkeys(SCOPES, each)):  # fmt: skip
            yield f"alert of {fields}", served.browser.send("/alerts", fields)
        yield (
            "/alerts/preview",
            served.browser.get("/alerts/preview?" + urlencode({"query": each, "name": each, "feeds": each})),
        )
        yield "editor", served.browser.get("/alerts/new?" + urlencode({"q": each}))
        told = Alert(
            id=f"a{n}", rule_id="r", rule=each, matched=NOW, subject=each, note=each, reason="update",
            article=hostile(n, each),
        )  # fmt: skip
        served.store.ledger.enter(
            [Delivery(id=f"d{n}", channel=each, alert=told, state="failed", due=NOW, changed=NOW, error=each)]
        )
        served.put(hostile(n, each))
    for rule in served.desk.alerts.all():
        path = f"/alert/{quote(rule.name, safe='')}"
        yield path, served.browser.get(f"{path}?article={0:032x}")
        yield f"{path} edited", served.browser.get("/alerts/new?" + urlencode({"name": rule.name}))
        for form in ("atom", "json", "ics"):
            address = outgoing_address(served.desk, "alert", rule.name, form)
            yield address, served.browser.get(address)
    for path in ("/alerts?withheld=1", "/api/v1/alerts", f"/article/{0:032x}?alert=1"):
        yield path, served.browser.get(path)


def searches(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show saved searches, lists, tags of readers and tokens by their names."""
    served.put(hostile(0, "Dam fails"))
    for each in words:
        yield f"search named {each}", served.browser.send("/searches", {"name": each, "q": "dam"})
        yield f"search of {each}", served.browser.send("/searches", {"name": "by-query", "q": each})
        yield f"forgetting {each}", served.browser.send("/searches", {"name": f"{each}x", "forget": "1"})
        yield f"tag {each}", served.browser.send("/marks", {"article": f"{0:032x}", "add": each, "back": each})
        name = f"/api/v1/lists/{quote(each, safe='')}"
        body = msgspec.json.encode({"names": [each, "Ann Lee"]})
        yield f"list {each}", served.browser.ask("PUT", name, body, {"content-type": "application/json"})
        yield "a list's restatement", served.browser.get("/search?" + urlencode({"q": f"list:{each}"}))
        yield f"saved {each}", served.browser.get("/?" + urlencode({"saved": each}))
        yield f"mark {each}", served.browser.get("/?" + urlencode({"mark": each}))
    for path in ("/search", "/", f"/article/{0:032x}", "/api/v1/searches", "/api/v1/lists", "/api/v1/marks", "/help"):
        yield path, served.browser.get(path)


def feeds(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show addresses, names, tags, options and errors of feeds, and lists that are brought in."""
    drawn = Browser(App(msgspec.structs.replace(served.desk, pictures=Pictures(fetch=_no_picture, clock=_now))).asgi())
    for n, each in enumerate(words):
        url, tag = f"https://harbour.example/{n}", " ".join(each.replace(",", " ").split())
        yield f"following {each}", served.browser.send("/feeds", {"url": each, "tags": tag})
        served.browser.post("/feeds", url=url)
        fields = {"url": url, "keep": "1", "title": each, "tags": tag, "language": each, "mute": each,
                  "user_agent": each, "header": f"X-Name: {each}", "proxy": each, "interval": each,
                  "cookies": each}  # fmt: skip
        yield f"options {each}", served.browser.send("/feed", fields)
        yield f"title {each}", served.browser.send("/feed", {"url": url, "keep": "1", "title": each, "tags": tag})
        poll = Poll(next_check=NOW, last_check=NOW, failures=3, error=each, moved_to=each, moves=9, topic=each)
        served.store.polls.put(url, msgspec.json.encode(poll))
        yield f"icon {each}", drawn.get("/feed/icon?" + urlencode({"url": url}))
        yield f"feed {each}", served.browser.get("/feed?" + urlencode({"url": url, "done": each}))
        outline = (
            f'<opml version="2.0"><body><outline text="{_attribute(each)}" xmlUrl="{_attribute(each)}"/></body></opml>'
        )
        for listed in (outline, each):
            yield f"list {listed}", served.browser.send("/feeds.opml", {"text": listed})
    for path in ("/feeds", "/feeds.opml", "/", "/operation", "/api/v1/feeds", "/api/v1/export", "/api/v1/status"):
        yield path, served.browser.get(path)


def troubles(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show dead letters, checks, tokens and channels on the page of operation."""
    for each in words:
        with suppress(UsageError):
            served.desk.access.add(f"{each[:30]} token", "read")
    letters = [Message(topic=each, key=each, value=each.encode("utf-8", "replace"),
                       headers={"stage": each, "error": each, "attempts": each}) for each in words]  # fmt: skip
    changed = msgspec.structs.replace(
        served.desk, letters=lambda limit: letters, checks=lambda: [Check(each, False, each) for each in words],
        channels=tuple(words),
    )  # fmt: skip
    app = App(changed)
    try:
        browser = Browser(app.asgi())
        for path in ("/operation", "/alerts/new", "/api/v1/health"):
            yield path, browser.get(path)
    finally:
        app.close()


# Each parameter of each page; and paths that lead nowhere.
PARAMETERS = {
    "/": ("view", "q", "sort", "feed", "tag", "source", "lang", "saved", "mark", "story", "cursor", "undo", "in"),
    "/search": ("q", "sort", "cursor", "tag", "done", "undo"), "/search/counts": ("q",), "/search/restated": ("q",),
    "/alerts": ("done", "undo"), "/alerts/new": ("q", "name"), "/feeds": ("q", "done", "undo", "added"),
    "/feed": ("url", "done"), "/stories": ("q", "sort", "days"), "/operation": ("done",),
    "/login": ("to", "q", "ended"),
    "/events": ("event", "actor", "target", "place", "when", "q", "as", "month", "from"), "/help": ("q", "part"),
    "/nothing": ("q",), "/display": ("q", "done"),
    "/api/v1/articles": ("q", "cursor", "sort", "limit"), "/api/v1/restate": ("q",), "/live": ("q",),
    "/api/v1/preview": ("q",), "/api/v1/feeds/one": ("url",), "/api/v1/addresses": ("q",), "/search.atom": ("q",),
}  # fmt: skip
PATHS = ("/{}", "/article/{}", "/story/{}", "/event/{}", "/alert/{}", "/share/{}?key=x",
         "/feeds/tag/{}.atom?key=x", "/search.{}", "/static/{}",
         "/api/v1/articles/{}", "/api/v1/alerts/{}", "/api/v1/events/{}", "/api/v1/{}")  # fmt: skip


def addresses(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show what somebody wrote into the address of a page."""
    served.put(hostile(0, "Dam fails"))
    for each in words:
        # The stream does not end where the query can be read.
        asked = {path: names for path, names in PARAMETERS.items() if path != "/live"}
        for path, names in asked.items():
            together = f"{path}?{urlencode(dict.fromkeys(names, each))}"
            yield together, served.browser.get(together)
            for name in names if len(names) > 1 else ():
                alone = f"{path}?{urlencode({name: each})}"
                yield alone, served.browser.get(alone)
        for path in PATHS:
            named = path.format(quote(each, safe=""))
            yield named, served.browser.get(named)


def ways_in(served: Page, words: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Show what is typed to come in, where to come back to, and names of readers."""
    for each in words:
        yield (
            f"login as {each}",
            served.another(address=each).send("/login", {"name": each, "password": each, "to": each}),
        )
        yield f"going back to {each}", served.browser.send("/marks", {"article": "x", "read": "yes", "back": each})
        yield f"all read, back to {each}", served.browser.send("/marks/all", {"query": each, "back": each})
        yield f"undoing for {each}", served.browser.send("/marks/undo", {"number": each, "back": each})
        yield f"an alert's act {each}", served.browser.send("/alert/none", {each: each, "test": each})
        for path in ("/alerts", "/feeds", "/searches"):
            yield f"putting back {each}", served.browser.send(path, {"put_back": each})
        shown = served.another()
        yield f"displaying {each}", shown.send("/display", dict.fromkeys(("theme", "rows", "size", "letters"), each))
        shown.cookies["newswire_display"] = quote(each)
        yield f"displayed {each}", shown.get("/display")
        yield f"doing {each}", served.browser.send("/operation", {each: each})


PLACES: dict[str, Visit] = {
    "articles": articles, "alerts": alerts, "searches": searches, "feeds": feeds, "troubles": troubles,
    "addresses": addresses, "ways in": ways_in,
}  # fmt: skip


def _no_picture(url: str, most: int) -> bytes:
    raise UsageError("There is none.")


def _now() -> datetime:
    return NOW


def _attribute(text: str) -> str:
    for plain, marked in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        text = text.replace(plain, marked)
    return "".join(c for c in text if c.isprintable())
