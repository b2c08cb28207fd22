"""From the bytes of a document to characters: one bad byte, reference or escape costs one character and no more.

Feeds, subscription lists and pages of feeds go through here before any parser sees them, so that none of them guesses.
"""

from __future__ import annotations

import codecs
import re

from connectors.formats.language_codecs import codec_of_language

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", "utf-32-le"), (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
)  # fmt: skip
# How a document without a mark begins in an encoding wider than a byte: a bracket, a brace or white space.
_WIDE = (
    (re.compile(rb"(?:[<{\[ \t\r\n]\0\0\0){1,64}"), "utf-32-le"),
    (re.compile(rb"(?:\0\0\0[<{\[ \t\r\n]){1,64}"), "utf-32-be"),
    (re.compile(rb"(?:[<{\[ \t\r\n]\0){1,64}"), "utf-16-le"),
    (re.compile(rb"(?:\0[<{\[ \t\r\n]){1,64}"), "utf-16-be"),
)  # fmt: skip
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']\s*([\w.:-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(r"""(<\?xml[^>]{0,200}?)\s+encoding\s*=\s*(?:"[^"<>]{0,60}"|'[^'<>]{0,60}')""", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
# What is declared, and the larger set that is meant by it (WHATWG Encoding Standard).
_MEANT = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
}  # fmt: skip
# Labels that the standard knows and Python does not, nor without their x-.
_LABELS = {
    "windows-31j": "cp932", "ms_kanji": "cp932", "windows-949": "cp949", "windows-874": "cp874", "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "logical": "iso8859-8", "visual": "iso8859-8",
    "cn-big5": "big5hkscs", "big5-hkscs": "big5hkscs", "iso-8859-6-i": "iso8859-6", "iso-8859-6-e": "iso8859-6",
    "unicode-1-1-utf-8": "utf-8", "unicode11utf8": "utf-8", "mac-roman": "mac-roman",
    "mac-cyrillic": "mac-cyrillic", "mac-ukrainian": "mac-cyrillic", "sun_eu_greek": "iso8859-7", "koi": "koi8-r",
    "koi8": "koi8-r", "koi8-ru": "koi8-u",
}  # fmt: skip
# These would read bytes of another kind without an error, and hide what they are.
_NEVER = frozenset(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7"))
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
# Surrogates that were each written in UTF-8's manner, as CESU-8 and some databases do.
_SPLIT_BYTES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_HALF_BYTES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_LATIN = frozenset(("cp1252", "cp1250", "cp1254", "iso8859-15", "iso8859-2"))
_C1 = {code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0xA0)}
_C1_OR_GONE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,8})|0*(\d{1,10}));?")
_LOW_REFERENCE = re.compile(
    r"&#(?:[xX]0*([dD][89abAB][0-9a-fA-F]{2})|0*(5[56]\d{3}));&#(?:[xX]0*([dD][c-fC-F][0-9a-fA-F]{2})|0*(5[67]\d{3}));"
)
# UTF-8 that was taken for Latin-1: no text has these controls by itself.
_GARBLED = re.compile("[\xc2-\xdf][\x80-\x9f]|[\xe0-\xef](?:[\x80-\x9f][\x80-\xbf]|[\xa0-\xbf][\x80-\x9f])")
# The bytes of UTF-8, each as a reference.
_REFERRED_BYTES = re.compile(r"&#(?:19[4-9]|2[0-3]\d|24[0-4]);(?:&#(?:12[89]|1[3-8]\d|19[01]);){1,3}")
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_HALF = re.compile("[\ud800-\udfff]")
# What XML allows of ASCII, and all that UTF-8 is made of beyond; of that, these are not allowed either.
_PLAIN = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0x100)))
_C1_BYTES, _GONE_BYTES = re.compile(rb"\xc2[\x80-\x9f]"), re.compile(rb"\xef\xbf[\xbe\xbf]")
REPLACEMENT = "\ufffd"


def text_of(body: bytes, content_type: str | None = None) -> str:
    """Return a document as text in which every character may stand in XML; a declaration names no encoding any more.

    A byte order mark counts first, then what the bytes are, then the document's own word, then that of HTTP. In UTF-8 a
    byte that is none is taken for windows-1252; where most are none, the language of the document decides.
    """
    text = whole_references(allowed(decoded(body, content_type)))
    return _DECLARATION.sub(r"\1", text[:300], count=1) + text[300:]


def decoded(body: bytes, content_type: str | None = None) -> str:
    """Return a document's characters as they are, whatever they are."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            body = body[len(mark) :]
            return _utf8(body) if encoding == "utf-8" else body.decode(encoding, "replace").lstrip("\ufeff")
    for beginning, encoding in _WIDE:
        # Two NULs at least in the beginning: a single one is but a stray byte.
        if beginning.match(body) and body[:64].count(0) >= len(body[:64]) // 4 and body[:64].count(0) > 1:
            return body.decode(encoding, "replace")
    declared, told = _DECLARED.search(body[:1_000]), _CHARSET.search(content_type or "")
    names = [_codec(declared.group(1).decode("ascii")) if declared else None, _codec(told.group(1)) if told else None]
    try:
        if not (names[0] or names[1] or "").startswith(("iso2022", "hz")):
            return body.decode()
    except UnicodeDecodeError:
        pass
    own, header = names
    chosen = own or (header if header != "utf-8" and _fits(body, header) else None) or "utf-8"
    if chosen == "utf-8" and not _is_mostly_utf8(body):
        # Servers say Latin-1 of whatever they do not know.
        believed = header if header != "utf-8" and header not in _LATIN and _fits(body, header) else None
        chosen = believed or codec_of_language(body) or chosen
    if chosen != "utf-8" and not (chosen in _LATIN and _is_mostly_utf8(body)):
        return body.decode(chosen, "replace")
    return _utf8(body)


