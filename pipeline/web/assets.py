"""The addresses of the page's own files, with a tag that changes when they do."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from starlette.responses import Response

from pipeline.web.asking import Ask, NotFoundError

TYPES = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "app.webmanifest": "application/manifest+json",
    "away.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def content(name: str) -> tuple[bytes, str]:
    """Return a file and a tag of its content."""
    body = (files("pipeline.web") / "static" / name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


def tagged(name: str) -> str:
    """Return the address of a file."""
    return f"/static/{name}?{content(name)[1]}"


def static(ask: Ask) -> Response:
    """Answer with a file of the page's own; its address changes with it."""
    name = ask.places["name"]
    if name not in TYPES:
        raise NotFoundError("There is no such file.")
    body, tag = content(name)
    headers = {"etag": f'"{tag}"', "cache-control": "public, max-age=31536000, immutable"}
    if name == "away.js":  # looks after all pages, not only what lies beside it
        headers["service-worker-allowed"] = "/"
    if ask.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=TYPES[name])
