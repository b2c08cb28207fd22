"""The Faust app of the configured settings, for `faust -A pipeline.app worker`."""

from __future__ import annotations

from pipeline import bootstrap, config

app = bootstrap.worker_app(config.load())
