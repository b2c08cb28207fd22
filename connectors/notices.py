"""What a page says to its reader instead of, or beside, its article: consent, paywall, log-in and error notices."""

from __future__ import annotations

import re

NOTICE_CHARS = 500
_NOTICES = (
    # consent
    r"(?:we|our partners|this (?:web)?site|our site) (?:and our (?:\d+ )?partners )?use[sd]? cookies",
    r"accept (?:all )?cookies",
    r"cookie (?:policy|settings|preferences|consent)",
    r"consent to (?:the )?(?:use|processing)",
    r"value your privacy",
    r"(?:verwenden|verwendet|nutzen|nutzt|setzt|setzen) (?:wir )?cookies",
    r"cookies (?:zu|akzeptieren)",
    r"(?:nous utilisons|utilise|accepter) (?:les |des )?cookies",
    r"(?:utilizamos|usamos|utiliza|usa) cookies",
    r"(?:utilizziamo|utilizza) (?:i )?cookie",
    r"gebruik(?:en|t)? (?:van )?cookies",
    r"(?:używamy|korzysta z) (?:plików )?cookies",
    r"クッキーを使用|cookieを使用|使用cookie",
    # paywall and log-in
    r"subscribe (?:now )?(?:to (?:continue|keep|read|unlock|get)|for (?:full|unlimited))",
    r"(?:continue|keep) reading (?:with|by|this article)",
    r"to (?:continue|keep) reading",
    r"already (?:a |have an? )?(?:subscri|member|account)",
    r"(?:this (?:article|content|story) is|only available|exclusively|available only) (?:only )?(?:for|to) (?:our )?"
    r"(?:paying |registered )?(?:subscribers|members|users)",
    r"(?:log|sign) in to (?:continue|read|view|your)",
    r"unlock this (?:article|story)",
    r"create (?:a|your) free account",
    r"you have (?:reached|used) .{0,40}(?:articles|limit)",
    r"free articles? (?:left|remaining|this month)",
    r"(?:jetzt|hier) (?:abonnieren|anmelden|weiterlesen)",
    r"nur für abonnenten|bereits abonnent|weiterlesen mit|mit .{0,30}abo (?:lesen|weiter)",
    r"réservé (?:à nos|aux) abonnés|abonnez-vous|déjà abonné|(?:lire|poursuivre) la (?:suite|lecture)",
    r"suscríb(?:ete|ase)|(?:solo|exclusivo) para suscriptores|sigue leyendo|ya (?:eres|soy) suscriptor",
    r"abbonati (?:per|a)|sei già abbonato",
    r"assine (?:já|para)|já é assinante|conteúdo exclusivo para",
    r"alleen voor abonnees|al abonnee",
    r"подпишитесь,? чтобы|только для подписчиков",
    r"有料会員|会員登録|会員限定|ログイン|登录后|登入後|付费|付費",
    # errors, robots and scripts
    r"(?:enable|turn on|activate) java ?script",
    r"java ?script (?:is|seems to be) (?:disabled|required)|java ?script (?:aktivieren|deaktiviert)",
    r"activer javascript|habilit[ea] javascript",
    r"(?:verify|confirm) (?:that )?(?:you are|you're) (?:a )?(?:not a robot|human)",
    r"are you a robot|unusual traffic|checking your browser|just a moment\.\.\.",
    r"access (?:is |was )?denied|you don't have permission to access",
    r"page (?:was |could )?not (?:be )?found|page you (?:requested|are looking for)",
    r"disable (?:your )?ad ?block",
    # asides
    r"sign up (?:for|to) (?:our|the|receive)",
    r"subscribe to (?:our|the) .{0,40}newsletter",
    r"follow us on|share this (?:article|story)|all rights reserved",
)
_NOTICE = re.compile("|".join(_NOTICES), re.IGNORECASE)


def is_notice(paragraph: str) -> bool:
    """Tell whether a paragraph talks to the reader about anything but its subject; long ones never do."""
    return len(paragraph) <= NOTICE_CHARS and _NOTICE.search(paragraph) is not None


def without_notices(text: str) -> str:
    """Return a text, its paragraphs set off by blank lines, without those that are notices."""
    return "\n\n".join(part for part in text.strip().split("\n\n") if not is_notice(part))
