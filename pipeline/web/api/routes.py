"""The table of operations: method, path, what it takes and returns, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from pipeline.model import Document, ReportedEvent
from pipeline.ports.revisions import Revision
from pipeline.services.access import Scope
from pipeline.services.feed_counts import Unread
from pipeline.services.status import Status
from pipeline.services.stories import SORTS as STORY_SORTS
from pipeline.services.trace import Trace
from pipeline.web.api import articles, changes, documentation, shapes, subscriptions
from pipeline.web.asking import LARGEST_PAGE, MOST_FORM_BYTES, MOST_UPLOAD_BYTES, Ask
from pipeline.web.rendering import Rendering


class Parameter(msgspec.Struct, frozen=True):
    """Describe a parameter of an address; ``bounds`` is what JSON Schema says of its value."""

    name: str
    about: str
    type: str = "string"
    example: Any = None
    bounds: dict[str, Any] = {}
    required: bool = False


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one thing that can be asked: it is routed and documented from here."""

    method: str
    path: str
    name: str
    about: str
    answer: Callable[[Ask, Rendering], Response]
    returns: Any
    takes: Any = None
    takes_type: str = "application/json"
    returns_type: str = "application/json"
    status: int = 200
    scope: Scope = "read"
    most_bytes: int = MOST_FORM_BYTES
    parameters: tuple[Parameter, ...] = ()


def _between(most: int) -> dict[str, Any]:
    return {"minimum": 1, "maximum": most}


_Q = Parameter("q", "A query; without one, everything.", example="flood -sport last:7d")
_ASKED = Parameter("q", "A query.", example="flood -sport last:7d", bounds={"minLength": 1}, required=True)
_LIMIT = Parameter("limit", "At most so many, up to 200.", "integer", 20, _between(LARGEST_PAGE))
_CURSOR = Parameter("cursor", "Go on after an earlier page.")
_SORT = Parameter("sort", "newest or best.", example="newest", bounds={"enum": list(articles.SORTS)})
_URL = Parameter(
    "url", "An address; to find feeds at, that of a site or page too.", bounds={"minLength": 1}, required=True
)
_COPIES = Parameter("copies", "Give every copy, not the original alone.", "boolean")


def _get(path: str, name: str, about: str, answer: Any, returns: Any, *parameters: Parameter, **more: Any) -> Operation:
    return Operation(
        method="GET", path=f"/api/v1{path}", name=name, about=about, answer=answer, returns=returns,
        parameters=parameters, **more,
    )  # fmt: skip


