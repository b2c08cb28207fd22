"""The data shipped with the extractor is what the notice beside it says it is."""

from __future__ import annotations

import gzip
import hashlib
import re
from importlib.resources import files

import pytest

from pipeline.stages.extract.names.atlas import indexed

DATA = files("pipeline.stages.extract.names").joinpath("data")
ROW = re.compile(r"^\| (\S+\.(?:gz|index)) \| \d+ \| ([0-9a-f]{64}) \|$", re.MULTILINE)


def test_shipped_files_have_the_digests_of_the_notice() -> None:
    told = dict(ROW.findall(DATA.joinpath("NOTICE.md").read_text("utf-8")))

    assert set(told) >= {"gazetteer.tsv.gz", "names.msgpack.gz", "places.index", "places_other_scripts.index"}
    assert {name: hashlib.sha256(DATA.joinpath(name).read_bytes()).hexdigest() for name in told} == told


@pytest.mark.parametrize("name", ["places", "places_other_scripts"])
def test_the_shipped_index_is_that_of_the_shipped_places(name: str) -> None:
    rows = gzip.decompress(DATA.joinpath(f"{name}.tsv.gz").read_bytes())

    assert DATA.joinpath(f"{name}.index").read_bytes() == indexed(rows)
