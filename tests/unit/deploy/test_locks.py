"""What the image installs is locked: every dependency at one version that is asked for, every file by its hash."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from deploy.lock import HERE, asked, image_python

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\\n]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def pins(name: str) -> dict[str, Version]:
    text = (HERE / f"{name}.lock").read_text("utf-8")
    return {canonicalize_name(found[1]): Version(found[2]) for found in _PIN.finditer(text)}


@pytest.mark.parametrize("name", ["requirements", "build"])
def test_every_line_of_a_lock_is_a_version_with_its_hashes(name: str) -> None:
    text = (HERE / f"{name}.lock").read_text("utf-8")
    rest = _PIN.sub("", text)
    assert [line for line in rest.splitlines() if line.strip() and not line.startswith("#")] == []
    assert "://" not in text


@pytest.mark.parametrize("name", ["requirements", "build"])
def test_lock_has_what_is_asked_for(name: str) -> None:
    found = pins(name)
    for line in asked()[name].splitlines():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"python_version": image_python(), "sys_platform": "linux"}):
            assert found[canonicalize_name(wanted.name)] in wanted.specifier, "run `python -m deploy.lock`"


def test_image_installs_nothing_but_the_locks() -> None:
    lines = (HERE / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"pip install[^\n&]*", lines.partition("FROM")[2]):
        assert "--require-hashes" in line or "--no-index" in line, line
    assert all((HERE / lock).is_file() for lock in re.findall(r"deploy/(\S+\.lock)", lines))
