"""The command `atomic`: a thin shell over the library."""

from typing import Annotated

import typer

from atomic_verify import __version__

app = typer.Typer(no_args_is_help=True, help="Buy the output of a model from a worker that you don't trust.")


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
