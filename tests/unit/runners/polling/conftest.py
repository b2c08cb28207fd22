"""A reader of feeds that starts no process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.sites import HereParser


@pytest.fixture
def parser() -> Iterator[HereParser]:
    parser = HereParser()
    yield parser
    parser.close()
