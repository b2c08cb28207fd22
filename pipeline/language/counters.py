"""What counts readers, parts and minutes in a text, or says when it was written, what it costs and where to call.

Such figures move while nobody writes about the news.
"""

from __future__ import annotations

import re

# Bounded: each place in a long row of digits and points is looked at.
_NUMBER = r"\d{1,15}(?:[.,]\d{1,15}){0,5}"
_READERS = (
    r"stars?|ratings?|reviews?|views?|reads?|readers|clicks|comments?|replies|likes?|retweets?|upvotes?|downloads?|"
    r"followers|forks?|min(?:ute)?s? read|Sterne|Aufrufe|Kommentare?|étoiles?|commentaires?|estrellas?|comentarios?"
)
_NUMBERED = (
    r"updates?|part|parts|page|chapter|episode|version|day|no\.|number|issue|vol\.|volume|live|teil|seite|folge|"
    r"partie|parte|página|pagina|capítulo|actualización|mise à jour|aggiornamento"
)
_SHOWN = r"photo|image|picture|slide|figure|story|bild|foto|diapositive|imagen|immagine|imagem"
_OF = r"(?:of|/|von|sur|de|di)"
_AGO = r"seconds?|secs?|minutes?|mins?|hours?|hrs?|days?"
_WRITTEN = (
    r"updated|published|posted|modified|aktualisiert|veröffentlicht|stand|mis à jour|publié|actualizad[oa]|"
    r"publicad[oa]|aggiornato|pubblicato|atualizad[oa]"
)
_DATE = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.? (?:de )?[^\W\d]+\.? (?:de )?\d{4}|[^\W\d]+\.? \d{1,2},? \d{4})"
_CALL = r"call|phone|telephone|tel|hotline|fax|whatsapp|telefon|teléfono|téléphone|telefono|telefone"
_READING = (
    r"reading time|read time|lesedauer|lesezeit|temps de lecture|tiempo de lectura|tempo di lettura|tempo de leitura"
)
_OFFER = (
    r"subscribe|get unlimited|unlimited access|start your|try \w+ free|jetzt testen|jetzt abonnieren|abonnez-vous|"
    r"suscríbe(?:te|se)|abbonati|assine"
)
_TO_THE_END = r"[^\n]*?(?=[.!?](?:\s|$)|\n|$)"
_COUNTERS = re.compile(
    rf"\b\d{{1,2}}[:.h]\d{{2}}(?::\d{{2}})?\s?(?:[ap]\.?m\b\.?|uhr\b|h\b)?(?![.,]?\d)(?!\s?(?:%|percent|million|billion))"
    rf"|\b\d{{1,2}}\s?(?:[ap]\.?m\b\.?|uhr\b|o'clock\b)"
    rf"|[★☆⭐✩✭]+\s*{_NUMBER}|{_NUMBER}\s*[★☆⭐✩✭]+"
    rf"|\b{_NUMBER}[km]?\s+(?:{_READERS})\b"
    rf"|\b(?:{_READERS}|shared|abonn\w+|geteilt|partages?|compartid\w+)\s*[:(]\s*{_NUMBER}k?\)?"
    rf"|\b{_NUMBER}[km] shares\b|(?m:^[^\w\n]{{0,9}}{_NUMBER} shares[^\w\n]{{0,9}}$)"
    rf"|\b{_NUMBER}[km]? (?:people|users|others|readers) (?:are (?:reading|watching)|who commented|commented)\b"
    rf"|(?:©|\(c\)|\bcopyright)\s*(?:©\s*)?\d{{4}}(?:\s*[-–]\s*\d{{4}})?"
    rf"|\b(?:{_NUMBERED})\s+(?:no\.?\s*|number\s+|nr\.?\s*|#\s*)?{_NUMBER}(?:\s*{_OF}\s*\d+)?"
    rf"|\b(?:{_SHOWN}) \d+\s*{_OF}\s*\d+"
    rf"|#\s?\d+\b|\(\s*\d+\s*{_OF}\s*\d+\s*\)"
    rf"|\b{_NUMBER}\s+(?:{_AGO})\s+ago\b|\b(?:vor|il y a|hace)\s+{_NUMBER}\s+\w+"
    rf"|\brat(?:ed|ing)\W{{0,3}}{_NUMBER}\s*(?:/|out of)\s*\d+(?:\s+(?:by|from)\s+{_NUMBER}\s+\w+)?"
    rf"|\b(?:{_READING})\W{{0,4}}{_NUMBER}(?:\s*\w+)?|\blisten to th(?:is|e) \w+\W{{0,3}}{_NUMBER}\s*\w+"
    rf"|\b(?:{_WRITTEN})\b[ :,]*(?:on |at |am |le |el |il |em )?{_DATE}"
    rf"|\b(?:{_CALL})\b[.:]?[^\w\n]{{0,3}}[\d(][\d ()/.-]{{6,20}}\d|\+\d{{1,3}}[ (][\d ()/.-]{{5,20}}\d"
    r"|(?m:^[^\w\n]{0,9}[\d(][\d ()/-]{7,20}\d[^\w\n]{0,9}$)"
    rf"|(?:^|(?<=[.!?]\s)|(?<=\n))(?:{_OFFER})\b{_TO_THE_END}"
    rf"|\byou(?:'ve|’ve| have)\b[^.!?\n]{{0,40}}\bfree articles?\b{_TO_THE_END}|\bthis article is free\b{_TO_THE_END}",
    re.IGNORECASE,
)


def without_counters(text: str) -> str:
    """Return a text with a blank for each figure that is none of its news."""
    return _COUNTERS.sub(" ", text)
