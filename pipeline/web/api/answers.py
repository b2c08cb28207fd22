"""How the API answers: JSON with a tag of its content, so that what is unchanged is not sent again; bodies are read."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.web.asking import Ask

T = TypeVar("T")


class ChangedMeanwhileError(UsageError):
    """Refuse a change to something that was changed by somebody else since."""


def answer(ask: Ask, value: Any, status: int = 200) -> Response:
    """Answer with JSON and its ETag; 304 to who has it already."""
    body = msgspec.json.encode(value)
    headers = {"etag": f'"{hashlib.sha256(body).hexdigest()[:20]}"'}
    if ask.method in ("GET", "HEAD") and headers["etag"] in _tags(ask.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


def nothing() -> Response:
    """Answer that it is done."""
    return Response(status_code=204)


def check_unchanged(ask: Ask, value: Any) -> None:
    """Raise ``ChangedMeanwhileError`` where If-Match names another state than this one."""
    wanted = ask.headers.get("if-match", "")
    tag = f'"{hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:20]}"'
    if wanted and wanted.strip() != "*" and tag not in _tags(wanted):
        raise ChangedMeanwhileError("Somebody changed it since you read it; read it again and repeat your change.")


def check_expected(ask: Ask, value: Any | None) -> None:
    """Do so for what need not be there yet: who expects it as it was is refused where it is gone."""
    if value is not None:
        check_unchanged(ask, value)
    elif ask.headers.get("if-match", ""):
        raise ChangedMeanwhileError("It is not there any more; send it without If-Match to make it anew.")


def body_of(ask: Ask, kind: type[T]) -> T:
    """Read the body as JSON of a type. Raises ``UsageError`` naming the field."""
    try:
        return msgspec.json.decode(ask.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise UsageError(f"The body is not what is expected here: {exc}.") from exc


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]
