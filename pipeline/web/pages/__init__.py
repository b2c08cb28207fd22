"""The pages: which handler answers what, and what its caller must be allowed to."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from pipeline.services.access import Scope
from pipeline.web.asking import MOST_FORM_BYTES, MOST_UPLOAD_BYTES, Ask
from pipeline.web.pages import alerts, article, events, feeds, help, operation, reading, search, stories
from pipeline.web.rendering import Rendering

Answer = Callable[[Ask, Rendering], Response]

PAGES: tuple[tuple[str, str, Answer, Scope, int], ...] = (
    ("GET", "/", reading.river, "read", 0),
    ("GET", "/unread", reading.unread, "read", 0),
    ("POST", "/marks", reading.change_marks, "own", MOST_FORM_BYTES),
    ("POST", "/marks/all", reading.read_all, "own", MOST_FORM_BYTES),
    ("POST", "/marks/undo", reading.undo, "own", MOST_UPLOAD_BYTES),
    ("GET", "/article/{id}", article.article, "read", 0),
    ("GET", "/article/{id}/similar", article.similar, "read", 0),
    ("GET", "/article/{id}/revisions", article.revisions, "read", 0),
    ("GET", "/article/{id}/picture", article.picture, "read", 0),
    ("GET", "/article/{id}/trace", article.trace, "read", 0),
    ("GET", "/search", search.search, "read", 0),
    ("GET", "/search/counts", search.counts, "read", 0),
    ("GET", "/search/restated", search.restated, "read", 0),
    ("GET", "/search.{form}", search.exported, "read", 0),
    ("POST", "/searches", search.save, "own", MOST_FORM_BYTES),
    ("GET", "/alerts", alerts.listed, "read", 0),
    ("GET", "/alerts/new", alerts.editor, "read", 0),
    ("GET", "/alerts/preview", alerts.preview, "read", 0),
    ("POST", "/alerts", alerts.keep, "own", MOST_FORM_BYTES),
    ("GET", "/alert/{name:path}", alerts.one, "read", 0),
    ("POST", "/alert/{name:path}", alerts.act, "own", MOST_FORM_BYTES),
    ("GET", "/feeds", feeds.listed, "read", 0),
    ("POST", "/feeds", feeds.add, "write", MOST_FORM_BYTES),
    ("GET", "/feeds.opml", feeds.export, "read", 0),
    ("POST", "/feeds.opml", feeds.import_list, "write", MOST_UPLOAD_BYTES),
    ("GET", "/feed", feeds.one, "read", 0),
    ("GET", "/feed/icon", feeds.icon, "read", 0),
    ("POST", "/feed", feeds.act, "write", MOST_FORM_BYTES),
    ("POST", "/demo", feeds.demo, "write", MOST_FORM_BYTES),
    ("GET", "/stories", stories.listed, "read", 0),
    ("GET", "/story/{id}", stories.one, "read", 0),
    ("GET", "/events", events.shown, "read", 0),
    ("GET", "/event/{id}", events.one, "read", 0),
    ("GET", "/operation", operation.shown, "read", 0),
    ("POST", "/operation", operation.act, "admin", MOST_FORM_BYTES),
    ("GET", "/operation/backup", operation.backup, "admin", 0),
    ("GET", "/help", help.shown, "read", 0),
    ("GET", "/display", help.display, "read", 0),
    ("POST", "/display", help.keep_display, "read", MOST_FORM_BYTES),
    ("POST", "/logout", help.log_out, "read", MOST_FORM_BYTES),
)
