"""Site rules: which one holds, what ours are, and that a bad one costs only itself."""

from __future__ import annotations

import pytest

from connectors.pages.site_rules import NO_RULE, SiteRule, SiteRules, load, read


def test_most_specific_rule_of_a_host_holds() -> None:
    site, news, port = SiteRule(strip=("a",)), SiteRule(strip=("b",)), SiteRule(strip=("c",))
    rules = SiteRules({"example.org": site, "news.example.org": news, "localhost:8000": port})
    wanted = {
        "https://example.org/x": site,
        "https://www.example.org/x": site,
        "https://News.Example.org:443/x": news,
        "https://old.news.example.org/": news,
        "https://notexample.org/": NO_RULE,
        "https://example.org.evil.test/": NO_RULE,
        "http://localhost:8000/": port,
        "http://localhost:9000/": NO_RULE,
        "http://me:secret@example.org/": site,
    }
    assert {url: rules.of(url) for url in wanted} == wanted


def test_our_own_rules_are_all_usable() -> None:
    rules = load()
    assert (rules.errors, rules.of("https://www.zeit.de/a").single_page is not None) == ((), True)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('["a.example"]\nkeep = "article"', "keep: a list"),
        ('["a.example"]\nkeep = ["p:::"]', "no CSS selector"),
        ('["a.example"]\nnext_page = "//a"', "no CSS selector"),
        ('["a.example"]\nkeeps = ["p"]', "keeps"),
        ('["https://a.example/"]\nkeep = ["p"]', "quoted host"),
        ("a = 1", "a table"),
    ],
)
def test_bad_rule_is_named_and_costs_only_itself(table: str, words: str) -> None:
    good = '\n["good.example"]\nstrip = [".ad"]\n'
    first, second = read(table + good), read(good + table if table.startswith("[") else table + good)
    for rules, errors in (first, second):
        assert list(rules) == ["good.example"]
        assert (len(errors), words in errors[0], '"a' in errors[0] or "https" in errors[0]) == (1, True, True)


@pytest.mark.parametrize(
    ("given", "selector"), [(False, None), ("a.next", "a.next"), (True, "link[rel~=next], a[rel~=next]")]
)
def test_next_page_is_a_selector_or_rel_next(given: bool | str, selector: str | None) -> None:
    assert SiteRule(next_page=given).next_selector == selector
