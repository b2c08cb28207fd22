"""Lock what the image installs, with hashes: `python -m deploy.lock`; needs uv (`pip install uv`).

Writes deploy/requirements.lock, for the package with the extras that the image has, and deploy/build.lock, for what
builds its wheel; both for the image's Python, whatever runs this.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
EXTRAS = ("fulltext", "notify")
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)


def image_python() -> str:
    """Return the Python that the image runs, such as 3.13."""
    found = re.search(r"^FROM python:([0-9.]+)-slim", (HERE / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def locked(uv: str, asked: str) -> str:
    """Return what is to be installed for requirements, line by line with the hashes of all its files."""
    command = [uv, "pip", "compile", "-", "--generate-hashes", "--quiet", "--python-version", image_python()]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=ROOT, check=True)
    return "# Made by `python -m deploy.lock`.\n" + _COMMENT.sub("", done.stdout)


def asked() -> dict[str, str]:
    """Return the requirements of each lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    optional = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *(each for extra in EXTRAS for each in optional[extra])]
    return {"requirements": "\n".join(wanted), "build": "\n".join(project["build-system"]["requires"])}


def main() -> None:
    """Write both locks."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        sys.exit("deploy.lock: uv is missing: pip install uv")
    for name, wanted in asked().items():
        (HERE / f"{name}.lock").write_text(locked(uv, wanted), encoding="utf-8")


if __name__ == "__main__":
    main()
