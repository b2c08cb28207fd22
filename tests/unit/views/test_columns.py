"""Growth: nothing that came is left out of the chart, however long it took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipeline.views.columns import DAY, HOUR, MOST_COLUMNS, columns_chart, columns_of

MOMENTS = st.lists(
    st.tuples(st.integers(0, 40 * 365 * 86_400).map(lambda s: datetime.fromtimestamp(s, UTC)), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(MOMENTS)
def test_columns_count_all_that_came(moments: list[tuple[datetime, bool]]) -> None:
    step, columns = columns_of(moments)
    assert len(columns) <= MOST_COLUMNS
    assert sum(column.count for column in columns) == len(moments)
    assert sum(column.set_off for column in columns) == sum(is_set_off for _, is_set_off in moments)
    assert all(later.start - earlier.start == step for earlier, later in pairwise(columns))
    ElementTree.fromstring(columns_chart(columns, "a & b"))


def test_step_grows_with_the_time_it_took() -> None:
    now = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
    steps = [columns_of([(now, True), (now + timedelta(days=days), False)])[0] for days in (1, 60, 400)]
    assert steps == [HOUR, DAY, 7 * DAY]
    assert columns_of([]) == (HOUR, [])
