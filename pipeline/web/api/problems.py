"""What went wrong, as RFC 9457 has it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from pipeline.query.lexer import QueryError


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say what went wrong in words with the fix; ``column`` is where a query cannot be read, from 1."""

    type: str
    title: str
    status: int
    detail: str
    column: int | None = None


def problem(error: Exception, status: int, headers: Mapping[str, str]) -> Response:
    """Answer with a problem."""
    kind = "query" if isinstance(error, QueryError) else HTTPStatus(status).phrase.lower().replace(" ", "-")
    column = error.column if isinstance(error, QueryError) else None
    told = Problem(f"urn:newswire:problem:{kind}", HTTPStatus(status).phrase, status, str(error), column)
    return Response(msgspec.json.encode(told), status, dict(headers), "application/problem+json")
