"""How the command line speaks: tables and fields for people, JSON for programs, errors with their code.

Data goes to standard output; progress, questions and errors go to standard error, so that output can be piped.
"""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from atomic_verify.errors import AtomicError

_PIPE_WIDTH = 250


def console() -> Console:
    """The console of standard output, made anew since tests and pipes replace it. A pipe has wide lines."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def status_console() -> Console:
    """The console of standard error, for what isn't data."""
    return Console(stderr=True, highlight=False)


def print_json(data: Any) -> None:
    """Data for programs. Integers beyond 2^53 should come as strings."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(escape(name), escape(str(value)))
    console().print(table)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table; `empty` is said when it has no rows."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row))
    if table.row_count:
        console().print(table)
    else:
        console().print(escape(empty))


def note(words: str) -> None:
    """A line that tells a person how things go."""
    status_console().print(escape(words), soft_wrap=True)


def print_error(error: AtomicError) -> None:
    """An error as every command ends with it."""
    err = status_console()
    err.print(f"[bold red]error {escape(error.code)}[/]: {escape(error.message)}", soft_wrap=True)
    if error.hint:
        err.print(f"  {escape(error.hint)}", soft_wrap=True)


class Teller:
    """Tells how a longer piece of work goes: a line for each step that is done, with its time, and a spinner between.

    A context manager; on what isn't a terminal only the lines are shown.
    """

    def __init__(self) -> None:
        self._console = console()
        self._status = self._console.status("")
        self._since = time.monotonic()

    def now(self, words: str) -> None:
        """What is being done."""
        self._status.update(escape(words))

    def done(self, words: str) -> None:
        """A step that is done; its time counts from the one before."""
        now = time.monotonic()
        self._console.print(f"[green]ok[/] {escape(words)} [dim]({now - self._since:.1f} s)[/]")
        self._since = now

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()
