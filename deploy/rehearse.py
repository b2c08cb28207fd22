"""Rehearse a release: `python -m deploy.rehearse [PYTHON]` does what the image does, and then what a newcomer does.

The wheel is built and installed from the locks with hashes alone, into fresh environments in a directory that goes
again. PYTHON should be the image's (`deploy/Dockerfile`).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
# What a wheel is built from: nothing else that lies about may get into it.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "connectors", "pipeline")
FIRST_MINUTE = (
    ("--version",),
    ("up", "--demo", "--once", "--data", "demo"),
    ("search", "ceasefire", "--data", "demo"),
    ("doctor", "--data", "demo"),
)


def main() -> None:
    """Build, install and try; end with the first command that fails."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        run(python, "-m", "venv", place / "build", place=place)
        run(python, "-m", "venv", place / "newswire", place=place)
        builder, installed = place / "build" / "bin", place / "newswire" / "bin"
        run(builder / "pip", "install", "-q", "--require-hashes", "-r", HERE / "build.lock", place=place)
        run(installed / "pip", "install", "-q", "--require-hashes", "-r", HERE / "requirements.lock", place=place)
        (place / "source").mkdir()
        for name in SOURCES:
            run("cp", "-r", ROOT / name, place / "source" / name, place=place)
        wheels = place / "wheels"
        run(
            builder / "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            wheels,
            place / "source",
            place=place,
        )
        (wheel,) = wheels.glob("*.whl")
        run(installed / "pip", "install", "-q", "--no-deps", "--no-index", wheel, place=place)
        for command in FIRST_MINUTE:
            run(installed / "newswire", *command, place=place)
    print(f"{wheel.name} installs and works.")


def run(*command: object, place: Path) -> None:
    """Run a command in a directory, and end when it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    done = subprocess.run(words, cwd=place, check=False)
    if done.returncode:
        sys.exit(f"deploy.rehearse: {words[0]} ended with {done.returncode}")


if __name__ == "__main__":
    main()
