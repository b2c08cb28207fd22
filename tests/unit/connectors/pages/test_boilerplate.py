"""Notices to the reader are told from what articles say, also of articles about cookies and paywalls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pages.boilerplate import BOILERPLATE_CHARS_MAX, is_boilerplate, without_boilerplate


@pytest.mark.parametrize(
    "text",
    [
        "We use cookies to improve your experience on our site.",
        "We and our 842 partners use cookies and similar technologies.",
        "By clicking, you agree to our use of cookies.",
        "Manage cookie settings",
        "Subscribe to continue reading.",
        "Already a subscriber? Log in",
        "Sign in to read this story",
        "This article is for subscribers only.",
        "This content is available exclusively to our paying members.",
        "You have reached your limit of 5 free articles.",
        "Create a free account to keep reading.",
        "Please enable JavaScript and reload the page.",
        "Verify you are human by completing the action below.",
        "Access denied",
        "404: Page not found",
        "Wir verwenden Cookies, um Ihnen ein gutes Erlebnis zu bieten.",
        "Jetzt weiterlesen mit dem Monatsabo",
        "Cet article est réservé aux abonnés. Déjà abonné ?",
        "Suscríbete para seguir leyendo",
        "Contenuto riservato: abbonati per leggere",
        "Dit artikel is alleen voor abonnees",
        "この記事は会員限定です。",
        "登录后查看全文",
    ],
)
def test_notice_is_told(text: str) -> None:
    assert is_boilerplate(text)


@pytest.mark.parametrize(
    "text",
    [
        "The court ruled that the company may not use cookies without asking.",
        "Google changed its cookie policy after regulators stepped in.",
        "Parents must consent to the use of photographs, the school said.",
        "The newspaper lost a third of its subscribers in two years.",
        "Residents can sign up to receive warnings by text message.",
        "Reporters were denied access to the hearing, and access was denied to lawyers as well.",
        "The club is exclusively for members.",
        "Unusual traffic was seen in the strait on Monday.",
        "She told the judge that she could not log in to the system.",
        "Die Firma verwendet Cookies, sagt die Aufsicht.",
        "El gobierno sigue leyendo las cartas de los vecinos.",
        "ログイン情報が流出したと同社は発表した。",
        "付费用户增加了三成。",
        "The page was torn out of the register.",
        "He retired to continue reading law at the university.",
    ],
)
def test_article_about_such_things_is_none(text: str) -> None:
    assert not is_boilerplate(text)


def test_long_paragraph_is_never_a_notice() -> None:
    assert not is_boilerplate("We use cookies. " + "word " * (BOILERPLATE_CHARS_MAX // 5))


@given(st.lists(st.text(max_size=40), max_size=6).map("\n\n".join))
def test_taking_notices_off_twice_is_taking_them_off_once(text: str) -> None:
    once = without_boilerplate(text)
    assert (without_boilerplate(once), len(once) <= len(text)) == (once, True)
