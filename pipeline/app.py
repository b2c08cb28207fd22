"""The Faust app of the configured settings, for `faust -A pipeline.app worker`."""

from __future__ import annotations

from pipeline import config
from pipeline.wiring import runners

app = runners.worker_app(config.load())
