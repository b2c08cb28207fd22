"""How sure events are said to be is scaled to news without looking at what it is judged on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.models.rank import GOLD_NEWS, news_scale, scaled, without_source

SOURCES = list(GOLD_NEWS)


def readings(seed: int, size: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make readings of all sources of news whose chances are said too low and too steeply."""
    draw = np.random.default_rng(seed)
    chance = draw.uniform(0.1, 0.9, size)
    labels = (draw.uniform(size=size) < scaled(chance, np.array([0.7, 0.9]))).astype(float)
    return chance, labels, np.array(SOURCES)[np.arange(size) % len(SOURCES)]


@given(seed=st.integers(0, 10_000), source=st.sampled_from(SOURCES))
def test_what_is_right_in_a_source_says_nothing_of_its_own_chances(seed: int, source: str) -> None:
    chance, labels, sources = readings(seed)
    held = sources == source
    swapped = np.where(held, 1 - labels, labels)
    before, after = without_source(chance, labels, sources), without_source(chance, swapped, sources)
    assert np.array_equal(before[held], after[held])
    assert not np.array_equal(before[~held], after[~held])


@given(seed=st.integers(0, 10_000))
def test_chances_that_are_said_too_low_come_out_as_often_right_as_they_say(seed: int) -> None:
    chance, labels, sources = readings(seed)
    # The fitted scale makes the mean chance the share of right readings: the first condition of its likelihood.
    assert scaled(chance, news_scale(chance, labels)).mean() == pytest.approx(labels.mean(), abs=1e-6)
    assert abs(without_source(chance, labels, sources).mean() - labels.mean()) < abs(chance.mean() - labels.mean())


@given(chance=st.lists(st.floats(0.001, 0.999), min_size=2, max_size=30), shift=st.floats(-2, 2))
def test_a_scale_keeps_the_order_of_readings(chance: list[float], shift: float) -> None:
    ordered = scaled(np.array(sorted(chance)), np.array([0.7, shift]))
    assert np.all(np.diff(ordered) >= 0)
