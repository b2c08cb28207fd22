"""Letters as entries: what their senders mean, and nothing from what is no letter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.mail import parse_mail
from connectors.formats.parsed import NotAFeedError, ParsedEntry

HEAD = "From: Anna Berg <anna@x.test>\nSubject: {}\nDate: Tue, 24 Nov 2026 10:00:00 +0100\n"


def letter(text: str = "Words.", subject: str = "News", more: str = "") -> ParsedEntry:
    return parse_mail(f"{HEAD.format(subject)}{more}\n{text}".encode(), "a.eml")


def test_letter_is_an_entry() -> None:
    found = letter(more="Message-ID: <1@x.test>\nContent-Language: en-GB, de\n")
    assert (found.identity.guid, found.title, found.text) == ("1@x.test", "News", "Words.")
    assert (found.authors, found.source, found.language) == (("Anna Berg",), "Anna Berg", "en-GB")
    assert found.published == datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=?utf-8?q?Caf=C3=A9?=", "Café"),
        ("=?utf-8?B?UmF2?= =?utf-8?B?ZW5uYQ==?=", "Ravenna"),
        ("=?utf-8?B?UmF2?=\n =?utf-8?B?ZW5uYQ==?=", "Ravenna"),
        ("=?koi8-r?B?88/C2dTJ0Q==?=", "События"),
        ("=?no-such-code?q?plain?=", "plain"),
        ("Plain =?iso-8859-1?q?na=EFve?= words", "Plain naïve words"),
        ("Über", "Über"),
        ("a <b> & c", "a <b> & c"),
    ],
)
def test_subject_is_read_whatever_it_is_encoded_in(written: str, meant: str) -> None:
    assert letter(subject=written).title == meant


def test_markup_is_preferred_and_has_nothing_unseen_in_it() -> None:
    found = letter(
        "--b\nContent-Type: text/plain\n\nPlain.\n--b\nContent-Type: text/html\n\n"
        '<html><head><title>no</title></head><body><div style="display:none">preview</div><p>Marked.</p>'
        '<img src="https://t.test/p" height="1"><img src="https://x.test/crane.jpg" width="600">'
        '<a href="https://x.test/7">Im Browser ansehen</a><script>alert(1)</script></body></html>\n--b\n'
        'Content-Type: text/html\nContent-Disposition: attachment; filename="x.html"\n\nattached\n--b--\n',
        more="MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
    )
    assert found.url == "https://x.test/7"
    assert found.text is None
    assert "Marked." in (found.html or "")
    assert "crane.jpg" in (found.html or "")
    for unseen in ("preview", "t.test", "alert", "attached", "Plain.", "no</title"):
        assert unseen not in (found.html or "")


def test_list_names_the_source_and_the_archive_the_address() -> None:
    found = letter(more='List-Id: "Harbour weekly" <hw.x.test>\nArchived-At: <https://x.test/archive/9>\n')
    assert (found.source, found.url) == ("Harbour weekly", "https://x.test/archive/9")


def test_flowed_lines_are_joined_and_the_signature_is_cut() -> None:
    found = letter("One \nparagraph.\n\nTwo.\n-- \nAnna", more="Content-Type: text/plain; format=flowed\n")
    assert found.text == "One paragraph.\n\nTwo."


def test_without_an_id_equal_letters_are_one_and_others_are_not() -> None:
    assert letter("a").identity.guid == letter("a").identity.guid
    assert letter("a").identity.guid != letter("b").identity.guid


@pytest.mark.parametrize("body", [b"", b"\0" * 100, b"Hello there.\n", b"<rss/>", b"Subject: only\n\nx"])
def test_what_is_no_letter_is_refused(body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        parse_mail(body, "a.eml")


PIECES = (
    "From: |Subject: |Date: |Content-Type: |multipart/mixed; boundary=|text/html; charset=|=?utf-8?q?|?=|=?x?B?|"
    "Content-Transfer-Encoding: base64|Content-Transfer-Encoding: quoted-printable|--b|--|b|\n|\n\n|\r\n|;|"
    "*0*=utf-8''%ff|filename|=|\"|(|<a@b>|é|\udc80|message/rfc822"
).split("|")


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_letter_is_read_or_refused_in_words(pieces: list[str]) -> None:
    body = f"From: a\nSubject: b\n{''.join(pieces)}".encode("utf-8", "surrogateescape")
    for given_body in (body, "".join(pieces).encode("utf-8", "surrogateescape")):
        try:
            found = parse_mail(given_body, "a.eml")
        except NotAFeedError as exc:
            assert "a.eml" in str(exc)
        else:
            assert found.identity.guid
            (found.title or "").encode()
