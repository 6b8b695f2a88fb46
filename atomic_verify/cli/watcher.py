"""`atomic watcher`: run the daemon that re-executes what workers commit."""

import typer

from atomic_verify.cli.flags import DAEMON, with_settings
from atomic_verify.config import Settings
from prover.watching.daemon import run as run_watcher

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Catch wrong results.")


@app.callback()
def watcher() -> None:
    """Catch wrong results."""


@app.command()
@with_settings(
    *DAEMON,
    "allow_private_inputs",
    "watcher__host",
    "watcher__port",
    "watcher__public_url",
    "watcher__provider",
    "watcher__defend",
    "watcher__sample",
)
def run(settings: Settings) -> None:
    """Run a watcher: fetches what workers commit, executes it again, and tells what disagrees, in its log and its door.

    Needs at least one disputable model, and no wallet. With --defend it also needs a keystore, coin for gas and utility
    tokens for bonds: it claims what is wrong, refutes false claims, and opens and answers lines. Stop it with Ctrl-C;
    started again, it goes on where it stopped.
    """
    run_watcher(settings)