def allowed(text: str) -> str:
    """Return a text without the characters that XML forbids; halves of a pair are put together."""
    return text if _is_allowed(text) else mended(text)


def mended(text: str) -> str:
    """Return what ``allowed`` does, with each fault looked for."""
    text = _GARBLED.sub(lambda match: _regained(match.group()), _PAIR.sub(_joined, text))
    return _C1_OR_GONE.sub(lambda match: _permitted(ord(match.group())), text)


def _is_allowed(text: str) -> bool:
    """Tell whether there is nothing to mend, as in most documents: many times as fast as to look for each fault."""
    try:
        whole = text.encode()
    except UnicodeEncodeError:  # half of a pair
        return False
    return not (whole.translate(None, _PLAIN) or _C1_BYTES.search(whole) or _GONE_BYTES.search(whole))


def without_halves(text: str) -> str:
    """Return a text in which halves of a pair are put together, and those alone are unknown characters."""
    return text if text.isascii() else _HALF.sub(REPLACEMENT, _PAIR.sub(_joined, text))


def whole_references(text: str) -> str:
    """Return a text whose numeric references name characters: pairs of surrogates one, controls none."""
    if "&#" not in text:
        return text
    text = _LOW_REFERENCE.sub(_referred_pair, _REFERRED_BYTES.sub(_from_referred_bytes, text))
    return _REFERENCE.sub(_referred, text)


def _codec(name: str) -> str | None:
    """Return the codec of a declared encoding, or nothing where it is unknown or could not have been declared so."""
    name = name.strip().lower()
    if re.fullmatch(r"utf-?8\w*", name):  # utf8mb4
        return "utf-8"
    found = _looked_up(name) or (_looked_up(name[2:]) if name.startswith("x-") else None)
    if found is None:
        return None
    codec = _MEANT.get(found.name, found.name)
    is_text = getattr(found, "_is_text_encoding", True)
    return codec if is_text and codec not in _NEVER and not codec.startswith(("utf-16", "utf-32", "idna")) else None


def _looked_up(name: str) -> codecs.CodecInfo | None:
    try:
        return codecs.lookup(_LABELS.get(name, name))
    except (LookupError, ValueError):
        return None


def _fits(body: bytes, codec: str | None) -> bool:
    if codec is None:
        return False
    if codec in _LATIN and _is_mostly_utf8(body):
        return False
    try:
        body.decode(codec)
    except (UnicodeError, ValueError):
        return False
    return True


def _is_mostly_utf8(body: bytes) -> bool:
    """Tell whether most bytes above ASCII belong to characters of UTF-8: by chance hardly one in ten would."""
    whole = sum(map(len, _MULTI_BYTE.findall(body)))
    return whole > 2 * (len(_HIGH.findall(body)) - whole)


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        body = _SPLIT_BYTES.sub(lambda match: _from_split(match.group()), body)
        body = _HALF_BYTES.sub(REPLACEMENT.encode(), body)
        return body.decode("utf-8", "newswire.bad_byte")


def _from_split(pair: bytes) -> bytes:
    return pair.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _bad_byte(error: UnicodeError) -> tuple[str, int]:
    """Read a byte that is no UTF-8 as windows-1252, and the beginning of a torn character as one unknown one."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return (bad.decode("cp1252", "replace") if len(bad) == 1 else REPLACEMENT), error.end


codecs.register_error("newswire.bad_byte", _bad_byte)


def _permitted(code: int) -> str:
    if 0x80 <= code < 0xA0:
        return _C1[code]
    return REPLACEMENT if 0xD800 <= code < 0xE000 else ""


def _regained(garbled: str) -> str:
    try:
        return garbled.encode("latin-1").decode()
    except UnicodeError:
        return garbled


def _joined(match: re.Match[str]) -> str:
    return _from_halves(ord(match.group(1)), ord(match.group(2)))


def _from_halves(high: int, low: int) -> str:
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _referred_pair(match: re.Match[str]) -> str:
    high, low = (int(match.group(place), 16) if match.group(place) else int(match.group(place + 1)) for place in (1, 3))
    whole = 0xD800 <= high < 0xDC00 <= low < 0xE000
    return f"&#{ord(_from_halves(high, low))};" if whole else match.group()


def _from_referred_bytes(match: re.Match[str]) -> str:
    try:
        return bytes(map(int, re.findall(r"\d+", match.group()))).decode()
    except (UnicodeDecodeError, ValueError):
        return match.group()


def _referred(match: re.Match[str]) -> str:
    code = int(match.group(1), 16) if match.group(1) else int(match.group(2))
    if code in (9, 10, 13) or 0x20 <= code < 0x7F or (0x9F < code < 0xD800) or 0xE000 <= code < 0xFFFE:
        return match.group()
    if 0x10000 <= code < 0x110000:
        return match.group()
    return _permitted(code) if code < 0xE000 or code in (0xFFFE, 0xFFFF) else REPLACEMENT
