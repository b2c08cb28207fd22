"""What the pages show and do, without a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import Actor, Document, Event, Quotation, Span, Speaker
from pipeline.services.pictures import Pictures
from pipeline.views.clean_html import clean_html
from pipeline.views.marked_text import paragraphs
from pipeline.views.word_changes import word_changes
from tests.fakes.web import Page, page

NOW = datetime.now(UTC)
URL = "https://harbour.example/"
TEXT = 'Dam fails.\nMinister Ann Lee said "we will help everyone" on Monday.\n\nRiver towns were evacuated.'


def article(n: int, title: str = "Dam fails", **fields: object) -> Document:
    made = Document(
        id=f"{n:032x}", title=title, seen=NOW - timedelta(hours=n), source="Harbour Wire", revision=1, language="en",
        url=f"https://harbour.example/{n}", text=TEXT,
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def titles(served: Page, path: str) -> list[str]:
    text = served.browser.get(path).text
    found = re.findall(r"<h3[^>]*><a [^>]*>(.*?)</a></h3>", text)
    return [re.sub(r"<[^>]+>", "", title) for title in found]


def test_river_has_the_newest_first_under_days() -> None:
    with page() as served:
        served.put(article(30, "Yesterday's"), article(1, "Newest"))
        assert titles(served, "/") == ["Newest", "Yesterday&#39;s"]
        assert served.browser.get("/").text.count('<h2 class="day"') in (1, 2)


def test_endless_title_takes_a_few_lines_of_a_list_and_stands_whole_on_its_page() -> None:
    endless = "Flood " * 40 + "warning " * 40 + "lifted"
    with page() as served:
        served.put(article(1, endless))
        (listed,) = titles(served, "/search?q=title:lifted")
        assert (len(listed), listed[:6], listed[-1]) == (200, "Flood ", "…")
        assert "<mark>Flood</mark> Flood" not in served.browser.get("/search?q=title:lifted").text
        assert f"{endless}</h1>" in served.browser.get(f"/article/{1:032x}").text


def test_reports_of_one_story_are_folded() -> None:
    with page() as served:
        served.put(*(article(n, f"Report {n}", source=f"s{n}", story_id="5" * 32) for n in range(1, 4)))
        assert titles(served, "/") == ["Report 1"]
        assert "+2 sources" in served.browser.get("/").text
        assert all(f"Report {n}" in served.browser.get(f"/story/{'5' * 32}").text for n in range(1, 4))


def test_first_run_says_what_to_do() -> None:
    with page() as served:
        text = served.browser.get("/").text
        assert 'action="/feeds"' in text and 'action="/demo"' in text


def test_marks_are_set_by_plain_forms_and_seen_in_views() -> None:
    with page() as served:
        served.put(article(1, "One"), article(2, "Two"))
        answer = served.browser.post("/marks", article=f"{1:032x}", read="yes", starred="yes", back="/?view=starred")
        assert answer.headers["location"] == "/?view=starred"
        assert titles(served, "/?view=unread") == ["Two"]
        assert titles(served, "/?view=starred") == ["One"]
        served.browser.post("/marks", article=f"{1:032x}", add="later")
        assert titles(served, "/?mark=later") == ["One"]
        assert titles(served, "/search?q=mark:later") == ["One"]


def test_unread_is_counted_by_feed_and_goes_with_reading() -> None:
    with page() as served:
        served.browser.post("/feeds", url="https://one.example/feed")
        served.put(*(article(n, f"Report {n}", feed="https://one.example/feed") for n in (1, 2)), article(3, "Other"))
        assert served.browser.get("/unread").json() == {"all": 3, "feeds": {"https://one.example/feed": 2}}
        served.browser.post("/marks", article=f"{1:032x}", read="yes")
        assert served.browser.get("/unread").json() == {"all": 2, "feeds": {"https://one.example/feed": 1}}
        # Pages show what was counted last, until the script asks anew.
        assert '<small data-unread="">2</small>' in served.browser.get("/").text
        assert "<svg" in served.browser.get("/feeds").text
        (days,) = served.browser.get("/api/v1/feeds/days?days=3").json().values()
        assert len(days) == 3 and sum(day["articles"] for day in days) == 2


def test_picture_is_shown_only_where_it_is_asked_for_and_comes_from_us() -> None:
    url = "https://img.example/a.png"
    with page() as served:
        served.put(article(1, image=url))
        text = served.browser.get(f"/article/{1:032x}").text
        assert "<img" not in text and f'href="{url}"' in text
        off = served.browser.get(f"/article/{1:032x}/picture")
        assert off.status == 404 and "pictures = true" in off.text
    pictures = Pictures(fetch=lambda asked, most: b"\x89PNG\r\n\x1a\n" if asked == url else b"", clock=lambda: NOW)
    with page(pictures=pictures) as served:
        served.put(article(1, image=url), article(2, "Other", image="javascript:alert(1)"))
        assert f'src="/article/{1:032x}/picture"' in served.browser.get(f"/article/{1:032x}").text
        answer = served.browser.get(f"/article/{1:032x}/picture")
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "<img" not in served.browser.get(f"/article/{2:032x}").text
        assert served.browser.get(f"/article/{2:032x}/picture").status == 404


def test_icons_stand_beside_feeds_where_pictures_are_on_and_come_from_us() -> None:
    feed, other = "https://a.example/news/feed", "https://b.example/feed"
    with page() as served:
        served.browser.post("/feeds", url=feed)
        served.put(article(1, feed=feed))
        assert "/feed/icon" not in served.browser.get("/").text
        assert served.browser.get(f"/feed/icon?url={feed}").status == 404
    asked: list[str] = []

    def fetch(url: str, most: int) -> bytes:
        asked.append(url)
        if "b.example" in url:
            raise UsageError("answered 404")
        return b"\x00\x00\x01\x00 an icon"

    with page(pictures=Pictures(fetch=fetch, clock=lambda: NOW)) as served:
        for url in (feed, other):
            served.browser.post("/feeds", url=url)
        served.put(article(1, feed=feed), article(2, "Not followed", feed="https://c.example/feed"))
        for path in ("/", "/feeds", "/search?q=dam"):
            assert f'src="/feed/icon?url={quote(feed, safe="")}"' in served.browser.get(path).text
            assert "c.example" not in served.browser.get(path).text
        for _ in range(2):
            icon = served.browser.get(f"/feed/icon?url={feed}")
            assert (icon.headers["content-type"], icon.body) == ("image/x-icon", b"\x00\x00\x01\x00 an icon")
            letter = served.browser.get(f"/feed/icon?url={other}")
            assert letter.headers["content-type"] == "image/svg+xml" and ">T</text>" in letter.text
            assert all("sandbox" in each.headers["content-security-policy"] for each in (icon, letter))
        # Each site is asked once, and nobody's address but that of a feed that is followed.
        assert served.browser.get("/feed/icon?url=https://c.example/feed").status == 404
        assert asked == ["https://a.example/favicon.ico", "https://b.example/favicon.ico"]


def test_all_read_can_be_undone() -> None:
    with page() as served:
        served.put(article(1, "One"), article(2, "Two"), article(3, "Three"))
        served.browser.post("/marks", article=f"{1:032x}", read="yes")
        answer = served.browser.post("/marks/all", query="")
        assert "2 articles are marked" in answer.text and titles(served, "/?view=unread") == []
        numbers = re.search(r'name="number" value="([^"]*)"', answer.text)
        assert numbers is not None
        served.browser.post("/marks/undo", number=numbers.group(1))
        assert titles(served, "/?view=unread") == ["Two", "Three"]


def test_older_articles_follow_by_link_without_gap() -> None:
    with page() as served:
        served.put(*(article(n, f"Number {n}") for n in range(1, 100)))
        seen, path = [], "/"
        while path:
            seen += titles(served, path)
            more = re.search(r'<a rel="next" href="([^"]*)"', served.browser.get(path).text)
            path = more.group(1).replace("&amp;", "&") if more else ""
        assert seen == [f"Number {n}" for n in range(1, 100)]


@pytest.mark.parametrize("view", ["/", "/?view=unread&lang=en", "/?sort=best", "/search?q=number"])
def test_articles_of_a_view_are_read_one_after_the_other_to_its_end_and_back(view: str) -> None:
    def to(text: str, rel: str) -> str:
        found = re.search(rf'<a rel="{rel}" href="([^"]*)"', text.partition('class="steps-on"')[2])
        return found.group(1).replace("&amp;", "&") if found else ""

    def title(text: str) -> str:
        return re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL).group(1))  # type: ignore[union-attr]

    with page() as served:
        served.put(*(article(n, f"Number {n}") for n in range(1, 60)))
        seen, text = [], served.browser.get(view).text
        while True:
            first = re.search(r'<h3[^>]*><a href="([^"]*)"', text)
            assert first is not None
            before = ""
            path = first.group(1).replace("&amp;", "&")
            while path.startswith("/article/"):
                text = served.browser.get(path).text
                seen.append(title(text))
                if to(text, "prev"):
                    assert to(text, "prev") == before
                before, path = path, to(text, "next")
            if not path:
                break
            text = served.browser.get(path).text  # the older ones
        wanted = [re.sub(r"<[^>]+>", "", each) for each in seen]
        assert sorted(wanted) == sorted(f"Number {n}" for n in range(1, 60))


def test_article_shows_what_was_found_where_it_stands() -> None:
    start = TEXT.index("we will")
    quotation = Quotation(
        text="we will help everyone", start=start, end=start + 21, kind="direct",
        speaker=Speaker(text="Ann Lee", start=20, end=27, role="Minister"),
    )  # fmt: skip
    evacuated = TEXT.index("evacuated")
    event = Event(
        id="e1", type="AID", trigger=Span(text="evacuated", start=evacuated, end=evacuated + 9),
        sentence=Span(text="River towns were evacuated.", start=evacuated - 17, end=len(TEXT)),
        actors=(Actor(text="River towns", start=0, end=3),),
    )  # fmt: skip
    with page() as served:
        served.put(article(1, quotations=(quotation,), events=(event,)))
        text = served.browser.get(f"/article/{1:032x}").text
        assert '<span class="found quotation">we will help everyone</span>' in text
        assert "Ann Lee says (Minister)" in text
        assert '<span class="found event">evacuated</span>' in text and "AID · River towns" in text


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=6)


@settings(max_examples=60)
@given(st.text(alphabet="ab \n<é", max_size=60), SPANS)
def test_marked_paragraphs_joined_are_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    quotations = tuple(
        Quotation(text=text[start : start + size], start=start, end=start + size, kind="direct")
        for start, size in spans
    )
    found = paragraphs(article(1, text=text, quotations=quotations))
    assert "\n".join("".join(piece.text for piece in each.pieces) for each in found) == text


@settings(max_examples=60)
@given(st.text(alphabet="ab .\n", max_size=40), st.text(alphabet="ab .\n", max_size=40))
def test_word_changes_tell_both_texts(before: str, after: str) -> None:
    pieces = word_changes(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_revisions_are_compared_word_by_word() -> None:
    with page() as served:
        served.put(article(1, "Ten people dead", revision=1))
        served.put(article(1, "Twelve people dead", revision=2))
        text = served.browser.get(f"/article/{1:032x}/revisions").text
        assert "<del>Ten </del><ins>Twelve </ins>people dead" in text


def test_search_explains_and_shows_where_it_cannot_be_read() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"), article(2, "Oil prices rise"))
        text = served.browser.get("/search?q=dam&counts=1").text
        assert "any form of “dam”" in text and "<mark>Dam</mark>" in text and 'class="timeline"' in text
        wrong = served.browser.get("/search?q=dam+lang:klingon")
        assert wrong.status == 400 and "Column 10" in wrong.text
        assert served.browser.get("/search/restated?q=dam+lang:klingon").json()["column"] == 10


def test_facets_narrow_and_exclude() -> None:
    with page() as served:
        served.put(article(1, "Dam one", source="North"), article(2, "Dam two", source="South & Co"))
        text = served.browser.get("/search/counts?q=dam").text
        links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/search\?q=[^"]*source[^"]*)"', text)]
        found = {tuple(titles(served, link)) for link in links}
        assert found == {("Dam one",), ("Dam two",)}


def test_search_is_exported_as_programs_want_it() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"))
        for form, kind in (("json", "application/jsonl"), ("csv", "text/csv"), ("atom", "application/atom+xml")):
            answer = served.browser.get(f"/search.{form}?q=dam")
            assert answer.headers["content-type"].startswith(kind) and "Dam fails" in answer.text


def test_saved_search_becomes_a_view_and_a_feed_at_a_secret_address() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"), article(2, "Oil prices", text=None))
        answer = served.browser.post("/searches", name="water", q="dam")
        assert titles(served, answer.headers["location"]) == ["Dam fails"]
        from pipeline.web.access_pages import outgoing_address

        path = outgoing_address(served.desk, "search", "water")
        stranger = served.another()
        assert "Dam fails" in stranger.get(path).text
        assert stranger.get(path.replace(".atom", ".json")).json()["items"][0]["title"] == "Dam fails"
        assert stranger.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status == 404


def test_alert_is_made_tried_and_explained() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"))
        assert "1 article in 1 story" in served.browser.get("/alerts/preview?query=dam").text
        options = {"digest": "daily@08:00", "quiet": "22:00-07:00"}
        made = served.browser.send("/alerts", {"name": "Dams & floods", "query": "dam", **options})
        shown = served.browser.follow(made)
        assert "Dams &amp; floods" in shown.text
        rule = served.desk.alerts.get("Dams & floods")
        assert (rule.digest, rule.quiet_from, rule.quiet_until) == ("daily@08:00", "22:00", "07:00")
        why = served.browser.get(f"{made.headers['location'].partition('?')[0]}?article={1:032x}")
        assert "✓" in why.text
        edited = served.browser.post("/alerts", opened="Dams & floods", name="Dams", query="dam OR flood")
        assert edited.status == 303 and served.desk.alerts.get("Dams").query == "dam OR flood"
        assert served.desk.alerts.get("Dams").digest is None


@pytest.mark.parametrize(("field", "value", "words"), [
    ("query", "(", "cannot be read"), ("query", "dam is:read", "for search only"), ("digest", "sometimes", "digest"),
    ("min_origins", "many", "no number"), ("quiet", "late", "two times of day"), ("expires", "soon", "no date"),
    ("channels", "pigeon:coo", ""), ("kind", "surge", ""),
])  # fmt: skip
def test_wrong_alert_is_shown_again_with_the_reason_and_all_that_was_typed(field: str, value: str, words: str) -> None:
    with page() as served:
        given = {"name": "Dams", "query": "dam", "times": "0.5" if field == "kind" else ""} | {field: value}
        answer = served.browser.send("/alerts", given)
        assert answer.status == 400 and words in answer.text and 'value="Dams"' in answer.text
        assert served.desk.alerts.all() == []


def test_feed_is_followed_changed_and_removed_with_a_way_back() -> None:
    with page() as served:
        made = served.browser.post("/feeds", url="https://harbour.example/", tags="coast, news")
        assert "The Harbour Wire" in served.browser.follow(made).text
        assert "no feed was found" in served.browser.post("/feeds", url="https://nothing.example/").text
        served.browser.post("/feed", url=URL, title="Harbour", tags="sea", interval="900", keep="1")
        (feed,) = served.desk.feeds.all()
        assert (feed.title, feed.tags, feed.interval_s) == ("Harbour", ("sea",), 900)
        assert "Harbour" in served.browser.get("/feed?url=https://harbour.example/").text
        gone = served.browser.follow(served.browser.post("/feed", url="https://harbour.example/", remove="1"))
        assert served.desk.feeds.all() == [] and "Undo" in gone.text


def test_lists_of_feeds_go_out_and_in_with_what_was_left_out() -> None:
    with page() as served:
        served.browser.post("/feeds", url="https://a.example/f", tags="news")
        opml = served.browser.get("/feeds.opml").text
        assert 'xmlUrl="https://a.example/f"' in opml
        served.browser.post("/feed", url="https://a.example/f", remove="1")
        body = (
            '--x\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n' + served.browser.token()
            + '\r\n--x\r\nContent-Disposition: form-data; name="list"; filename="a.opml"\r\n\r\n'
            + opml.replace("</body>", '<outline text="odd" xmlUrl="gopher://x"/></body>') + "\r\n--x--\r\n"
        )  # fmt: skip
        answer = served.browser.ask("POST", "/feeds.opml", body.encode(), {
            "content-type": "multipart/form-data; boundary=x", "origin": "http://127.0.0.1:8765",
        })  # fmt: skip
        assert "Following 1 feed" in answer.text and "gopher" in answer.text
        assert [each.tags for each in served.desk.feeds.all()] == [("news",)]


@pytest.mark.parametrize("path", [
    "/nothing", "/article/" + "f" * 32, "/story/" + "f" * 32, "/alert/none", "/feed?url=none", "/search.xml?q=a",
    "/static/none.js", "/feeds/search/x.atom",
])  # fmt: skip
def test_unknown_address_is_a_page_that_says_so(path: str) -> None:
    with page() as served:
        answer = served.browser.get(path)
        assert answer.status == 404 and 'role="alert"' in answer.text


@pytest.mark.parametrize("path", ["/?cursor=x", "/?view=x", "/?sort=x", "/?cursor=%ff", "/search.json?limit=0",
                                  "/search.json?limit=1000000", "/stories?days=0", "/stories?sort=x"])  # fmt: skip
def test_bad_parameter_is_told_in_words(path: str) -> None:
    with page() as served:
        served.put(article(1))
        answer = served.browser.get(path)
        assert answer.status == 400 and 'role="alert"' in answer.text


def test_wrong_method_names_the_right_ones() -> None:
    with page() as served:
        answer = served.browser.ask("DELETE", "/feeds")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


PAYLOADS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "'-alert(1)-'",
    "{{1234567*7}}",
    "</title><svg/onload=alert(1)>", "<!--><img src=x onerror=alert(1)>", "\u2028alert(1)//", "%3Cscript%3E",
)  # fmt: skip


class Tags(HTMLParser):
    """Note tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check_harmless(text: str) -> None:
    """Demand that a page runs nothing of a stranger's and loads nothing from elsewhere."""
    for tag, attributes in Tags(text).found:
        assert tag not in ("img", "iframe", "object", "embed", "style", "base", "audio", "video"), tag
        assert not any(name.startswith("on") or name == "style" for name in attributes), attributes
        if tag == "script":
            assert (attributes.get("src") or "").startswith("/static/app.js?")
        for name in ("href", "src", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("/", "#", "http://", "https://")), value


