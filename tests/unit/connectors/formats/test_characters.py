"""What needs no mending is told from what does without looking for each fault."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.formats.characters import allowed, mended, text_of

ODD = st.sampled_from(
    "\0\x08\x0b\x0c\x1f\x7f\x80\x9f\xa0\xc2\xe2\ud83d\ude00\udfff\ufffd\ufffe\uffff\ufeff\u2028é日\t\r\n <&"
)


@given(st.text(st.one_of(ODD, st.characters(exclude_categories=[]))))
@example("Â\x80")
@example("\ud83d\ude00")
@example("caf\u00e9 \u00a0 \u0085")
def test_a_text_that_is_taken_as_it_is_has_nothing_to_mend(text: str) -> None:
    assert allowed(text) == mended(text)


@pytest.mark.parametrize(
    ("language", "codec", "words"),
    [
        ("ru", "cp1251", "Порт снова открыт для всех судов"),
        ("uk-UA", "cp1251", "Порт знову відкрито для всіх суден"),
        ("pl", "cp1250", "Port znów jest otwarty, żegluga wraca łatwo"),
        ("el", "cp1253", "Το λιμάνι άνοιξε ξανά"),
        ("he", "cp1255", "הנמל נפתח שוב"),
        ("ar", "cp1256", "أعيد فتح الميناء"),
        ("tr", "cp1254", "Liman yeniden açıldı, gemiler geliyor"),
        ("th", "cp874", "ท่าเรือเปิดแล้ว"),
        ("ja", "cp932", "港が再開した"),
        ("ko", "cp949", "항구가 다시 열렸다"),
        ("zh-CN", "gb18030", "港口今天重新开放"),
        ("zh-TW", "big5hkscs", "港口今日重新開放"),
        ("lv", "cp1257", "Osta atkal ir atvērta kuģiem"),
    ],
)
@pytest.mark.parametrize("declared", ["", "<?xml version='1.0' encoding='utf-8'?>"])
def test_document_that_does_not_say_how_it_is_written_is_read_by_its_language(
    language: str, codec: str, words: str, declared: str
) -> None:
    document = f"{declared}<rss><channel><language>{language}</language><title>{words}</title></channel></rss>"
    assert f"<title>{words}</title>" in text_of(document.encode(codec))
    assert f"<title>{words}</title>" in text_of(document.encode())
    torn = document.encode().replace(b"</title>", b"\xe2</title>")
    assert words in text_of(torn)
