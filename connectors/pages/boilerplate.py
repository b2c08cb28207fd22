"""Recognise boilerplate: what a page says instead of, or beside, its article on consent, payment, log-in and errors."""

from __future__ import annotations

import re

BOILERPLATE_CHARS_MAX = 500
# Each speaks to the reader, or of the page itself: articles are about cookies and paywalls, too.
_PATTERNS = (
    # consent
    r"\b(?:we|our partners|this (?:web)?site|our (?:web)?site) (?:and our (?:\d+ )?partners )?uses? cookies",
    r"\baccept (?:all|our) cookies|\bour cookie policy|\b(?:manage|change|your) cookie (?:settings|preferences)",
    r"\byou (?:agree|consent) to (?:our|the|their) (?:use|processing)|\bwe value your privacy",
    r"(?:wir (?:verwenden|nutzen|setzen)|(?:verwenden|nutzen|setzen) wir|diese (?:web)?seite (?:verwendet|nutzt))"
    r" .{0,20}cookies",
    r"cookies akzeptieren|(?:nous utilisons|ce site utilise|accepter) .{0,12}cookies",
    r"(?:utilizamos|usamos|(?:este sitio|esta web|esta página|este site) .{0,12}(?:utiliza|usa)) cookies",
    r"(?:utilizziamo|questo sito utilizza) .{0,12}cookie|(?:wij|we|deze (?:web)?site) gebruik\w* .{0,12}cookies",
    r"(?:używamy|ta strona korzysta z|serwis korzysta z) (?:plików )?cookies",
    r"(?:当サイト|本网站|本網站|我们|このサイト).{0,12}(?:クッキー|cookie)",
    # paywall and log-in
    r"\bsubscribe (?:now |today )?(?:to (?:continue|keep|read|unlock|get)|for (?:full|unlimited))",
    r"\bto (?:continue|keep) reading\b.{0,40}\b(?:subscri|sign|log|regist|account|free)",
    r"^(?:continue|keep) reading (?:with|by)",
    r"\b(?:subscri\w+|sign up|log in|register) to (?:continue|keep) reading",
    r"\b(?:continue|keep) reading this article",
    r"\balready (?:a subscriber|a member|subscribed|have an? (?:account|subscription))\?",
    r"\bthis (?:article|content|story|page) is (?:only |exclusively )?(?:available )?(?:only |exclusively )?(?:for|to) "
    r"(?:our |paying |registered |premium )*(?:subscribers|members|users)",
    r"^(?:please )?(?:log|sign) in to (?:continue|read|view|your account)|\bunlock this (?:article|story)",
    r"\bcreate (?:a|your) free account|\byou have (?:reached|used) (?:your|all|\d+) .{0,40}(?:articles|limit)",
    r"\bfree articles? (?:left|remaining|this month)",
    r"jetzt (?:abonnieren|anmelden und|weiterlesen)|nur für abonnenten|bereits abonnent\w*\?|weiterlesen mit\b",
    r"réservé (?:à nos|aux) abonnés|abonnez-vous|déjà abonné\w* ?\?",
    r"pour (?:lire|poursuivre) la (?:suite|lecture)",
    r"suscríb(?:ete|ase)|contenido (?:solo|exclusivo) para suscriptores|ya (?:eres|soy) suscriptor",
    r"abbonati (?:per|a) |sei già abbonato|assine (?:já|para)|já é assinante|conteúdo exclusivo para assinantes",
    r"alleen voor abonnees|al abonnee\?|подпишитесь,? чтобы|только для подписчиков",
    r"有料会員(?:限定|の方)|会員限定|会員登録(?:が必要|はこちら|して|す)|新規会員登録",
    r"ログイン(?:が必要|はこちら|して)|^\W*ログイン$",
    r"登录后(?:查看|阅读|继续)|登入後(?:查看|閱讀)|付费(?:阅读|解锁|内容)|付費(?:閱讀|內容)",
    # errors, robots and scripts
    r"\b(?:enable|turn on|activate) java ?script|\bjava ?script (?:is|seems to be) (?:disabled|required|not enabled)",
    r"java ?script (?:aktivieren|ist deaktiviert)|activer javascript|habilit[ea] javascript",
    r"\b(?:verify|confirm) (?:that )?(?:you are|you're) (?:not a robot|(?:a )?human)|^are you a robot",
    r"unusual traffic from your|checking your browser|^just a moment\.\.\.|\bdisable (?:your )?ad ?block",
    r"^(?:\d{3}:? )?(?:error:? )?access denied|\byou don't have permission to access",
    r"^(?:\d{3}:? )?(?:error:? )?(?:this |the )?page (?:was |could |can )?not (?:be )?found",
    r"\bthe page you (?:requested|are looking)",
    # asides
    r"^sign up (?:for|to) our|^subscribe to (?:our|the) .{0,40}newsletter",
    r"^follow us on\b|^share this (?:article|story)",
    r"\ball rights reserved\.?$",
)  # fmt: skip
_BOILERPLATE = re.compile("|".join(_PATTERNS), re.IGNORECASE)


def is_boilerplate(paragraph: str) -> bool:
    """Return whether a paragraph is a consent, paywall, log-in or error notice; a long one never is."""
    return len(paragraph) <= BOILERPLATE_CHARS_MAX and _BOILERPLATE.search(paragraph) is not None


def without_boilerplate(text: str) -> str:
    """Return a text, its paragraphs set off by blank lines, without those that are boilerplate."""
    return "\n\n".join(part for part in text.strip().split("\n\n") if not is_boilerplate(part))
