"""Pages without a feed: what their rules find, in CSS and in XPath, and in words what they do not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.connector import NotAFeedError
from connectors.formats.parsed import ParsedEntry
from connectors.pages.lists import PageConnector
from connectors.pages.site_rules import SiteRules, read

ITEM = '<li class="n"><h3><a href="{}">{}</a></h3>{}</li>'
URL = "https://news.example.org/all/"


def entries(markup: str, rule: str = 'entry = "li.n"', url: str = URL) -> tuple[ParsedEntry, ...]:
    rules, errors = read(f'["news.example.org".list]\n{rule}\n')
    assert errors == ()
    connector = PageConnector()
    connector._rules = SiteRules(rules)
    return connector.parse(markup.encode(), "text/html; charset=utf-8", url).entries


RULES = {
    "css": 'entry = "li.n"\ntitle = "h3"\nlink = "h3 a"\ndate = "time"\ntext = "p"\nauthor = ".by"\nimage = "img"',
    "xpath": "entry = \"//li[@class='n']\"\ntitle = './h3'\nlink = './h3/a/@href'\ndate = './/time/@datetime'\n"
    "text = './p'\nauthor = \".//*[@class='by']\"\nimage = './/img/@src'",
}


@pytest.mark.parametrize("rule", RULES)
def test_every_part_is_found(rule: str) -> None:
    more = (
        '<time datetime="2026-11-24T10:00:00+01:00">heute</time><p>Die <b>Kräne</b> <a href="x">standen</a>.</p>'
        '<span class="by">Ida Holm</span><img src="/i.jpg">'
    )
    (found,) = entries(f"<ul>{ITEM.format('../7?x=1&amp;y=2', 'Kräne &amp; Kähne', more)}</ul>", RULES[rule])
    assert (found.url, found.title) == ("https://news.example.org/7?x=1&y=2", "Kräne & Kähne")
    assert found.published == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert (found.authors, found.image) == (("Ida Holm",), "https://news.example.org/i.jpg")
    assert "<b>Kräne</b>" in (found.html or "")
    assert 'href="https://news.example.org/all/x"' in (found.html or "")


def test_entry_alone_is_enough() -> None:
    found = entries(f"<ul>{ITEM.format('/1', 'One', '<time>24 Nov 2026</time>')}{ITEM.format('/2', 'Two', '')}</ul>")
    assert [(one.url, one.title, one.published) for one in found] == [
        ("https://news.example.org/1", "One", datetime(2026, 11, 24, tzinfo=UTC)),
        ("https://news.example.org/2", "Two", None),
    ]


def test_entry_may_be_the_link_itself() -> None:
    (found,) = entries("<a class=c href=/1>One</a>", 'entry = "a.c"')
    assert (found.url, found.title) == ("https://news.example.org/1", "One")


def test_base_of_the_page_counts() -> None:
    (found,) = entries(f"<base href='https://cdn.example.org/x/'>{ITEM.format('1', 'One', '')}")
    assert found.url == "https://cdn.example.org/x/1"


@pytest.mark.parametrize("href", ["", "#", "javascript:void(0)", "mailto:a@b.test", "http://[", URL])
def test_what_leads_nowhere_is_no_link(href: str) -> None:
    (found,) = entries(ITEM.format(href, "One", ""))
    assert (found.url, found.title) == (None, "One")


def test_same_teaser_twice_is_one_entry() -> None:
    assert len(entries(ITEM.format("/1", "One", "") * 3)) == 1


def test_rule_that_finds_nothing_is_told_with_the_rule() -> None:
    with pytest.raises(NotAFeedError, match=r"the rule entry = 'li\.n' finds nothing"):
        entries("<p>We have a new look.</p>")


def test_longest_path_wins_and_other_pages_have_no_rule() -> None:
    rules, errors = read(
        '[["x.test".list]]\nentry = "a"\npath = "/news"\n[["x.test".list]]\nentry = "b"\npath = "/news/sport"\n'
    )
    assert errors == ()
    found = SiteRules(rules)
    asked = ("/news", "/news/sport/1", "/about")
    assert [(one.entry if (one := found.list_of(f"https://x.test{path}")) else None) for path in asked] == [
        "a",
        "b",
        None,
    ]
    assert found.list_of("https://sub.x.test/news") is not None


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('entry = "li["', "no CSS selector"),
        ('entry = "//li["', "no XPath expression"),
        ('title = "h1"', "entry"),
        ('entry = "li"\nlinks = "a"', "links"),
    ],
)
def test_rule_that_is_wrong_is_named(rule: str, told: str) -> None:
    rules, errors = read(f'["x.test".list]\n{rule}\n')
    assert rules == {}
    assert told in errors[0]
    assert '"x.test"' in errors[0]


@given(
    st.lists(
        st.sampled_from(
            ["<li class=n>", "</li>", "<a href=", "'/1'", "http://[", ">", "<time datetime=x>", "Words", "</a>", "<h3>",
             "<base href='//'>", "\0", "<?xml version='1.0' encoding='x'?>", "é", "<p>", "<script>", "&#55357;"]
        ),
        max_size=40,
    ),
    st.sampled_from(list(RULES)),
)  # fmt: skip
def test_any_page_is_read_or_refused_in_words(pieces: list[str], rule: str) -> None:
    try:
        found = entries("".join(pieces), RULES[rule])
    except NotAFeedError as exc:
        assert "finds nothing" in str(exc)
    else:
        assert all(one.url or one.title for one in found)
        assert all(one.url is None or one.url.startswith(("http://", "https://")) for one in found)
