"""`atomic gateway`: run the requester's HTTP door."""

from contextlib import suppress

import typer

from atomic_verify.cli.account import asking
from atomic_verify.cli.flags import DAEMON, with_settings
from atomic_verify.cli.signals import ended_like_ctrl_c
from atomic_verify.config import Settings
from atomic_verify.gateway.service import run as run_gateway
from atomic_verify.observability import configure_logging

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Take requests over HTTP.")


@app.callback()
def gateway() -> None:
    """Take requests over HTTP."""


@app.command()
@with_settings(
    *DAEMON, "gateway__host", "gateway__port", "gateway__public_url", "gateway__write_key_file", "allow_private_inputs"
)
def run(settings: Settings) -> None:
    """Run a gateway: posts jobs with the requester's key, follows them, and serves answers, receipts and blobs.

    It listens on 127.0.0.1 unless a write key is configured: whoever may write spends the requester's money.
    """
    configure_logging(json=settings.log_format == "json", level=settings.log_level)
    # The server hands the signal on once it has stopped: that is how a gateway ends, and no failure.
    with ended_like_ctrl_c(), suppress(KeyboardInterrupt):
        run_gateway(settings, asking())
