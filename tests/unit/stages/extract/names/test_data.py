"""The data shipped with the extractor is what the notice beside it says it is."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

DATA = files("pipeline.stages.extract.names").joinpath("data")
ROW = re.compile(r"^\| (\S+\.gz) \| \d+ \| ([0-9a-f]{64}) \|$", re.MULTILINE)


def test_shipped_files_have_the_digests_of_the_notice() -> None:
    told = dict(ROW.findall(DATA.joinpath("NOTICE.md").read_text("utf-8")))

    assert set(told) >= {"gazetteer.tsv.gz", "names.msgpack.gz"}
    assert {name: hashlib.sha256(DATA.joinpath(name).read_bytes()).hexdigest() for name in told} == told
