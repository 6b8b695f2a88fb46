"""`atomic worker`: run the daemon that does jobs for pay."""

import typer

from atomic_verify.cli.flags import DAEMON, with_settings
from atomic_verify.config import Settings
from prover.daemon import run as run_worker

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Do jobs for pay.")


@app.callback()
def worker() -> None:
    """Do jobs for pay."""


@app.command()
@with_settings(
    *DAEMON, "allow_private_inputs", "worker__host", "worker__port", "worker__public_url", "worker__provider"
)
def run(settings: Settings) -> None:
    """Run a worker: bids on jobs for the installed models, executes, serves and commits results, and withdraws its pay.

    Needs a keystore, coin for gas, stake, and at least one model. Stop it with Ctrl-C; started again, it goes on where
    it stopped.
    """
    run_worker(settings)
