"""`atomic deploy`: put the contracts on a chain and record where they stand."""

import subprocess
from typing import Annotated, Literal

import typer

from atomic_verify.chain import presets
from atomic_verify.chain.client import chain_id_of
from atomic_verify.chain.deploy import DeployOptions
from atomic_verify.chain.deploy import deploy as deploy_contracts
from atomic_verify.chain.errors import WrongChain
from atomic_verify.chain.rpc import Rpc
from atomic_verify.cli.account import signer_of
from atomic_verify.cli.amounts import parse_account
from atomic_verify.cli.flags import CHAIN, DEFAULT_CLAIM_TIMES, AsJson, ClaimTimes, parse_claim_times, with_settings
from atomic_verify.cli.output import print_fields, print_json, status_console
from atomic_verify.config import Settings
from atomic_verify.protocol.primitives import Address

app = typer.Typer(add_completion=False)


@app.command()
@with_settings(*CHAIN, "keystore", "password_file")
def deploy(
    settings: Settings,
    preset: Annotated[
        Literal["development", "public"], typer.Option("--preset", help="Seconds, or days where money is at stake.")
    ] = "development",
    public: Annotated[
        bool, typer.Option("--public", help="Say that a public chain is meant: what is deployed there stays.")
    ] = False,
    fee_recipient: Annotated[
        str | None,
        typer.Option("--fee-recipient", parser=parse_account, metavar="ADDRESS", help="Who gets the market's fee."),
    ] = None,
    claim_times: ClaimTimes = DEFAULT_CLAIM_TIMES,
    as_json: AsJson = False,
) -> None:
    """Deploy all contracts from the keystore's account, which receives the utility tokens, and write the record.

    The contracts have no owner: their parameters can't be changed afterwards.
    """
    times = parse_claim_times(claim_times)
    rpc = Rpc(settings.rpc_url)
    found = chain_id_of(rpc)
    if found != settings.chain_id:
        raise WrongChain(
            f"The node at {rpc.place} serves chain {found}, not {settings.chain_id}",
            hint="Check the RPC URL, or give --chain-id.",
            found=found,
            expected=settings.chain_id,
        )
    chosen = presets.development(**times) if preset == "development" else _public(fee_recipient)
    presets.check(chosen, found, allow_public=public)
    options = DeployOptions(allow_public=public, commit=_commit())
    signer = signer_of(settings)
    with status_console().status("Deploying the contracts"):
        deployment = deploy_contracts(rpc, signer, chosen, options)
    path = deployment.save(settings.deployments_dir)
    if as_json:
        print_json(deployment.to_json())
    else:
        contracts = [(name, one.address) for name, one in deployment.contracts.items()]
        print_fields([("chain id", found), ("preset", chosen.name), ("record", path), *contracts])


def _public(fee_recipient: str | None) -> presets.Preset:
    return presets.public() if fee_recipient is None else presets.public(Address(fee_recipient))


def _commit() -> str:
    """The source's commit, as the record keeps it; "unknown" outside a repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607  # whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
