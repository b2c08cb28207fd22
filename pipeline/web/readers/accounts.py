"""Who a reader program is: the login it shows once, and the value it shows from then on.

The value is signed and kept nowhere: most programs never ask for another, so it is good until the password changes or
the token is removed.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from pipeline.services.access import SOLE_NAME, is_same
from pipeline.web.asking import Form
from pipeline.web.desk import Desk
from pipeline.web.readers.asked import Program

NAME = SOLE_NAME
_PURPOSE = "reader program"
_OTHERS = "source|service|accountType|client|continue|Email|output"
_RAW_PASSWORD = re.compile(rf"(?:^|&)Passwd=(.*?)(?=&(?:{_OTHERS})=|$)", re.S)


def logged_in(desk: Desk, form: Form, body: bytes) -> str | None:
    """Return the value for who logs in, ``None`` for a wrong password.

    Some programs do not encode the password: then it is taken from the body as it stands there.
    """
    match = _RAW_PASSWORD.search(body.decode("utf-8", "replace"))
    raw = match[1] if match is not None else ""
    given = next((value for key, value in form.pairs if key == "Passwd"), "")
    name = next((value for key, value in form.pairs if key == "Email"), "").strip()
    for secret in dict.fromkeys((given, unquote(raw), raw)):
        reader = desk.readers.with_password(name, secret) if desk.readers.get(name) is not None else None
        if reader is not None:
            return _value(desk, "r", reader.name.encode().hex(), reader.password)
        token = desk.access.known(secret)
        if token is not None:
            return _value(desk, "t", token.id, token.id)
        if desk.door.password and is_same(secret, desk.door.password):
            return _value(desk, "p", "", desk.door.password)
    return _value(desk, "o", "", "") if desk.is_open else None


def program_of(desk: Desk, value: str) -> Program | None:
    """Return who shows a value, ``None`` for one that is not good, or not any more."""
    kind, (subject, _, signature) = value[:1], value[1:].partition(".")
    if kind == "o" and desk.is_open and _is_signed(desk, signature, "o", "", ""):
        return Program(scope="admin", reader="", name=NAME)
    password = desk.door.password
    if kind == "p" and password and _is_signed(desk, signature, "p", "", password):
        return Program(scope="admin", reader="", name=NAME)
    if kind == "r" and re.fullmatch(r"(?:[0-9a-f]{2})+", subject):
        reader = desk.readers.get(bytes.fromhex(subject).decode("utf-8", "replace"))
        if reader is not None and _is_signed(desk, signature, "r", subject, reader.password):
            return Program(scope=reader.scope, reader=reader.name, name=reader.name)
        return None
    if kind == "t" and _is_signed(desk, signature, "t", subject, subject):
        token = desk.access.by_id(subject)
        if token is not None:
            return Program(scope=token.scope, reader=token.owner, name=token.owner or NAME)
    return None


def edit_token(desk: Desk, program: Program) -> str:
    """Return what programs send back with changes; it is never looked at, since the value above says it all."""
    return (desk.access.signature("edit token", program.reader) * 3)[:57]


def _value(desk: Desk, kind: str, subject: str, secret: str) -> str:
    return f"{kind}{subject}.{desk.access.signature(_PURPOSE, kind, subject, secret)}"


def _is_signed(desk: Desk, signature: str, *parts: str) -> bool:
    return desk.access.is_signed(signature, _PURPOSE, *parts)
