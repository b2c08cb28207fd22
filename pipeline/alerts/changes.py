"""What is new in revisions of an article that was told of, one by one or several in one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from pipeline.language.corrections import is_correction
from pipeline.model import Alert, Change
from pipeline.ports.alerts import Delivery

WITHDRAWN = "withdrawn"
# Why updates are not told that together leave nothing to tell.
CHANGED_BACK = "what changed was changed back before it was told"


def news(versions: Iterable[Alert]) -> str | None:
    """Say what revisions of one article, the oldest first, changed from before the first to after the last.

    ``None`` where nothing is left that is news: a figure that came back is none.
    """
    notes: dict[str, None] = {}
    figures: list[tuple[str, str]] = []
    whole: list[str] = []
    was_withdrawn = False
    for change in (each for alert in versions if alert.article is not None for each in alert.article.changes):
        if change.part == "withdrawn":
            is_withdrawn = change.after == "True"
            if not is_withdrawn and not was_withdrawn:
                notes["published again"] = None
            was_withdrawn = is_withdrawn
        elif change.part == "figures" and change.before and change.after:
            pairs = _pairs(change)
            if pairs is None:
                whole.append(f"{change.before} → {change.after}")
            else:
                figures = _followed(figures, pairs)
        elif change.part == "text" and change.after and is_correction(change.after):
            notes["corrected"] = None
    changed = [" → ".join("; ".join(each) for each in zip(*figures, strict=True))] if figures else []
    said = [f"figures changed: {each}" for each in dict.fromkeys([*changed, *whole])]
    return "; ".join([*said, *notes]) or None


def beyond_news(alert: Alert) -> str | None:
    """Return what an alert's note says beside what its article's own changes are: publishers, or a cap."""
    note, own = alert.note or "", news([alert])
    if own is not None and note.startswith(own):
        note = note[len(own) :].removeprefix("; ")
    return note or None


def changed_back(message: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Return, as withheld, those updates of a message that together leave nothing to tell."""
    return [
        msgspec.structs.replace(delivery, state="withheld", changed=now, error=CHANGED_BACK)
        for versions in _by_article(message)
        if len(versions) > 1 and _is_idle([delivery.alert for delivery in versions])
        for delivery in versions
    ]


def by_revision(alerts: Iterable[Alert]) -> list[Alert]:
    """Put alerts about one article in the order in which its versions came."""
    return sorted(alerts, key=lambda alert: (alert.article.revision if alert.article else 0, alert.matched))


def _is_idle(alerts: Sequence[Alert]) -> bool:
    ordered = by_revision(alerts)
    newest = ordered[-1].article
    if newest is None or newest.withdrawn or any(alert.reason != "update" for alert in ordered):
        return False
    # Another publisher is news whatever became of the figures.
    are_changes = all((alert.note or "").startswith((news([alert]) or WITHDRAWN, WITHDRAWN)) for alert in ordered)
    return are_changes and news(ordered) is None


def _by_article(message: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    articles: dict[str, list[Delivery]] = {}
    for delivery in message:
        if delivery.alert.article is not None:
            articles.setdefault(delivery.alert.article.id, []).append(delivery)
    yield from articles.values()


def _pairs(change: Change) -> list[tuple[str, str]] | None:
    """Return which figure took the place of which; ``None`` where so many did that the list was cut."""
    before, after = (change.before or "").split("; "), (change.after or "").split("; ")
    return list(zip(before, after, strict=True)) if len(before) == len(after) else None


def _followed(figures: Sequence[tuple[str, str]], pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return which figure took the place of which, after others took the place of some of them."""
    later: dict[str, list[str]] = {}
    for before, after in pairs:
        later.setdefault(before, []).append(after)
    found, used = [], set()
    for before, after in figures:
        newer = later.get(after)
        used.add(after)
        found.append((before, after if newer is None else newer.pop(0) if len(newer) > 1 else newer[0]))
    found += [(before, after) for before, after in pairs if before not in used]
    return [(before, after) for before, after in dict.fromkeys(found) if before != after]
