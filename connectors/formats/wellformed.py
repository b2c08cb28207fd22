"""Tell where a document stops being well-formed XML, for people: feeds are read all the same."""

from __future__ import annotations

from xml.parsers import expat


def xml_fault(body: bytes) -> str | None:
    """Return the line and the fault at which a strict parser would give up, or ``None`` if it would not.

    Of what is no XML at all, such as JSON, nothing is told. Entities are not expanded.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        return None
    parser = expat.ParserCreate()
    parser.UseForeignDTD(True)  # HTML's named characters are no fault of a feed
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as exc:
        code = getattr(exc, "code", None)
        why = expat.ErrorString(code) if code else str(exc)
        return f"line {getattr(exc, 'lineno', 1)}: {why}"
    return None
