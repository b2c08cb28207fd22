"""An article waits a while for its page; it is never lost, and late pages come as revisions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.fetch.http import FetchError
from connectors.formats.parsed import ParsedFeed
from connectors.pages.fulltext import PageError, Verdict
from connectors.pages.pages import Filled
from connectors.polling.reading import FeedReading
from connectors.polling.subscription import Subscription
from pipeline.model import Article
from pipeline.runners.polling import fulltext
from pipeline.runners.polling.fulltext import FullText

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SUBSCRIPTION = Subscription(url="https://a.example/feed", added=NOW, fulltext=True)
Answer = str | Exception | Callable[[], Coroutine[Any, Any, str]]


class Site:
    """Stand in for the pages: each address gives its answers one after the other, the last one for ever."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def fill(self, article: Article, headers: object, proxy: str | None) -> Filled:
        self.asked.append(article.id)
        answers = self.answers[article.id]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else await answer()
        if not text:
            return Filled(article=article, verdict=Verdict(False, "it is worse"))
        return Filled(
            article=Article(id=article.id, source="s", seen=NOW, text=text, full_text=True),
            verdict=Verdict(True, "longer"),
        )


def reading(*names: str) -> FeedReading:
    articles = [
        Article(id=name, source="s", seen=NOW, url=f"https://a.example/{name}", text="teaser") for name in names
    ]
    return FeedReading(parsed=ParsedFeed(), entries=len(names), articles=tuple(articles), published=(), recent=b"")


async def fill(
    site: Site, names: str, patience_s: float = 5.0, again_s: tuple[float, ...] = (0.01, 0.01), wait_s: float = 0.1
) -> tuple[dict[str, str | None], list[tuple[str, str | None]], str | None]:
    """Return the texts to be published with the poll, those published apart, and the note."""
    late: list[tuple[str, str | None]] = []

    async def deliver(article: Article) -> bool:
        late.append((article.id, article.text))
        return True

    full_text = FullText(site, patience_s, again_s)  # type: ignore[arg-type]
    filled = await full_text.fill(SUBSCRIPTION, reading(*names), deliver)
    await full_text.settle()
    await asyncio.sleep(wait_s)
    await full_text.close()
    return {article.id: article.text for article in filled.articles}, late, filled.full_text_note


async def _never() -> str:
    await asyncio.sleep(60)
    return "never"


async def _late() -> str:
    await asyncio.sleep(0.1)
    return "late page"


def test_pages_are_used_where_better_and_order_is_kept() -> None:
    site = Site(a=["page a"], b=[""], c=[PageError("c is a picture.")])
    texts, late, note = asyncio.run(fill(site, "abc"))
    assert list(texts.items()) == [("a", "page a"), ("b", "teaser"), ("c", "teaser")]
    assert (late, note) == ([], "c is a picture.")
    assert sorted(site.asked) == ["a", "b", "c"]


def test_page_that_takes_too_long_comes_as_a_revision() -> None:
    site = Site(a=[_late], b=["page b"])
    texts, late, note = asyncio.run(fill(site, "ab", patience_s=0.02))
    assert (texts, late, note) == ({"a": "teaser", "b": "page b"}, [("a", "late page")], None)


def test_page_that_never_comes_holds_up_nothing() -> None:
    async def within_a_second() -> dict[str, str | None]:
        site = Site(a=[_never], b=["page b"])
        full_text = FullText(site, 0.02)  # type: ignore[arg-type]

        async def deliver(article: Article) -> bool:
            return False

        filled = await full_text.fill(SUBSCRIPTION, reading("a", "b"), deliver)
        await full_text.close()
        return {article.id: article.text for article in filled.articles}

    assert asyncio.run(asyncio.wait_for(within_a_second(), 1)) == {"a": "teaser", "b": "page b"}


def test_passing_failure_is_tried_twice_more_and_a_lasting_one_is_not() -> None:
    site = Site(
        a=[FetchError("timeout", "slow"), FetchError("status", "busy", 503), "page a"],
        b=[FetchError("status", "busy", 503)],
        c=[FetchError("robots", "no")],
        d=[FetchError("status", "nothing there", 404)],
        e=[PageError("no text")],
    )
    texts, late, _ = asyncio.run(fill(site, "abcde"))
    assert (set(texts.values()), late) == ({"teaser"}, [("a", "page a")])
    assert {name: site.asked.count(name) for name in "abcde"} == {"a": 3, "b": 3, "c": 1, "d": 1, "e": 1}


def test_server_that_asks_to_wait_is_waited_for() -> None:
    site = Site(a=[FetchError("status", "busy", 429, retry_after_s=30.0), "page a"])
    _, late, _ = asyncio.run(fill(site, "a"))
    assert (late, site.asked) == ([], ["a"])


def test_newer_version_of_an_article_ends_the_wait_for_the_older_ones_page() -> None:
    async def run() -> list[str | None]:
        delivered: list[str | None] = []

        async def deliver(article: Article) -> bool:
            delivered.append(article.text)
            return True

        site = Site(a=[_late, "page of the newer"])
        full_text = FullText(site, 0.01)  # type: ignore[arg-type]
        await full_text.fill(SUBSCRIPTION, reading("a"), deliver)
        newer = await full_text.fill(SUBSCRIPTION, reading("a"), deliver)
        await asyncio.sleep(0.2)
        await full_text.close()
        return [newer.articles[0].text, *delivered]

    assert asyncio.run(run()) == ["page of the newer"]


def test_unexpected_failure_of_a_page_costs_no_article() -> None:
    texts, late, note = asyncio.run(fill(Site(a=[RuntimeError("bug")], b=["page b"]), "ab"))
    assert (texts, late) == ({"a": "teaser", "b": "page b"}, [])
    assert note is not None


def test_article_does_not_wait_for_the_pages_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulltext, "TOGETHER_S", 0.02)
    texts, apart, _ = asyncio.run(fill(Site(a=["page a"], b=[_late], c=["page c"]), "abc"))
    assert (texts, apart) == ({"b": "late page"}, [("a", "page a"), ("c", "page c")])


def test_article_that_could_not_be_published_apart_is_published_with_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulltext, "TOGETHER_S", 0.02)

    async def run() -> list[str]:
        async def deliver(article: Article) -> bool:
            return False

        full_text = FullText(Site(a=["page a"], b=[_late]), 5.0)  # type: ignore[arg-type]
        filled = await full_text.fill(SUBSCRIPTION, reading("a", "b"), deliver)
        return sorted(article.text or "" for article in filled.articles)

    assert asyncio.run(run()) == ["late page", "page a"]
