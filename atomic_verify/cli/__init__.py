"""The command `atomic`: a thin shell over the library, one module per group of commands.

Modules are loaded when their command is named, so that `atomic key new` needn't load a web server. Every error that the
library knows ends a command with `error <code>: message`, what to do about it, and exit code 1; a wrong call of the
command itself ends with 2.
"""

from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from atomic_verify import __version__
from atomic_verify.cli.errors import SystemRefused
from atomic_verify.cli.output import print_error
from atomic_verify.errors import AtomicError
from atomic_verify.observability import configure_logging

COMMANDS: Final = (
    "key",
    "token",
    "stake",
    "chain",
    "deploy",
    "model",
    "circuit",
    "worker",
    "watcher",
    "gateway",
    "job",
    "claim",
    "delays",
    "verify",
    "demo",
)
"""Each is a module of this package with an `app`, in the order of a newcomer's first day."""


class _Commands(TyperGroup):
    """Loads a command's module when it is asked for, and turns the library's errors into messages."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        found = typer.main.get_command(import_module(f"{__name__}.{cmd_name}").app)
        found.name = cmd_name
        return found

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AtomicError as error:
            print_error(error)
            raise typer.Exit(1) from None
        except BrokenPipeError:
            raise  # whoever read our output has enough of it; typer ends quietly
        except OSError as error:
            reason = error.strerror or str(error)
            named = f": {error.filename}" if error.filename is not None else ""
            print_error(SystemRefused(f"{reason}{named}", hint="Check the path, its permissions, or the port."))
            raise typer.Exit(1) from None


app = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_show_locals=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"atomic {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Buy the output of a model from a worker that you don't trust."""
    # Commands speak for themselves; daemons set up a log of their own.
    configure_logging(level="ERROR")
