"""`atomic chain`: a development chain with the contracts on it, on this machine, until it is stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import AnvilFailed, ChainError
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import Preset, development
from atomic_verify.cli.amounts import TOKEN, parse_account, parse_tokens, show_tokens
from atomic_verify.cli.flags import DEFAULT_CLAIM_TIMES, ClaimTimes, parse_claim_times, with_settings
from atomic_verify.cli.funding import fund
from atomic_verify.cli.output import console, note, print_fields
from atomic_verify.cli.signals import ended_like_ctrl_c
from atomic_verify.config import Settings
from atomic_verify.protocol.primitives import Address, Amount

app = typer.Typer(add_completion=False)

_DEPLOYER = 0
"""Which of the development accounts deploys the contracts and so owns all utility tokens."""


@app.command()
@with_settings("chain_id", "deployments_dir")
def chain(
    settings: Settings,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Its port; 0 for any free one.")] = 8545,
    block_time: Annotated[
        float, typer.Option("--block-time", min=0.1, help="Seconds between blocks of a quiet chain.")
    ] = 1.0,
    accounts: Annotated[
        list[str] | None,
        typer.Option("--fund", parser=parse_account, metavar="ADDRESS", help="Give coin and tokens to it; repeatable."),
    ] = None,
    tokens: Annotated[
        int,
        typer.Option(
            "--tokens", parser=parse_tokens, metavar="AMOUNT", help="Tokens for each of --fund.", show_default="10000"
        ),
    ] = 10_000 * TOKEN,
    claim_times: ClaimTimes = DEFAULT_CLAIM_TIMES,
    state: Annotated[
        Path | None, typer.Option("--state", help="File that keeps the chain, so that it goes on where it stopped.")
    ] = None,
) -> None:
    """Run a development chain on this machine: starts a node, deploys the contracts, and waits until Ctrl-C.

    A transaction is mined at once, and empty blocks come every --block-time, so that deadlines pass.
    """
    preset = development(**parse_claim_times(claim_times))
    options = AnvilOptions(chain_id=settings.chain_id, port=port, block_time=block_time, mixed=True, state=state)
    with Anvil(options) as node:
        deployer = development_signer(_DEPLOYER)
        deployment = _contracts(node, settings, deployer, preset, resumed=state is not None)
        funded = [Address(one) for one in accounts or ()]
        fund(node, Chain.connect(node.url, deployment), deployer, funded, Amount(tokens))
        _announce(node, deployment, settings, funded, Amount(tokens))
        try:
            with ended_like_ctrl_c():
                code = node.wait()
        except KeyboardInterrupt:
            note("Stopped.")
            return
    raise AnvilFailed(f"The node ended by itself with code {code}.", hint="Run the command again.")


def _contracts(node: Anvil, settings: Settings, deployer: Signer, preset: Preset, *, resumed: bool) -> Deployment:
    """The contracts that stand on a chain that goes on, or new ones."""
    if resumed:
        try:
            found = Deployment.load(settings.deployments_dir, settings.chain_id)
            Chain.connect(node.url, found)
        except ChainError:
            note("The kept chain has no contracts yet: deploying them.")
        else:
            return found
    deployment = deploy(node.rpc, deployer, preset)
    deployment.save(settings.deployments_dir)
    return deployment


def _announce(
    node: Anvil, deployment: Deployment, settings: Settings, funded: Sequence[Address], tokens: Amount
) -> None:
    print_fields(
        [
            ("rpc", node.url),
            ("chain id", deployment.chain_id),
            ("record", settings.deployments_dir / f"{deployment.chain_id}.json"),
            *((name, one.address) for name, one in deployment.contracts.items()),
            *(("funded", f"{address} with {show_tokens(tokens)} tokens") for address in funded),
        ]
    )
    console().print("The chain runs until Ctrl-C.")
