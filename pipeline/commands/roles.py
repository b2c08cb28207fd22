"""`newswire connect|worker|index|notify`: the processes of the distributed runtime, one role each."""

from __future__ import annotations

import sys
from functools import partial

import click

from pipeline.commands.context import current_settings
from pipeline.commands.log_options import log_options
from pipeline.config import Settings
from pipeline.errors import UsageError


def _distributed() -> Settings:
    settings = current_settings()
    if settings.runtime != "distributed":
        raise UsageError(
            'This is a role of the distributed runtime: set runtime = "distributed" (or NEWSWIRE_RUNTIME) and name '
            "the servers; on one machine, `newswire up` does all of it."
        )
    return settings


@click.command()
@click.option("--once", is_flag=True, help="Stop after one round.")
@log_options
def connect(once: bool) -> None:
    """Run a connector: poll feeds and publish to Kafka."""
    from pipeline.wiring import connectors, runners

    settings = _distributed()
    report = connectors.poll_report(partial(click.echo, err=True), is_terminal=sys.stderr.isatty())
    runners.run_connector(settings, once=once, report=report)


@click.command()
@log_options
def worker() -> None:
    """Run a worker: the stages, on Kafka."""
    from pipeline.wiring import runners

    runners.run_worker(_distributed())


@click.command()
@log_options
def index() -> None:
    """Run the sink from Kafka into Elasticsearch."""
    from pipeline.wiring import runners

    runners.run_sink(_distributed())


@click.command()
@log_options
def notify() -> None:
    """Run the notifier: deliver alerts from Kafka."""
    from pipeline.wiring import runners

    runners.run_notifier(_distributed())