@pytest.mark.parametrize("payload", PAYLOADS)
def test_strangers_words_stay_words_everywhere(payload: str) -> None:
    with page() as served:
        served.put(
            article(1, payload, source=payload, authors=(payload,), text=payload, html=f"<p>{payload}</p>", url=payload,
                    tags=(payload,), image=payload),
        )  # fmt: skip
        served.browser.post("/feeds", url="https://a.example/f")
        served.browser.post("/feed", url="https://a.example/f", title=payload, keep="1")
        served.browser.post("/alerts", name=payload, query="dam")
        one = f"/article/{1:032x}"
        typed = quote(payload)
        for path in ("/", one, one + "?as=published", one + "/revisions", "/search?q=" + typed, "/feeds",
                     "/feed?url=https://a.example/f", "/alerts", "/alerts/new?q=" + typed, "/stories",
                     "/events?actor=" + typed):  # fmt: skip
            answer = served.browser.get(path)
            check_harmless(answer.text)
            assert "8641969" not in re.sub(r"<[^>]+>", "", answer.text) or "{{1234567*7}}" not in payload


@settings(max_examples=80)
@given(st.text(alphabet="<>/\"'= scriptonimgabefj:&;!-", max_size=80))
def test_no_markup_gets_through(html: str) -> None:
    check_harmless(clean_html(html + "<script>x</script><img src=x><a href='javascript:x'>y</a>"))


def test_pages_are_small() -> None:
    with page() as served:
        served.put(*(article(n, "A title of the usual length of a headline " + str(n)) for n in range(1, 200)))
        for path in ("/", f"/article/{1:032x}?in=1", "/search?q=dam", "/stories", "/help"):
            assert len(served.browser.get(path).body) < 100_000


def test_way_of_an_article_and_the_state_of_all_are_shown() -> None:
    with page() as served:
        served.put(article(1))
        way = served.browser.get(f"/article/{1:032x}/trace")
        assert (way.status, "is new: nothing with its identity was known" in way.text) == (200, True)
        assert served.browser.get(f"/article/{2:032x}/trace").status == 404
        operation = served.browser.get("/operation").text
        assert ("embedded" in operation, "no dead letters" in operation) == (True, True)
