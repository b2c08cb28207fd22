"""Compression of what is stored: deflate that already knows the words which all records share.

A dictionary is part of the format: a released one is never edited. A stream says by itself whether it needs it (RFC
1950, FDICT), so that what earlier versions stored without one is read by the same function.
"""

from __future__ import annotations

import zlib

try:
    # The same streams in a quarter of the time.
    from isal import isal_zlib as deflate

    LEVEL = 1
except ImportError:  # on a processor it is not made for
    deflate = zlib  # type: ignore[misc]

    # Three quarters of the time of level 6, for three hundredths more bytes.
    LEVEL = 3

error: type[Exception] = deflate.error  # type: ignore[assignment]  # its stub takes it for an instance
PLAIN, PACKED = 0, 1
# Shorter than this, nothing is gained.
WORTH_BYTES = 64
_NEEDS_DICTIONARY = 0x20

# What is most common stands last, where it is nearest.
_WORDS = (
    '"geonames_id":null,"found":"country"}],"recipients":[],"negated":false,"future":false,"hypothetical":false,'
    '"historical":false,"date":{"value":"202"granularity":"day","relative":true,"location":null,"attributed_to":null,'
    '"schedule":null,"confidence":1.0,"rule":"","reports":1,"origins":1,"versions":null,"mode":null,"context":[],'
    '"cameo":null,"actors":[{"text":"","start":1,"end":1,"name":null,"code":null,"sector":null,"trigger":{"text":"'
    '"sentence":{"text":"","quotations":[{"text":"","kind":"direct","speaker":{"role":null},"cue":{"text":"said"'
    '"entities":[{"text":"","type":"PER","name":"","type":"ORG","type":"LOC","changes":[{"part":"text","before":null,'
    '"after":" because between before during through government president minister officials company million people '
    "country according to the statement on Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February "
    "March April June July August September October November December which would have been after their there about "
    "could from with that this will were said the and of to in a is for on as by at it was be are has not an "
    '</p><p></p><a href=\\"https://www.","image":null,"enclosures":[],"title_is_text":true,"full_text":false,'
    '"duplicate_of":null,"story_id":null,"merged":[],"origins":1,"copies":[],"events":[],"quotations":[],"dates":[],'
    '"entities":[]}'
    '"withdrawn":false,"backfill":false,"history":false,"full_text":false,"title_is_text":false,"image":null,'
    '"enclosures":[],"schema_version":1}'
    '"feed":"https://www.","revision":0,"changes":[],"language":"en","tags":["","html":"<p>","text":"'
    '"authors":[],"published":"202","updated":null,"title":"{"id":"","source":"","seen":"202","url":"https://www.'
)
_DICTIONARY = _WORDS.encode()


def pack(value: bytes) -> bytes:
    """Return a value compressed."""
    packing = deflate.compressobj(LEVEL, zdict=_DICTIONARY)
    return packing.compress(value) + packing.flush()


def unpack(value: bytes) -> bytes:
    """Return what was compressed, with the dictionary or without. Raises ``error``."""
    if len(value) > 1 and value[1] & _NEEDS_DICTIONARY:
        packing = deflate.decompressobj(zdict=_DICTIONARY)
        return packing.decompress(value) + packing.flush()
    return deflate.decompress(value)


def packed(value: bytes) -> tuple[int, bytes]:
    """Return how a value is stored, and the bytes: compressed where that is shorter."""
    if len(value) >= WORTH_BYTES:
        small = pack(value)
        if len(small) < len(value):
            return PACKED, small
    return PLAIN, value


def unpacked(how: int, value: bytes) -> bytes:
    """Return a value that ``packed`` stored. Raises ``error``."""
    return unpack(value) if how == PACKED else value
