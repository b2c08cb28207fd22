"""OpenAPI 3.1, made from the table of operations and the types they take and return."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.responses import Response

from pipeline.ports.search import FACETS
from pipeline.services.articles import SHORTEST_ID
from pipeline.version import VERSION
from pipeline.web.api.answers import answer
from pipeline.web.api.problems import Problem
from pipeline.web.asking import Ask
from pipeline.web.rendering import Rendering

_PROBLEMS = {"400": "It cannot be done as it was put.", "401": "A token is missing or unknown.",
             "403": "The token may not do this.", "404": "There is no such thing.",
             "405": "This cannot be done at this address.", "409": "The same request is being answered.",
             "412": "It was changed by somebody else since.", "413": "The body is too large.",
             "421": "The page is not called so.",
             "422": "Another request came with this key.", "429": "That is too often.",
             "503": "The store is away or busy; try again later."}  # fmt: skip


_TEXT = {"type": "string", "minLength": 1}
# Beginnings of ids are understood too, but for very short ones.
_PLACES = {
    (each, "id"): {"type": "string", "minLength": SHORTEST_ID}
    for part in ("", "/revisions", "/trace", "/copies", "/similar", "/matches")
    for each in (f"/api/v1/articles/{{id}}{part}", "/api/v1/stories/{id}", "/api/v1/events/{id}")
} | {("/api/v1/facets/{field}", "field"): {"type": "string", "enum": list(FACETS)}}


def openapi(ask: Ask, rendering: Rendering) -> Response:
    """Return the description of the API."""
    return answer(ask, description())


# Headers that some operations heed; every GET heeds If-None-Match, which caches send by themselves.
_HEADERS = {
    "If-Match": (
        "The ETag that it was read with: the change is refused (412) where somebody else made one since.",
        ("editAlert", "removeAlert", "keepSearch", "forgetSearch", "keepList", "dropList"),
    ),
    "Idempotency-Key": (
        "A request sent again with the same key within a day is answered as it was, and does nothing twice.",
        ("addArticles", "changeMarks", "followFeed", "refreshFeed", "importFeeds", "addAlert", "resendAlert"),
    ),
}


def description() -> dict[str, Any]:
    """Return the whole description."""
    from pipeline.web.api.routes import OPERATIONS

    types = [kind for each in OPERATIONS for kind in (each.returns, each.takes) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template="#/components/schemas/{name}")
    schema_of = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        returned = next(schema_of) if each.returns is not None else None
        taken = next(schema_of) if each.takes is not None else None
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, returned, taken)
    problem = next(schema_of)
    responses = {
        code: {"description": words, "content": {"application/problem+json": {"schema": problem}}}
        for code, words in _PROBLEMS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Newswire",
            "version": VERSION,
            "description": "Articles, stories, events, alerts and feeds of a Newswire. Requests from other machines "
            "show a token (`newswire token add`). Positions and cursors are opaque.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths | _stream(),
        "components": {
            "schemas": components,
            "responses": responses,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def written() -> bytes:
    """Return the description as it stands in the repository."""
    return msgspec.json.format(msgspec.json.encode(description()), indent=1) + b"\n"


def _operation(each: Any, returned: Any, taken: Any) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PLACES.get((each.path, name), _TEXT)}
        for name in re.findall(r"{(\w+)}", each.path)
    ]
    for parameter in each.parameters:
        entry = {
            "name": parameter.name, "in": "query", "description": parameter.about, "required": parameter.required,
            "schema": {"type": parameter.type} | parameter.bounds,
        }  # fmt: skip
        parameters.append(entry | ({"example": parameter.example} if parameter.example is not None else {}))
    for name, (about, operations) in _HEADERS.items():
        if each.name in operations:
            parameters.append({"name": name, "in": "header", "description": about, "schema": {"type": "string"}})
    answers: dict[str, Any] = {str(each.status): {"description": "Done."}}
    if returned is not None or each.returns_type != "application/json":
        answers[str(each.status)]["content"] = {each.returns_type: {"schema": returned or {"type": "string"}}}
    made: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.about,
        "description": f"Needs the scope {each.scope}.",
        "parameters": parameters,
        "responses": answers | {code: {"$ref": f"#/components/responses/{code}"} for code in _PROBLEMS},
    }
    if each.takes is not None or each.takes_type != "application/json":
        content = {each.takes_type: {"schema": taken or {"type": "string"}}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _stream() -> dict[str, Any]:
    about = "Follow new articles and alerts as server-sent events; Last-Event-ID goes on where a stream broke off."
    query = {"name": "q", "in": "query", "description": "Only what this query finds.", "schema": {"type": "string"}}
    events = {"200": {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
    return {"/api/v1/stream": {"get": {"operationId": "follow", "summary": about, "parameters": [query],
                                       "responses": events}}}  # fmt: skip
