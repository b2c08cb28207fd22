"""The command line: one table of commands, each imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from pipeline.commands.groups import Group
from pipeline.failures import Ending, ending, flush, prepare_streams

# How many objects are made until garbage is looked for, among the youngest, the younger and all: most of what a start
# loads stays, and looking through it again and again takes a tenth of the start.
GARBAGE_AFTER = (10_000, 20, 20)
# name: (where it is, what it does). The line is repeated here so that `--help` imports nothing.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("pipeline.commands.up:up", "Follow feeds and files, and print what arrives."),
    "add": ("pipeline.commands.feeds:add", "Subscribe to feeds; pages are searched for theirs."),
    "feed": ("pipeline.commands.feeds:feed", "List, show, test and change subscriptions."),
    "import": (
        "pipeline.commands.lists:import_",
        "Subscribe to every feed of an OPML file or list of URLs, ``-`` for standard input.",
    ),
    "export": (
        "pipeline.commands.lists:export",
        "Write the subscriptions as OPML, to standard output without FILE or with ``-``.",
    ),
    "search": ("pipeline.commands.search:search", "Find articles."),
    "show": ("pipeline.commands.show:show", "Show one article with all that is known about it."),
    "open": ("pipeline.commands.open:open_", "Open an article in the browser."),
    "tail": ("pipeline.commands.tail:tail", "Print articles as they are indexed."),
    "alert": ("pipeline.commands.alerts:alert", "Be told about new articles that a query finds."),
    "brief": (
        "pipeline.commands.brief:brief",
        "Print the day's stories that QUERY finds.",
    ),
    "list": ("pipeline.commands.name_lists:list_", "Keep lists of names, for which list:NAME stands in queries."),
    "story": ("pipeline.commands.stories:story", "List and show stories: reports of the same happening."),
    "event": ("pipeline.commands.events:event", "List and show events: who did what to whom."),
    "web": ("pipeline.commands.web:web", "Serve the page and the API alone."),
    "user": (
        "pipeline.commands.users:user",
        "Let several readers in, each with marks, alerts and searches of their own.",
    ),
    "token": ("pipeline.commands.tokens:token", "Let programs and other machines in by tokens."),
    "parse": ("pipeline.commands.parse:parse", "Read a feed, page or file and print its articles."),
    "extract": (
        "pipeline.commands.extract:extract",
        "Print the events, quotations, dates and names of a text.",
    ),
    "match": ("pipeline.commands.match:match", "Print which articles match which rules."),
    "connect": ("pipeline.commands.roles:connect", "Run a connector: poll feeds and publish to Kafka."),
    "worker": ("pipeline.commands.roles:worker", "Run a worker: the stages, on Kafka."),
    "index": ("pipeline.commands.roles:index", "Run the sink from Kafka into Elasticsearch."),
    "notify": ("pipeline.commands.roles:notify", "Run the notifier: deliver alerts from Kafka."),
    "admin": ("pipeline.commands.admin:admin", "Set up, repair, replay, back up and prune."),
    "config": ("pipeline.commands.config:config", "Show, find or write the settings file."),
    "status": (
        "pipeline.commands.status:status",
        "Say how it is: feeds, articles, queues, alerts, disk and the last errors.",
    ),
    "trace": ("pipeline.commands.status:trace", "Tell what happened to one article, stage by stage."),
    "doctor": ("pipeline.commands.doctor:doctor", "Check that everything needed is there and works."),
    "completion": ("pipeline.commands.completion:completion", "Print the shell completion script."),
}


class LazyGroup(Group):
    """Import a command when it is called, and give every command ``--data`` and ``--config``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        _complete(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the program: whatever happens is told in one sentence, with its exit code.

        Without ``standalone_mode`` return the exit code, or raise what the command raised.
        """
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        prepare_streams()
        is_program = args is None  # and not called by one that goes on
        if is_program:
            gc.set_threshold(*GARBAGE_AFTER)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
            end = flush() or Ending(code if isinstance(code, int) else 0)
        except _UnseenError as exc:
            end = ending(exc.error)
        except BaseException as exc:  # noqa: BLE001 - here what nobody caught becomes a sentence
            end = ending(exc)
        if end.sentence is not None:
            _complain(end.sentence)
        if is_program:
            gc.freeze()  # all goes with the process: to look through it for garbage first takes up to 0.3 s
        sys.exit(end.code)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments, which may already print: help and version."""
        with _unseen():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with _unseen():
            try:
                return super().invoke(ctx)
            except click.UsageError as exc:
                if exc.ctx is not None and any(each.name == "query" for each in exc.ctx.command.params):
                    exc.message += _query_hint(exc)
                raise


def _query_hint(error: click.UsageError) -> str:
    """Say how a query is written where the shell took it apart."""
    if isinstance(error, click.NoSuchOption):
        return "" if error.option_name.startswith("--") else ". A query that begins with - goes after --."
    if "unexpected extra argument" in error.message:
        return ". A query of several words stands in quotation marks: 'ceasefire talks'."
    return ""


class _UnseenError(Exception):
    """Carry an ``error`` past click, which would end the program itself, with another exit code."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


@contextmanager
def _unseen() -> Iterator[None]:
    try:
        yield
    except (OSError, SystemExit) as exc:
        raise _UnseenError(exc) from exc


def _complain(sentence: str) -> None:
    """Print what went wrong; where nobody can be told, the exit code has to do."""
    try:
        click.echo(sentence, err=True)
    except (OSError, ValueError):
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the program ends


def _remember(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    chosen: dict[str, str] = ctx.ensure_object(dict)
    if value == "":
        raise click.BadParameter("it was given nothing; leave it out, or name one.", ctx, option)
    if value is not None and option.name is not None:
        chosen[option.name] = value


def _store_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--data"],
            type=click.Path(file_okay=False),
            metavar="DIR",
            expose_value=False,
            callback=_remember,
            help="Work on the store in DIR.",
        ),
        click.Option(
            ["--config"],
            type=click.Path(dir_okay=False),
            metavar="FILE",
            expose_value=False,
            callback=_remember,
            help="Read settings from FILE.",
        ),
    ]


class _Text(click.types.StringParamType):
    """Take text; bytes that are none cannot be written into a store, asked for or shown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = super().convert(value, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            try:  # a terminal whose language is said to be another than it writes
                return os.fsencode(text).decode()
            except ValueError:
                pass
            self.fail(f"{text!r} is not text in UTF-8.", param, ctx)
        return text


def _complete(command: click.Command) -> None:
    """Give a command what all have: the options of the store, and arguments that are text."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _complete(inner)
        return
    taken = {param.name for param in command.params}
    command.params.extend(option for option in _store_options() if option.name not in taken)
    for param in command.params:
        if type(param.type) is click.types.StringParamType:
            param.type = _Text()


@click.group(
    cls=LazyGroup,
    params=_store_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="newswire", message="newswire %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Follow the news: feeds in; searchable articles, events and alerts out."""
    ctx.ensure_object(dict)
    if os.environ.get("NO_COLOR"):
        ctx.color = False
