"""The map: every place lies on the part that is shown, which is no smaller than the outline is good for."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Event, Place, ReportedEvent, Span
from pipeline.views.event_survey import Spot
from pipeline.views.world_map import CLOSEST, HEIGHT, MOST_DRAWN, WIDTH, outline, place, window, world_map

_SPAN = Span(text="met", start=0, end=3)


def event(name: str = "Kyiv", latitude: float | None = 50.4, longitude: float | None = 30.5) -> ReportedEvent:
    where = Place(text=name, start=0, end=1, name=name, latitude=latitude, longitude=longitude)
    return ReportedEvent(event=Event(id="e", type="CONSULT", trigger=_SPAN, sentence=_SPAN, location=where), told_by=())


def spot(name: str, latitude: float, longitude: float, count: int = 1) -> Spot:
    return Spot(
        name=name, country=None, latitude=latitude, longitude=longitude, found=None, events=(event(name),) * count
    )


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=8))
def test_every_place_is_on_the_part_that_is_shown(degrees: list[tuple[float, float]]) -> None:
    points = [place(spot("x", latitude, longitude)) for latitude, longitude in degrees]
    left, top, width = window(points)
    height = width * HEIGHT / WIDTH
    assert WIDTH * CLOSEST <= width <= WIDTH
    assert left >= 0 and top >= 0 and left + width <= WIDTH + 0.2 and top + height <= HEIGHT + 0.2
    for x, y in points:
        assert left - 0.2 <= x <= left + width + 0.2 and top - 0.2 <= y <= top + height + 0.2


@given(st.text(max_size=20), st.integers(1, 500))
def test_map_is_well_formed_whatever_a_place_is_called(name: str, count: int) -> None:
    clean = "".join(c for c in name if c.isprintable())
    drawn = world_map([spot(clean, 1, 2, count)], lambda each: f"/events?place={each.name}", clean)
    root = ElementTree.fromstring(drawn)
    (link,) = root.findall("a")
    assert link.attrib["aria-label"].startswith(f"{clean}: {count} event")
    assert link.attrib["href"] == f"/events?place={clean}"


def test_no_more_places_are_drawn_than_a_page_can_carry() -> None:
    many = [spot(str(n), n % 80, n % 170, 1 + n % 3) for n in range(1_000)]
    drawn = world_map(many, lambda each: "/events?place=somewhere", "all")
    assert drawn.count("<circle") == MOST_DRAWN and len(drawn) < 55_000


def test_outline_is_small_and_lies_on_the_map() -> None:
    for path in outline():
        assert re.fullmatch(r"(m-?\d+(?:[ -]\d+|-\d+)*z?)+", path)
        x = y = 0
        for line in path.split("m")[1:]:
            numbers = [int(each) for each in re.findall(r"-?\d+", line)]
            first: tuple[int, int] | None = None
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = x + dx, y + dy
                first = first or (x, y)
                assert -5 <= x <= WIDTH + 5 and -2 <= y <= HEIGHT + 2
            if line.endswith("z"):
                assert first is not None
                x, y = first
    assert sum(map(len, outline())) < 20_000