def _change(
    method: str, path: str, name: str, about: str, answer: Any, takes: Any, returns: Any, **more: Any
) -> Operation:
    scope = more.pop("scope", "write")
    return Operation(
        method=method, path=f"/api/v1{path}", name=name, about=about, answer=answer, returns=returns, takes=takes,
        scope=scope, **more,
    )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (
    _get("/articles", "listArticles", "Find articles.", articles.find, shapes.ArticlePage, _Q, _LIMIT, _CURSOR, _SORT,
         _COPIES),
    _get("/articles/{id}", "getArticle", "Return an article.", articles.one, shapes.ArticleEntry),
    _get("/articles/{id}/revisions", "listRevisions", "Return an article's revisions, newest first.",
         articles.revisions, list[Revision]),
    _get("/articles/{id}/trace", "traceArticle", "Tell what happened to an article, stage by stage.", articles.trace,
         Trace),
    _get("/articles/{id}/copies", "listCopies", "Return an article's copies.", articles.copies, list[Document]),
    _get("/articles/{id}/similar", "listSimilar", "Return articles about the same.", articles.similar,
         shapes.ArticlePage, _LIMIT),
    _get("/articles/{id}/share", "shareArticle", "Return a secret address at which anybody can read of an article.",
         subscriptions.share, shapes.Shared),
    _get("/articles/{id}/matches", "listMatches", "Return the alerts that an article matches, and by which words.",
         articles.matches, list[shapes.MatchEntry]),
    _change("POST", "/articles", "addArticles", "Add articles: one JSON object a line.", changes.push, None,
            shapes.Pushed, takes_type="application/jsonl", status=202, most_bytes=MOST_UPLOAD_BYTES * 5),
    _get("/facets/{field}", "countByField", "Count what a query finds by a field.", articles.facets,
         list[shapes.CountEntry], _Q, _LIMIT),
    _get("/timeline", "countByDay", "Count what a query finds by day.", articles.timeline, list[shapes.DayEntry], _Q),
    _get("/restate", "restateQuery", "Say in words what a query means.", articles.restated, shapes.Restated, _ASKED),
    _get("/stories", "listStories", "Find stories.", articles.stories, list[shapes.StoryEntry], _Q, _LIMIT,
         Parameter("days", "Of the last so many days.", "integer", 7, _between(3_650)),
         Parameter("sort", "size, growth or newest.", bounds={"enum": list(STORY_SORTS)})),
    _get("/stories/{id}", "getStory", "Return a story with its articles.", articles.story, shapes.StoryWhole),
    _get("/events", "listEvents", "Find events.", articles.events, list[ReportedEvent], _Q, _LIMIT,
         *(Parameter(name, f"The event's {name}.") for name in ("event", "actor", "target", "place", "when"))),
    _get("/events/{id}", "getEvent", "Return an event with all reports of it.", articles.event, ReportedEvent),
    _get("/quotations", "listQuotations", "Return quotations of the articles that a query finds.", articles.quotations,
         list[shapes.QuotationEntry], _Q, _LIMIT),
    _get("/marks", "listMarks", "Count articles by mark.", articles.marks, dict[str, int]),
    _change("POST", "/marks", "changeMarks", "Set or take marks of articles.", changes.marks, shapes.MarkChange,
            dict[str, shapes.MarkState], scope="own"),
    _get("/feeds", "listFeeds", "Return what is followed, and how it fares.", subscriptions.feeds,
         list[dict[str, Any]]),
    _change("POST", "/feeds", "followFeed", "Follow the feed at an address.", subscriptions.follow, shapes.NewFeed,
            list[shapes.FollowedFeed], status=201),
    _get("/feeds/one", "getFeed", "Return a feed.", subscriptions.feed, dict[str, Any], _URL),
    _change("DELETE", "/feeds/one", "unfollowFeed", "Follow a feed no longer.", subscriptions.unfollow, None, None,
            status=204, parameters=(_URL,)),
    _change("POST", "/feeds/refresh", "refreshFeed", "Poll a feed, or all, at the next opportunity.",
            subscriptions.refresh, None, shapes.Counted, parameters=(Parameter("url", "Its address."),)),
    _get("/feeds/days", "countFeedDays", "Return how many articles each feed has of each of the last days.",
         subscriptions.days, dict[str, list[shapes.FeedDay]],
         Parameter("days", "Of the last so many days, up to 90.", "integer", 30, _between(subscriptions.MOST_DAYS))),
    _get("/unread", "countUnread", "Count what is unread, in all and by feed, to 1,000 each.", subscriptions.unread,
         Unread),
    _get("/discover", "discoverFeeds", "Return the feeds at an address.", subscriptions.discover,
         list[shapes.OfferedFeed], _URL, scope="write"),
    _get("/export", "exportFeeds", "Return what is followed as OPML.", subscriptions.export, None,
         returns_type="text/x-opml"),
    _change("POST", "/import", "importFeeds", "Follow the feeds of a list.", subscriptions.take_over, None,
            shapes.Imported, takes_type="text/x-opml", most_bytes=MOST_UPLOAD_BYTES),
    _get("/addresses", "followQuery", "Return secret addresses at which programs follow what a query finds: as an Atom "
         "feed, a JSON feed, and a calendar of what is to happen.", subscriptions.addresses, dict[str, str], _ASKED),
    _get("/searches", "listSearches", "Return the saved searches.", subscriptions.searches, dict[str, str]),
    _get("/searches/{name}", "getSearch", "Return a saved search; its ETag serves If-Match.", subscriptions.search,
         shapes.SavedQuery),
    _change("PUT", "/searches/{name}", "keepSearch", "Keep a search.", subscriptions.keep_search, shapes.SavedQuery,
            shapes.SavedQuery, scope="own"),
    _change("DELETE", "/searches/{name}", "forgetSearch", "Forget a search.", subscriptions.forget_search, None, None,
            status=204, scope="own"),
    _get("/lists", "listLists", "Return the lists of names.", subscriptions.lists, dict[str, list[str]]),
    _get("/lists/{name}", "getList", "Return a list of names; its ETag serves If-Match.", subscriptions.one_list,
         list[str]),
    _change("PUT", "/lists/{name}", "keepList", "Keep a list of names.", subscriptions.keep_list, shapes.Names,
            shapes.Counted),
    _change("DELETE", "/lists/{name}", "dropList", "Drop a list.", subscriptions.drop_list, None, None, status=204),
    _get("/alerts", "listAlerts", "Return the alerts.", changes.alerts, list[shapes.AlertEntry]),
    _change("POST", "/alerts", "addAlert", "Keep an alert.", changes.add_alert, shapes.NewAlert, shapes.AlertEntry,
            status=201, scope="own"),
    _get("/alerts/{name}", "getAlert", "Return an alert; its ETag serves If-Match.", changes.alert, shapes.AlertEntry),
    _change("PATCH", "/alerts/{name}", "editAlert", "Change fields of an alert.", changes.edit_alert, shapes.AlertEdit,
            shapes.AlertEntry, scope="own"),
    _change("DELETE", "/alerts/{name}", "removeAlert", "Remove an alert.", changes.remove_alert, None, None,
            status=204, scope="own"),
    _get("/alerts/{name}/ledger", "getLedger", "Return what became of an alert's messages.", changes.ledger,
         list[shapes.DeliveryEntry], _LIMIT),
    _get("/alerts/{name}/why/{id}", "whyAlert", "Tell why an alert spoke of an article, or why not.", changes.why,
         shapes.WhyEntry),
    _change("POST", "/alerts/{name}/resend", "resendAlert", "Send again what failed.", changes.resend, None,
            shapes.Counted, scope="own"),
    _get("/preview", "previewAlert", "Tell what a query would have found.", changes.preview, shapes.Preview, _ASKED),
    _get("/status", "getStatus", "Tell how everything is: feeds, queues, alerts, disk and the last errors.",
         subscriptions.status, Status),
    _get("/health", "getHealth", "Tell whether everything works.", subscriptions.health, list[shapes.CheckEntry]),
    _get("/openapi.json", "getDescription", "Return this description.", documentation.openapi, dict[str, Any]),
)  # fmt: skip
