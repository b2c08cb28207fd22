"""The endpoints of the Google Reader API: by which method, what one must be allowed to, and what answers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from pipeline.services.access import Scope
from pipeline.web.readers import changing, lists, reading
from pipeline.web.readers.accounts import edit_token
from pipeline.web.readers.asked import Request

Answer = Callable[[Request], Response]


class Endpoint(msgspec.Struct, frozen=True):
    """Name what answers at an endpoint; one that is not ``changing`` may be asked by GET and by POST."""

    answer: Answer
    scope: Scope = "read"
    is_change: bool = False


def _token(asked: Request) -> Response:
    return Response(edit_token(asked.desk, asked.program), media_type="text/plain")


ENDPOINTS: dict[str, Endpoint] = {
    "token": Endpoint(_token),
    "user-info": Endpoint(lists.user_info),
    "tag/list": Endpoint(lists.tags),
    "subscription/list": Endpoint(lists.subscriptions),
    "subscription/export": Endpoint(changing.export),
    "unread-count": Endpoint(lists.unread_count),
    "preference/list": Endpoint(lists.preferences),
    "preference/stream/list": Endpoint(lists.stream_preferences),
    "friend/list": Endpoint(lists.friends),
    "stream/items/ids": Endpoint(reading.ids),
    "stream/items/contents": Endpoint(reading.named_items),
    "stream/contents": Endpoint(reading.contents),
    "atom": Endpoint(reading.atom),
    "edit-tag": Endpoint(reading.edit_tag, "own", True),
    "mark-all-as-read": Endpoint(reading.mark_all_as_read, "own", True),
    "subscription/quickadd": Endpoint(changing.quick_add, "write", True),
    "subscription/edit": Endpoint(changing.edit, "write", True),
    "subscription/import": Endpoint(changing.import_list, "write", True),
    "rename-tag": Endpoint(changing.rename_tag, "own", True),
    "disable-tag": Endpoint(changing.disable_tag, "own", True),
}


def endpoint_of(path: str) -> Endpoint | None:
    """Return the endpoint of a path; streams may stand in the path after theirs."""
    for beginning in ("stream/contents", "atom"):
        if path.startswith(f"{beginning}/"):
            return ENDPOINTS[beginning]
    return ENDPOINTS.get(path)
