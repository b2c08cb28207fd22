"""Addresses are joined as the standard says, stay as their publishers wrote them, and variants share a key."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import former_keys, join, shown_url, url_key

# Also what other programs would quote, unquote or drop.
PIECES = st.text(st.sampled_from("abZ09-_~.!$&'()*,=@%+| é語\"<>[]{}"), min_size=1, max_size=8).filter(
    lambda piece: piece.strip(". ") == piece
) | st.sampled_from(["%7E", "%2F", "%c3%a9", "%zz"])
PATHS = st.lists(PIECES, min_size=1, max_size=5).map("/".join)
TAILS = st.sampled_from(["", "?a=b&c=%20d+e", "?q=é x", "#part", "?a=1#part"])
HOSTS = st.sampled_from(
    ["news.example", "News.Example:8080", "user:p%40ss@news.example", "例え.example", "[2001:db8::1]:80"]
)


@given(HOSTS, PATHS, PATHS, TAILS)
def test_every_character_of_an_address_stays_as_it_is_written(host: str, place: str, path: str, tail: str) -> None:
    base = f"https://{host}/{place}/feed"
    assert join(base, f"{path}{tail}") == f"https://{host}/{place}/{path}{tail}"
    assert join(base, f"/{path}{tail}") == f"https://{host}/{path}{tail}"
    assert join("https://elsewhere.example/feed", f"//{host}/{path}{tail}") == f"https://{host}/{path}{tail}"
    assert join("https://elsewhere.example/feed", f"{base}{tail}") == f"{base}{tail}"


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_no_address_raises_nothing_but_value_errors(base: str, link: str) -> None:
    with suppress(ValueError):
        assert isinstance(join(base, link), str)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("?page=2", "https://a.example/x/feed?page=2"),
        ("/Caf%C3%A9/caf%c3%a9?a=b+c%20d", "https://a.example/Caf%C3%A9/caf%c3%a9?a=b+c%20d"),
        ("../y/./feed", "https://a.example/y/feed"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_address_is_joined_to_that_of_its_document(link: str, expected: str) -> None:
    assert join("https://a.example/x/feed?q=1#top", link) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://News.Example:80/a?utm_source=rss&id=3#top", "http://news.example/a?id=3"),
        ("https://www.google.com/url?rct=j&url=https://x.example/a%3Fstory%3D12&ct=ga", "https://x.example/a?story=12"),
        ("https://x-example.cdn.ampproject.org/c/s/x.example/story", "https://x.example/story"),
        ("https://x.example/a?wt_mc=rss.red&ns_mchannel=rss&id=3", "https://x.example/a?id=3"),
        ("https://x.example/story/amp/", "https://x.example/story"),
        ("https://x.example/ä b", "https://x.example/%C3%A4%20b"),
        ("https://x.example/?p=1&fbclid=abc", "https://x.example/?p=1"),
    ],
)
def test_url_key(url: str, expected: str) -> None:
    assert url_key(url) == expected


@given(st.text(max_size=80))
def test_url_key_is_idempotent(rest: str) -> None:
    once = url_key(f"https://news.example/{rest}")
    assert once == url_key(once)


TRACKERS = (
    "utm_source utm_medium fbclid gclid gad_source mc_cid mtm_campaign pk_kwd twclid _gl igshid srsltid hsa_acc".split()
)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from("id page p q article lang".split()), st.text("ab1é &=", max_size=5)), max_size=4
)


@given(PARAMETERS, st.lists(st.tuples(st.sampled_from(TRACKERS), st.text("ab1", max_size=4)), max_size=4), st.randoms())
def test_trackers_change_nothing_wherever_they_stand(
    pairs: list[tuple[str, str]], trackers: list[tuple[str, str]], random: Random
) -> None:
    mixed = list(pairs)
    for tracker in trackers:
        mixed.insert(random.randrange(len(mixed) + 1), tracker)
    address = "https://news.example/a?" + urlencode(pairs)
    assert url_key("https://News.example:443/a?" + urlencode(mixed) + "#top") == url_key(address)


@given(PARAMETERS, PARAMETERS)
def test_what_may_matter_keeps_addresses_apart(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    addresses = {url_key("https://news.example/a?" + urlencode(pairs)) for pairs in (one, other)}
    assert (len(addresses) == 1) == (one == other)


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://www.google.com/url?rct=j&url={}&usg=x",
        "https://l.facebook.com/l.php?u={}&h=AT0",
        "https://www.youtube.com/redirect?event=video&q={}",
        "https://duckduckgo.com/l/?uddg={}&rut=1",
        "https://vk.com/away.php?to={}",
        "https://out.reddit.com/t3_x?token=1&url={}",
    ],
)
@given(pairs=PARAMETERS)
def test_redirectors_are_unwrapped(wrapped: str, pairs: list[tuple[str, str]]) -> None:
    address = "https://news.example/a?" + urlencode(pairs)
    assert url_key(wrapped.format(quote(address, safe=""))) == url_key(address)
    assert url_key(wrapped.format("javascript%3Ax")).startswith(wrapped.partition("?")[0])


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_addresses_that_differ_in_a_meaningful_parameter_stay_different(one: int, other: int) -> None:
    urls = [url_key(f"https://news.example/read?story={n}&utm_medium=x") for n in (one, other)]
    assert (one == other) == (urls[0] == urls[1])


@pytest.mark.parametrize(
    "address",
    [
        "http://harbour.example/quay.jpg?crop/1420x708/format/webp",
        "http://harbour.example/view?3241",
        "http://harbour.example/index.php?/archives/12-Fog.html",
        "http://harbour.example/2022/02/24.html#a093000",
        "http://harbour.example/proxy/http%3A%2F%2Fquay.example%2Fpost",
        "http://harbour.example/find?name=%CF%F0%E8%E2%E5%F2&id=1",
        "http://[2001:db8::7]:8080/tide",
        "http://harbour.example/posts/amp",
        "http://harbour.example/a?x=1;y=2",
        "http://harbour.example/a?b=c+d&e=%7e&&f",
        "HTTP://Harbour.example:80/%c3%a9/%7Ejo/?q=a%20b",
        "https://harbour.example/städte?q=é",
        "https://harbour.example/#!/story/7",
        "mailto:desk@harbour.example",
        "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
    ],
)
def test_shown_address_is_the_publishers(address: str) -> None:
    assert shown_url(address) == address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/x?utm_source=rss&3241&utm_medium=feed", "https://a.example/x?3241"),
        ("https://a.example/x?crop/9&fbclid=z#a1", "https://a.example/x?crop/9#a1"),
        ("https://a.example/x?utm_source=rss#top", "https://a.example/x#top"),
        ("https://a.example/x#xtor=RSS-1&utm_source=b", "https://a.example/x"),
        ("https://a.example/x?id=1&amp;utm_source=rss", "https://a.example/x?id=1"),
        (" https://a.example/b c\n?d= e ", "https://a.example/b%20c?d=%20e"),
        ("https://a.example/b\u3000c", "https://a.example/b%E3%80%80c"),
        ("https://vk.com/away.php?to=https%3A%2F%2Fa.example%2F%3Fn%3D%25CF%25F0", "https://a.example/?n=%CF%F0"),
        ("https://vk.com/away.php?to=https%3A%2F%2Fa.example%2F%3Fn%3D%CF%F0", "https://a.example/?n=%CF%F0"),
        ("https://www.google.com/amp/s/a.example/x?id=3", "https://a.example/x?id=3"),
        ("https://a-example.cdn.ampproject.org/c/s/a.example/x?id=3", "https://a.example/x?id=3"),
        ("http://[bad/ x", "http://[bad/%20x"),
    ],
)
def test_only_trackers_and_redirectors_are_taken_from_an_address(address: str, expected: str) -> None:
    assert shown_url(address) == expected


QUERIES = st.lists(
    st.sampled_from(["id=1", "3241", "crop/9x9", "a=%CF", "a=%ce", "%2F", "x;y", "", "q=é", "b=c+d", "%7E="]),
    max_size=4,
)


@given(PATHS, QUERIES, st.lists(st.sampled_from(["utm_source=r", "fbclid=", "gclid=%CF"]), max_size=3), st.randoms())
def test_shown_address_keeps_every_byte_beside_trackers(
    path: str, pieces: list[str], trackers: list[str], random: Random
) -> None:
    place, mixed = f"https://news.example/{path}".replace(" ", "%20"), list(pieces)
    for tracker in trackers:
        mixed.insert(random.randrange(len(mixed) + 1), tracker)
    shown = shown_url(f"{place}?{'&'.join(mixed)}")
    expected = f"{place}?{'&'.join(pieces)}" if pieces or not trackers else place
    assert (shown, shown_url(shown)) == (expected, expected)


@given(st.text(max_size=60))
def test_no_address_makes_showing_or_comparing_raise(text: str) -> None:
    for address in (text, f"https://{text}", f"https://vk.com/away.php?to={text}"):
        assert shown_url(shown_url(address)) == shown_url(address)
        assert isinstance(url_key(address), str)
        assert former_keys(address)


BYTES = st.binary(min_size=1, max_size=3).map(lambda content: "".join(f"%{byte:02X}" for byte in content))


@given(BYTES, BYTES, st.sampled_from(["/?t={}", "/{}", "/a?{}=1", "/a?x=1&t=b{}"]))
def test_addresses_that_differ_in_any_byte_do_not_share_a_key(one: str, other: str, form: str) -> None:
    keys = {url_key("https://news.example" + form.format(text)) for text in (one, other)}
    assert (len(keys) == 1) == (one == other)


@given(PATHS, PARAMETERS)
def test_key_of_what_is_utf_8_and_in_order_is_the_one_it_always_had(path: str, pairs: list[tuple[str, str]]) -> None:
    address = f"https://news.example/{path}?{urlencode(sorted(pairs))}"
    assert set(former_keys(address)) == {url_key(address)}


@given(PATHS, PARAMETERS, st.randoms(use_true_random=False))
def test_parameters_of_other_names_may_stand_in_any_order(
    path: str, pairs: list[tuple[str, str]], chance: Random
) -> None:
    named = list(dict(pairs).items())
    shuffled = chance.sample(named, len(named))
    one, other = (f"https://news.example/{path}?{urlencode(order)}" for order in (named, shuffled))
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.example/a?source=rss&id=3", "https://x.example/a?id=3"),
        ("https://x.example/a?ref=rss", "https://x.example/a"),
        ("https://x.example/a?partner=rss&emc=rss", "https://x.example/a"),
        ("https://x.example/a?mod=rss_whats_news", "https://x.example/a"),
        ("https://x.example/a;jsessionid=AF09.n1?id=3", "https://x.example/a?id=3"),
        ("https://x.example/a?PHPSESSID=abcdef01&id=3", "https://x.example/a?id=3"),
        ("https://x.example/a?amp=1", "https://x.example/a"),
        ("https://x.example/a?outputType=amp", "https://x.example/a"),
        ("https://x.example/a?print=1", "https://x.example/a"),
        ("https://münchen.example/a", "https://xn--mnchen-3ya.example/a"),
        ("https://日本。example/a", "https://日本.example/a"),
        ("https://medium.com/@ann/quay-1a2b?source=rss-9f8e7d6c------2", "https://medium.com/@ann/quay-1a2b"),
        ("https://medium.com/a/quay-1a2b?source=rss----3a8144eabfe3---4", "https://medium.com/a/quay-1a2b"),
        ("https://x.example/a.html?.tsrc=rss", "https://x.example/a.html"),
        ("https://x.example/a?maca=en-rss-en-all-1573-rdf", "https://x.example/a"),
        ("https://x.example/a?s=1&id=2&s=0", "https://x.example/a?id=2&s=1&s=0"),
        ("https://x.example/#!/a?utm_source=x", "https://x.example/#!/a"),
        (
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example%2Fa&data=x",
            "https://x.example/a",
        ),
    ],
)
def test_variants_of_an_address_share_a_key(one: str, other: str) -> None:
    assert url_key(one) == url_key(other)
    assert url_key(url_key(one)) == url_key(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.example/a?source=12", "https://x.example/a?source=13"),
        ("https://x.example/a?ref=rss-news-desk/1", "https://x.example/a?ref=rss-news-desk/2"),
        ("https://x.example/a?emc=edit_1", "https://x.example/a?emc=edit_2"),
        ("https://x.example/a?amp=12", "https://x.example/a?amp=13"),
        ("https://x.example/a?print=mona-lisa", "https://x.example/a"),
        ("https://x.example/a%2Fb", "https://x.example/a/b"),
        ("https://x.example/a?sid=12", "https://x.example/a?sid=13"),
        ("https://x.example/a?session=12", "https://x.example/a?session=13"),
        ("https://x.example/#!/a?id=1", "https://x.example/#!/a?id=2"),
        ("https://straße.example/a", "https://strasse.example/a"),
        ("https://x.example/a?id=1&id=2", "https://x.example/a?id=2&id=1"),
    ],
)
def test_addresses_of_different_articles_have_different_keys(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)
