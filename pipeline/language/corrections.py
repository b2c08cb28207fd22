"""Whether a passage of an article says that something in it was put right."""

from __future__ import annotations

import re

# A sentence's end, and what may stand between words of one.
_ON = r"[^.!?\n]"
_CORRECTION = re.compile(
    rf"(?:^|\n|\()[^\S\n]*(?:[\[*—-][^\S\n]*)?(?:(?:corrects|corrected|retracted)\b|(?:更正|勘误|勘誤|訂正|정정)|"
    # The name of what it is stands before what it says, or alone; "correction of prices" is none.
    r"(?:corrections?|clarifications?|erratum|retraction|berichtigung|korrektur|richtigstellung|correctif|rectificatif|"
    r"corrección|rectificación|fe de err(?:atas|ores)|correzione|errata(?: corrige)?|correção|rettifica|correctie|"
    r"rectificatie|rättelse|rettelse|berigtigelse|korreksjon|oikaisu|sprostowanie|oprava|helyesbítés|corecție|corectură|"
    r"correcció|исправление|поправка|уточнение|виправлення|уточнення|düzeltme|διόρθωση|ralat|koreksi|đính chính|"
    r"تصحيح|تصويب|اصلاحیه|תיקון)\b"
    rf"(?={_ON}{{0,40}}?:|[^\S\n]*(?:[.)\]—–-]|$|\n)|[^\S\n]+(?:to|appended|added|issued)\b))"
    r"|\b(?:has|have) been (?:corrected|amended|updated to correct|revised to correct)\b"
    r"|\b(?:an|a) (?:earlier|previous|prior) (?:version|headline) (?:of this |misstated|said|incorrectly|gave|named)"
    rf"|\bthis (?:\w+ \d{{1,2}} )?(?:article|story|report|piece|version|headline|item|page)\b{_ON}{{0,40}}?"
    rf"\b(?:corrects\b|(?:was|is|been)\b{_ON}{{0,12}}?\b(?:amended|corrected|retracted)\b|"
    rf"(?:was|been)\b{_ON}{{0,12}}?\b(?:updated|changed|revised|edited)\b{_ON}{{0,12}}?"
    rf"\bto (?:correct|clarify|reflect|fix|remove)\b)"
    rf"|\bheadline\b{_ON}{{0,40}}?\b(?:was|been) (?:changed|amended|corrected)\b"
    r"|\b(?:story|article) (?:was|has been) retracted\b"
    r"|(?<![“\"„«‘'])\bwe (?:\w+ )?(?:apologi[sz]e for|regret) (?:the|this|our|any) (?:error|mistake)s?\b"
    r"|\bregrets the error\b"
    r"|\bthis (?:article|story|report|piece|post|item) (?:originally|initially|previously|incorrectly) "
    r"(?:said|stated|reported|misstated|claimed|gave|named|identified|misidentified|listed)\b"
    r"|\bin einer (?:früheren|vorherigen|ersten|älteren) (?:version|fassung) (?:(?:dieses|des|unseres) "
    r"(?:artikels|texts|textes|beitrags)|hieß es|stand|war zu lesen|wurde fälschlich)\b"
    r"|\bwir haben (?:den|diesen|das|die) \w+ (?:korrigiert|berichtigt)\b"
    r"|\bune (?:première |ancienne )?version(?: précédente| antérieure)? de (?:cet article|ce texte|notre article)\b"
    r"|\buna versión (?:anterior|previa) de est[ea] (?:artículo|nota|texto|noticia|información)\b"
    r"|\buna (?:versione precedente|precedente versione) di quest[oa] (?:articolo|testo|notizia)\b"
    r"|\buma versão anterior dest[ea] (?:texto|reportagem|artigo|matéria|notícia)\b",
    re.IGNORECASE,
)


def is_correction(text: str) -> bool:
    """Tell whether a passage says that something was put right."""
    return _CORRECTION.search(text) is not None
