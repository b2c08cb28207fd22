"""robots.txt as RFC 9309 has it: groups, longest match, wildcards, limits, and what to do when it cannot be had."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.http import Fetched, FetchError
from connectors.fetch.robots import DAY_S, LIMIT_BYTES, UNREACHABLE_S, Robots, parse, product_token

SITE = "https://news.example"
TWICE = "User-agent: newswire\nDisallow: /a\n\nUser-agent: x\nDisallow: /c\n\nUser-agent: newswire\nDisallow: /b"


@pytest.mark.parametrize(
    ("lines", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /private/", "/private/a", False),
        ("User-agent: *\nDisallow: /private/", "/public", True),
        # The group of our own name counts alone; its name is compared whole and without case.
        ("User-agent: *\nDisallow: /\n\nUser-agent: newswire\nAllow: /", "/a", True),
        ("User-agent: NEWSWIRE\nDisallow: /a\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: Newswire/0.1\nDisallow: /a", "/a", False),
        ("User-agent: news\nDisallow: /", "/a", True),
        ("User-agent: newswirebot\nDisallow: /", "/a", True),
        ("User-agent: wire\nDisallow: /", "/a", True),
        ("User-agent: news\nAllow: /\n\nUser-agent: *\nDisallow: /", "/a", False),
        # Several names before the rules, and several groups of one name.
        ("User-agent: other\nUser-agent: newswire\nDisallow: /a", "/a", False),
        (TWICE, "/b", False),
        (TWICE, "/c", True),
        # The longest match, and Allow when both are as long.
        ("User-agent: *\nAllow: /p\nDisallow: /", "/page", True),
        ("User-agent: *\nAllow: /folder\nDisallow: /folder", "/folder/page", True),
        ("User-agent: *\nAllow: /page\nDisallow: /*.htm", "/page.htm", False),
        ("User-agent: *\nAllow: /$\nDisallow: /", "/", True),
        ("User-agent: *\nAllow: /$\nDisallow: /", "/page.htm", False),
        # Wildcards and the end mark.
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif", False),
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif?z", True),
        ("User-agent: *\nDisallow: /fish*.php", "/fishheads/catfish.php?id=1", False),
        ("User-agent: *\nDisallow: /*/print", "/a/b/print", False),
        # Case, escapes, queries, comments, byte order mark, line ends, what is no rule.
        ("User-agent: *\nDisallow: /fish", "/Fish", True),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("User-agent: *\nDisallow: /café", "/caf%c3%a9", False),
        ("User-agent: *\nDisallow: /a?b=1", "/a?b=1&c=2", False),
        ("user-AGENT : * # all\r\ndisallow :/a # not this\r", "/a", False),
        ("\ufeffUser-agent: *\nDisallow: /a", "/a", False),
        ("User-agent: *\nSitemap: https://x/\nCrawl-delay: 1\nNoindex: /\nDisallow: /a", "/a", False),
        ("Disallow: /\nUser-agent: *\nAllow: /", "/a", True),
        ("<!doctype html><html><body>Not found</body></html>", "/a", True),
    ],
)  # fmt: skip
def test_rules(lines: str, path: str, allowed: bool) -> None:
    assert parse(lines.encode(), "Newswire").allow(SITE + path) == allowed


paths = st.text("ab/", min_size=1, max_size=8).map(lambda path: "/" + path)
patterns = st.text("ab/*", min_size=1, max_size=6).map(lambda path: "/" + path)


@given(st.lists(st.tuples(st.booleans(), patterns, st.booleans()), max_size=6), paths)
def test_longest_match_decides_and_allow_wins_a_tie(rules: list[tuple[bool, str, bool]], path: str) -> None:
    written = [(allow, pattern + "$" * end) for allow, pattern, end in rules]
    lines = ["User-agent: *"] + [f"{'Allow' if allow else 'Disallow'}: {pattern}" for allow, pattern in written]
    matching = [(len(pattern), allow) for allow, pattern in written if _matches(pattern, path)]
    assert parse("\n".join(lines).encode(), "Newswire").allow(SITE + path) == max(matching, default=(0, True))[1]


def _matches(pattern: str, path: str) -> bool:
    parts = [re.escape(part) for part in pattern.removesuffix("$").split("*")]
    return re.match(".*".join(parts) + ("$" if pattern.endswith("$") else ""), path) is not None


@given(st.binary(max_size=300), st.sampled_from(["/", "/a?b", "/é%zz", "//x"]))
def test_nothing_makes_reading_fail(body: bytes, path: str) -> None:
    assert parse(b"User-agent: *\n" + body, "Newswire").allow(SITE + path) in (True, False)


@given(st.lists(st.sampled_from(["User-agent: *", "User-agent: newswire", "Disallow: /", "Allow: /a", "#", ""])))
def test_rules_for_others_change_nothing(lines: list[str]) -> None:
    others = "User-agent: otherbot\nDisallow: /\nAllow: /a\n\n"
    with_others = parse((others + "\n".join(lines)).encode(), "Newswire")
    if lines and lines[0].startswith("User-agent"):
        assert with_others.allow(SITE + "/a") == parse("\n".join(lines).encode(), "Newswire").allow(SITE + "/a")


def test_hostile_rules_are_read_and_matched_at_once() -> None:
    stars = "Disallow: /" + "*a" * 1_000 + "b"
    names = "\n".join(f"User-agent: bot{number}" for number in range(12_000))
    body = f"{names}\nUser-agent: *\n" + "\n".join([stars] * 100 + ["Disallow: /x"] * 6_000)
    rules = parse(body.encode(), "Newswire")
    assert rules.allow(SITE + "/" + "a" * 2_000)


def test_rules_beyond_the_limit_do_not_count() -> None:
    body = b"User-agent: *\nDisallow: /a\n" + b"#" * LIMIT_BYTES + b"\nDisallow: /b\n"
    rules = parse(body, "Newswire")
    assert (rules.allow(SITE + "/a"), rules.allow(SITE + "/b")) == (False, True)


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [("Newswire/0.1", "Newswire"), ("My_News-Bot (+x)", "My_News-Bot"), ("Mozilla/5.0", "Newswire"), ("", "Newswire")],
)
def test_product_token_is_what_the_user_agent_begins_with(user_agent: str, token: str) -> None:
    assert product_token(user_agent) == token


class Site:
    """Stand in for the fetcher: answer as told, and count."""

    def __init__(self, *answers: bytes | FetchError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}

    async def fetch(self, url: str, *, keep_bytes: int, proxy: str | None) -> Fetched:
        self.asked.append(url)
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, FetchError):
            raise answer
        return Fetched(url=url, status=200, body=answer[:keep_bytes], headers=self.headers)


def robots_of(site: Site, now: list[float]) -> Robots:
    return Robots(site, "Newswire/0.1", monotonic=lambda: now[0])  # type: ignore[arg-type]


def forbidden(robots: Robots, *paths: str) -> list[str | None]:
    async def check(path: str) -> str | None:
        try:
            await robots.check(SITE + path)
        except FetchError as exc:
            return exc.kind
        return None

    async def all_of_them() -> list[str | None]:
        return list(await asyncio.gather(*map(check, paths)))

    return asyncio.run(all_of_them())


DISALLOW = b"User-agent: *\nDisallow: /private"


def test_robots_txt_is_asked_for_once_a_day_even_by_many_at_once() -> None:
    site, now = Site(DISALLOW), [0.0]
    robots = robots_of(site, now)
    assert forbidden(robots, "/private/1", "/public", "/private/2") == ["robots", None, "robots"]
    now[0] = DAY_S - 1
    forbidden(robots, "/public")
    assert site.asked == [SITE + "/robots.txt"]
    now[0] = DAY_S + 1
    forbidden(robots, "/public")
    assert len(site.asked) == 2


def test_answer_lasts_as_long_as_it_says_within_an_hour_and_a_day() -> None:
    for header, lasts in (("max-age=60", 3_600), ("max-age=7200", 7_200), ("max-age=9999999", DAY_S)):
        site, now = Site(DISALLOW), [0.0]
        site.headers = {"cache-control": header}
        robots = robots_of(site, now)
        forbidden(robots, "/")
        now[0] = lasts - 1
        forbidden(robots, "/")
        assert len(site.asked) == 1
        now[0] = lasts + 1
        forbidden(robots, "/")
        assert len(site.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_4xx_means_that_all_is_allowed(status: int) -> None:
    kind = "gone" if status == 410 else "status"
    assert forbidden(robots_of(Site(FetchError(kind, "", status)), [0.0]), "/a") == [None]


@pytest.mark.parametrize(
    "error", [FetchError("status", "", 503), *(FetchError(kind, "") for kind in ("connect", "timeout", "body"))]
)
def test_unreachable_means_that_nothing_is_allowed_until_it_answers(error: FetchError) -> None:
    site, now = Site(error, DISALLOW), [0.0]
    robots = robots_of(site, now)
    assert forbidden(robots, "/a", "/b") == ["unreachable", "unreachable"]
    assert len(site.asked) == 1
    now[0] = UNREACHABLE_S + 1
    assert forbidden(robots, "/a", "/private") == [None, "robots"]


def test_what_was_known_holds_while_the_site_is_away_but_not_beyond_its_day() -> None:
    site, now = Site(DISALLOW, FetchError("status", "", 500)), [0.0]
    site.headers = {"cache-control": "max-age=3600"}
    robots = robots_of(site, now)
    forbidden(robots, "/a")
    now[0] = 4_000.0
    assert forbidden(robots, "/a", "/private") == [None, "robots"]
    now[0] = DAY_S + 1
    assert forbidden(robots, "/a", "/private") == ["unreachable", "unreachable"]


def test_each_scheme_and_port_is_a_site_of_its_own() -> None:
    site = Site(DISALLOW)
    robots = robots_of(site, [0.0])

    async def ask() -> None:
        for url in ("https://A.example/x", "https://a.example/y", "http://a.example/", "https://a.example:8443/"):
            await robots.check(url)

    asyncio.run(ask())
    wanted = ["https://a.example", "http://a.example", "https://a.example:8443"]
    assert site.asked == [origin + "/robots.txt" for origin in wanted]


def test_crawl_delay_is_kept_within_reason() -> None:
    for line, delay in (("Crawl-delay: 3", 3.0), ("Crawl-delay: 9000", 10.0), ("Crawl-delay: soon", 0.0), ("", 0.0)):
        assert parse(f"User-agent: *\n{line}\nDisallow: /x".encode(), "Newswire").crawl_delay_s == delay
