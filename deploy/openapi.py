"""Write the description of the API into the repository: `python deploy/openapi.py`."""

from __future__ import annotations

from pathlib import Path

from pipeline.web.api.documentation import written

if __name__ == "__main__":
    Path(__file__).parent.with_name("pipeline").joinpath("web", "api", "openapi.json").write_bytes(written())
