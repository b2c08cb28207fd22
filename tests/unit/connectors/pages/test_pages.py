"""Reading pages: what is fetched and what is refused, over several pages, and rest for sites that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, FetchError
from connectors.pages.fulltext import PageError
from connectors.pages.pages import FAILURES_IN_A_ROW, MAX_PAGES, Pages, is_passing
from connectors.pages.site_rules import SiteRule, SiteRules
from pipeline.model import Article

SITE = "https://news.example"
TEXT = (
    "The council agreed on Monday to build the new harbour after a night of talks that went on until dawn. "
    "Mayor Ida Holm said that the cranes would be moved to the northern quay before the winter storms set in."
)
RULE = SiteRule(keep=("p",), next_page="a.next", single_page="a.print")


class Web:
    """Stand in for the fetcher, robots.txt and the child process."""

    deadline_s = 1.0

    def __init__(self, pages: Mapping[str, str | Fetched | Exception]) -> None:
        self.pages = dict(pages)
        self.asked: list[str] = []
        self.forbidden: set[str] = set()

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str] | None,
        *,
        permit: Callable[[str], Awaitable[None]],
        keep_bytes: int,
        proxy: str | None,
    ) -> Fetched:
        await permit(url)
        self.asked.append(url.removeprefix(SITE))
        page = self.pages.get(url.removeprefix(SITE), FetchError("status", f"{url} answered 404", 404))
        if isinstance(page, Exception):
            raise page
        return page if isinstance(page, Fetched) else Fetched(url=url, status=200, body=page.encode(), headers={})

    async def check(self, url: str, proxy: str | None) -> None:
        if url.removeprefix(SITE) in self.forbidden:
            raise FetchError("robots", f"{url} is forbidden")

    async def crawl_delay_s(self, url: str, proxy: str | None) -> float:
        return 0.0

    def call(self, function: Callable[..., Any], body: bytes, *arguments: object) -> object:
        if body == b"hang":
            raise TimeoutError("not done within 1 s")
        if body == b"bug":
            raise RuntimeError("bug")
        return function(body, *arguments)


def pages_of(web: Web) -> Pages:
    rules, limits = SiteRules({"news.example": RULE}), HostLimits(2)
    return Pages(fetcher=web, robots=web, limits=limits, rules=rules, child=web, spacing_s=0.0)  # type: ignore[arg-type]


def read(web: Web, path: str = "/a") -> str:
    return asyncio.run(pages_of(web).read(SITE + path)).text


def answered(path: str = "/a", body: bytes = TEXT.encode(), content_type: str = "text/html") -> Fetched:
    return Fetched(url=SITE + path, status=200, body=body, headers={"content-type": content_type})


def test_pages_are_followed_until_they_repeat_end_or_fail() -> None:
    web = Web({"/a": "<p>1</p><a class=next href=/b>", "/b": "<p>2</p><a class=next href=/c>", "/c": "<p>3</p>"})
    assert read(web) == "1\n\n2\n\n3"
    web.pages["/c"] = "<p>3</p><a class=next href=/a>"
    assert read(web) == "1\n\n2\n\n3"
    web.pages["/c"] = FetchError("timeout", "slow")
    assert read(web) == "1\n\n2"
    web.forbidden.add("/b")
    assert read(web) == "1"


def test_endless_pages_are_not_followed_for_ever() -> None:
    web = Web({f"/{number}": f"<p>{number}</p><a class=next href=/{number + 1}>" for number in range(100)})
    read(web, "/0")
    assert len(web.asked) == MAX_PAGES


def test_single_page_is_read_instead_where_it_can_be_had() -> None:
    web = Web({"/a": "<p>1</p><a class=print href=/p><a class=next href=/b>", "/p": "<p>1 and 2</p>"})
    assert (read(web), web.asked) == ("1 and 2", ["/a", "/p"])
    del web.pages["/p"]
    assert read(web) == "1"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Fetched(url=SITE + "/a", status=200, body=b"<p>x</p>", headers={}, cut=True), "more than 5 MB"),
        (answered(content_type="application/pdf"), "not a web page"),
        (answered("/"), "front page"),
        (answered("/login?next=a"), "no article"),
        (answered("/consent/ask"), "no article"),
        (answered(body=b"hang"), "within 1 s"),
        (answered(body=b"bug"), "bug"),
        (answered(body=b""), "no text"),
    ],
)
def test_what_is_no_article_is_refused_for_good(answer: Fetched, words: str) -> None:
    with pytest.raises(PageError, match=words) as caught:
        read(Web({"/a": answer}))
    assert not is_passing(caught.value)


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (FetchError("timeout", ""), True),
        (FetchError("connect", ""), True),
        (FetchError("unreachable", ""), True),
        (FetchError("status", "", 500), True),
        (FetchError("status", "", 429), True),
        (FetchError("status", "", 404), False),
        (FetchError("gone", "", 410), False),
        (FetchError("robots", ""), False),
        (FetchError("address", ""), False),
        (FetchError("tls", ""), False),
        (FetchError("redirect", ""), False),
    ],
)
def test_only_failures_that_may_pass_are_worth_another_try(error: FetchError, passing: bool) -> None:
    assert is_passing(error) == passing


@pytest.mark.parametrize("trouble", [FetchError("timeout", "slow"), answered(body=b"hang")])
def test_site_that_keeps_failing_is_left_alone(trouble: Fetched | FetchError) -> None:
    web = Web({f"/{number}": trouble for number in range(10)} | {"/good": f"<p>{TEXT}</p>"})

    async def run() -> list[str]:
        pages, errors = pages_of(web), []
        for number in range(10):
            try:
                await pages.read(f"{SITE}/{number}")
            except (FetchError, PageError) as exc:
                errors.append(str(exc))
        return errors

    errors = asyncio.run(run())
    assert (len(errors), len(web.asked), "in a row" in errors[-1]) == (10, FAILURES_IN_A_ROW, True)


def test_success_between_failures_keeps_a_site_in_use() -> None:
    web = Web({"/bad": FetchError("timeout", "slow"), "/good": f"<p>{TEXT}</p>"})

    async def run() -> None:
        pages = pages_of(web)
        for path in ("/bad", "/bad", "/good", "/bad", "/bad", "/good"):
            try:
                await pages.read(SITE + path)
            except FetchError:
                continue

    asyncio.run(run())
    assert web.asked == ["/bad", "/bad", "/good", "/bad", "/bad", "/good"]


def article(path: str, title: str) -> Article:
    return Article(
        id=path,
        source="s",
        seen=datetime(2026, 11, 23, tzinfo=UTC),
        url=SITE + path,
        title=title,
        text="Harbour talks.",
    )


def test_text_that_several_articles_show_belongs_to_none_of_them() -> None:
    web = Web(dict.fromkeys(("/a", "/b", "/c"), f"<p>{TEXT}</p>"))

    async def run() -> list[bool]:
        pages = pages_of(web)
        first = await pages.fill(article("/a", "Council agrees on harbour"))
        again = await pages.fill(article("/b", "Council agrees on harbour"))  # the same article in another section
        with pytest.raises(PageError, match="same text"):
            await pages.fill(article("/c", "Harbour council agreed on Monday"))
        return [first.article.full_text, again.article.full_text]

    assert asyncio.run(run()) == [True, True]


def test_only_the_text_of_an_article_comes_from_its_page() -> None:
    web = Web({"/a": answered("/amp/other", f"<p>{TEXT}</p>".encode())})
    given = article("/a", "Council agrees on harbour")
    filled = asyncio.run(pages_of(web).fill(given)).article
    assert (filled.id, filled.url, filled.title, filled.text) == (given.id, given.url, given.title, None)
    assert TEXT in (filled.html or "")


@pytest.mark.parametrize("url", ["ftp://news.example/a", "file:///etc/passwd", "http://[", "javascript:x()"])
def test_address_that_is_none_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(FetchError):
        asyncio.run(pages_of(Web({})).read(url))
