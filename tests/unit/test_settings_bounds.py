"""Numbers of the settings: each has bounds, within which nothing that is counted with it runs over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

import msgspec
import pytest

from pipeline import config
from pipeline.errors import UsageError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def numbers(kind: type[msgspec.Struct] = config.Settings, where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield where each number stands."""
    for name, hint in get_type_hints(kind).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from numbers(hint, (*where, name))
        elif hint in (int, float):
            yield (*where, name)


def loaded(place: tuple[str, ...], value: Any) -> Any:
    found: Any = config.load(environ={"_".join(("NEWSWIRE", *place)).upper(): str(value)})
    for name in place:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("place", list(numbers()), ids=".".join)
@pytest.mark.parametrize("value", [10**18, 10**30, 1e300, "inf", "nan", -2, -(10**18)])
def test_number_that_nobody_means_is_refused(place: tuple[str, ...], value: object) -> None:
    with pytest.raises(UsageError, match=f"(?i){place[-1]}"):
        loaded(place, value)


@pytest.mark.parametrize("place", [each for each in numbers() if each[-1].endswith(("_days", "_months", "_s"))])
def test_longest_time_can_be_counted_with(place: tuple[str, ...]) -> None:
    most = next(value for value in (36_500, 1_200, 365 * 86_400) if _is_taken(place, value))
    unit = timedelta(seconds=1) if place[-1].endswith("_s") else timedelta(days=31 if "months" in place[-1] else 1)
    assert NOW - loaded(place, most) * unit > datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["ALERTS_MAX_AGE", "ALERTS_UPDATE_EVERY", "BACKUP_EVERY"])
@pytest.mark.parametrize("text", ["999999w", "999999d"])
def test_time_in_words_that_nobody_means_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"NEWSWIRE_{name}"):
        config.load(environ={f"NEWSWIRE_{name}": text})


def _is_taken(place: tuple[str, ...], value: int) -> bool:
    try:
        loaded(place, value)
    except UsageError:
        return False
    return True
