"""The article in a page, and whether it is better than what the feed gave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pages.boilerplate import is_boilerplate
from connectors.pages.fulltext import Page, PageError, better, extract_page, plain
from connectors.pages.site_rules import NO_RULE, SiteRule

URL = "https://news.example/2026/harbour"
TITLE = "Council agrees on new harbour"
TEASER = "After a night of talks the council has agreed to build the new harbour."
ARTICLE = (
    "The council agreed on Monday to build the new harbour after a night of talks that went on until dawn.\n\n"
    "Mayor Ida Holm said that the cranes would be moved to the northern quay before the winter storms set in.\n\n"
    "Fishermen had asked for a longer breakwater, and the council promised to look at the plans again in spring."
)
OTHER = (
    "Our gardening column looks at roses this week, and at ways of keeping snails away from them all summer.\n\n"
    "Readers sent in their own tricks, from coffee grounds to copper wire, and we have tried every single one."
)
GERMAN = (
    "Der Rat hat am Montag beschlossen, den neuen Hafen zu bauen, und die Bürgermeisterin sagte, dass die Kräne noch "
    "vor dem Winter auf die andere Seite der Stadt gebracht werden, wie es die Fischer schon lange verlangt hatten."
)
NAMES = "President Emmanuel Macron met Volodymyr Zelensky in Kyiv on Monday, and they will talk about gas from Norway."
NAMES_IN_GERMAN = (
    "Emmanuel Macron hat am Montag in Kyiv Volodymyr Zelensky getroffen, und die beiden sprachen über das Gas, das aus "
    "Norwegen kommen soll. Der Präsident sagte, dass er nach dem Treffen noch nicht wisse, wie es weitergehen werde."
)
MENU = "\n\n".join(["Harbour news", "Council", "New on Monday", "Talks and opinion", "Weather", "Agreed prices"] * 6)


@pytest.mark.parametrize(
    ("feed", "page", "title", "is_better", "reason"),
    [
        (TEASER, ARTICLE, TITLE, True, "words instead of 14"),
        ("", ARTICLE, TITLE, True, "instead of 0"),
        (TEASER, ARTICLE, "", True, "instead"),
        (TEASER, f"{ARTICLE}\n\nWe use cookies to improve your experience.", TITLE, True, "instead"),
        (TEASER, "", TITLE, False, "hardly any text"),
        (TEASER, "Loading", TITLE, False, "hardly any text"),
        (TEASER, "We use cookies to improve your experience.\n\nAccept all cookies", TITLE, False, "notice"),
        (TEASER, "Subscribe to continue reading.\n\nAlready a subscriber? Log in", TITLE, False, "notice"),
        (ARTICLE, ARTICLE, TITLE, False, "no more than the feed"),
        (ARTICLE, f"{ARTICLE}\n\nShare this article", TITLE, False, "no more than the feed"),
        (ARTICLE, f"{ARTICLE[:220]}\n\nSubscribe to continue reading.", TITLE, False, "behind a paywall"),
        (ARTICLE * 5, f"{ARTICLE * 6}", TITLE, False, "no more than the feed"),
        (ARTICLE * 5 + " Read more »", ARTICLE * 7, TITLE, True, "instead"),
        (TEASER, OTHER, TITLE, False, "something else"),
        (NAMES, NAMES_IN_GERMAN, "Macron meets Zelensky in Kyiv", False, "another language"),
        (TEASER, MENU, TITLE, False, "list"),
        (f"{ARTICLE} The post {TITLE} appeared first on Harbour news.", ARTICLE, TITLE, False, "no more"),
        (
            "市议会周一同意修建新港口。",
            "市议会周一在通宵会谈后同意修建新港口。" * 8,
            "市议会同意修建新港口",
            True,
            "instead",
        ),
    ],
)
def test_page_is_better_when_it_says_more_about_the_same(
    feed: str, page: str, title: str, is_better: bool, reason: str
) -> None:
    verdict = better(feed, page, title)
    assert (verdict.better, reason in verdict.reason) == (is_better, True), verdict


texts = st.lists(st.text(max_size=200), max_size=5).map("\n\n".join)
sentences = st.lists(st.sampled_from([*ARTICLE.split("\n\n"), *OTHER.split("\n\n"), TEASER, GERMAN]), max_size=8)


@given(texts, texts, st.text(max_size=60))
def test_any_texts_are_judged(feed: str, page: str, title: str) -> None:
    assert better(feed, page, title).reason


@given(sentences.map("\n\n".join), st.text(max_size=40))
def test_page_that_says_the_same_is_never_better(text: str, title: str) -> None:
    assert not better(text, text, title).better


@given(sentences, sentences, st.integers(0, 8))
def test_notices_never_make_a_page_better_or_worse(feed: list[str], page: list[str], place: int) -> None:
    notices = ["We use cookies to improve your experience.", "Subscribe to continue reading."]
    noticed = [*page[:place], *notices, *page[place:]]
    given = "\n\n".join(feed)
    assert better(given, "\n\n".join(noticed), TITLE).better == better(given, "\n\n".join(page), TITLE).better


def page_of(body: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


def article_of(text: str = ARTICLE) -> str:
    return "<article>" + "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n")) + "</article>"


def extracted(body: bytes, content_type: str | None = None, rule: SiteRule = NO_RULE) -> Page:
    return extract_page(body, content_type, URL, rule)


def test_article_is_found_among_menus_and_footers() -> None:
    menu = "<ul>" + "".join(f'<li><a href="/{word}">{word}</a></li>' for word in "home world sport".split()) + "</ul>"
    body = f"<nav>{menu}</nav><h1>{TITLE}</h1>{article_of()}<footer>{menu} All rights reserved.</footer>"
    page = extracted(page_of(body))
    assert (page.text, plain(page.html)) == (ARTICLE, ARTICLE)


def test_notices_stay_in_what_is_judged_but_not_in_what_is_published() -> None:
    rule = SiteRule(keep=("article",))
    page = extracted(page_of(article_of(f"{ARTICLE}\n\nSubscribe to continue reading.")), rule=rule)
    assert ("Subscribe" in page.text, plain(page.html)) == (True, ARTICLE)


def test_rule_keeps_and_strips_in_the_order_of_the_page_and_nothing_twice() -> None:
    body = "<div class=b><p>One. <i class=ad>Buy!</i></p></div><p>Menu</p><p class=a>Two.</p><div class=b>Three.</div>"
    page = extracted(page_of(body), rule=SiteRule(keep=(".a", ".b", ".b p"), strip=(".ad",)))
    assert page.text == "One.\n\nTwo.\n\nThree."


def test_rule_that_finds_nothing_leaves_the_article_to_be_looked_for() -> None:
    assert extracted(page_of(article_of()), rule=SiteRule(keep=(".gone",))).text == ARTICLE


def test_markup_is_harmless_and_its_links_are_whole() -> None:
    body = article_of().replace("harbour", '<a href="../x" onclick="y()">harbour</a><script>z()</script>', 1)
    markup = extracted(page_of(body)).html
    assert 'href="https://news.example/x"' in markup
    assert [bad for bad in ("script", "onclick", "z()") if bad in markup] == []


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        ("utf-8", None, ""),
        ("utf-8-sig", "text/html; charset=iso-8859-1", ""),
        ("utf-16", None, ""),
        ("cp1251", "text/html; charset=windows-1251", '<meta charset="utf-8">'),
        ("cp1251", "text/html", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
        ("koi8-r", 'text/html; charset="KOI8-R"', ""),
        ("cp1251", "text/html; charset=nonsense", '<meta charset=windows-1251>'),
    ],
)  # fmt: skip
def test_page_is_decoded_as_browsers_do(encoding: str, content_type: str | None, head: str) -> None:
    russian = "Совет в понедельник решил построить новую гавань после долгой ночи переговоров с рыбаками города. " * 3
    body = page_of(article_of(russian.strip()), head).decode().encode(encoding)
    assert extracted(body, content_type).text == russian.strip()


@pytest.mark.parametrize(
    ("rule", "link", "followed"),
    [
        (SiteRule(next_page=True), '<a rel="next" href="?page=2">2</a>', f"{URL}?page=2"),
        (SiteRule(next_page=True), '<link rel="next" href="/2026/harbour/2#top">', "https://news.example/2026/harbour/2"),
        (SiteRule(next_page="a.n"), '<a class=n href="https://other.example/2">2</a>', None),
        (SiteRule(next_page="a.n"), '<a class=n href="#more">2</a><a class=n href="//news.example/2">2</a>',
         "https://news.example/2"),
        (SiteRule(next_page="a.n"), '<a class=n href="http://[">2</a><a class=n>2</a>', None),
        (SiteRule(), '<a rel="next" href="?page=2">2</a>', None),
    ],
)  # fmt: skip
def test_next_page_is_followed_within_the_site_where_the_rule_says_so(
    rule: SiteRule, link: str, followed: str | None
) -> None:
    assert extracted(page_of(article_of() + link), rule=rule).next_page == followed


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"\0\0\0", b"<script>only()</script>", b"\xff\xfe"])
def test_page_without_an_article_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(PageError, match=URL):
        extracted(body)


tags = st.sampled_from("p div article table tr td ul li a b script style h1 br svg template body html".split())
pieces = st.one_of(
    st.text(max_size=30),
    tags.map(lambda tag: f"<{tag}>"),
    tags.map(lambda tag: f"</{tag}>"),
    st.sampled_from(['<a href="http://[">', "<!--", "]]>", "&#x0;", '<meta charset="utf-7">', ARTICLE]),
)


@given(
    st.lists(pieces, max_size=25).map("".join), st.sampled_from([NO_RULE, SiteRule(keep=("p", "div"), strip=("b",))])
)
def test_no_page_makes_reading_fail_but_in_our_words(markup: str, rule: SiteRule) -> None:
    try:
        page = extracted(markup.encode("utf-8", "replace"), rule=rule)
    except PageError:
        return
    assert "<script" not in page.html
    assert not any(is_boilerplate(paragraph) for paragraph in plain(page.html).split("\n\n") if len(paragraph) < 100)
