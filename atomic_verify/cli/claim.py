"""`atomic claim`: which claims there are, and all that the chain tells of one.

Read from an index of the chain that is brought up to date first: the running watcher's, worker's or gateway's own if
`--data` names its folder, else a new one. No key is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from atomic_verify.chain.client import Chain
from atomic_verify.chain.deployment import Deployment
from atomic_verify.cli.disputes import claim_fields
from atomic_verify.cli.flags import CHAIN, AsJson, with_settings
from atomic_verify.cli.output import print_fields, print_json, print_table, status_console
from atomic_verify.config import Settings
from atomic_verify.gateway.dispute_views import claim_view
from atomic_verify.gateway.reading_claims import read_claim
from atomic_verify.storage.database import open_database
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.queries import Queries

app = typer.Typer(no_args_is_help=True, add_completion=False, help="See who claims what, and what became of it.")


@app.command()
@with_settings(*CHAIN, "data_dir")
def show(
    settings: Settings,
    claim: Annotated[int, typer.Argument(metavar="CLAIM", min=1, help="The claim's number.")],
    as_json: AsJson = False,
) -> None:
    """Show a claim: state, who says what, deadlines, the lines on its trace, transactions and money."""
    with _opened(settings) as queries:
        found = read_claim(queries, claim)
    if as_json:
        print_json(found)
    else:
        print_fields(claim_fields(found))


@app.command("list")
@with_settings(*CHAIN, "data_dir")
def list_claims(
    settings: Settings,
    open_only: Annotated[bool, typer.Option("--open", help="Only claims that may still be refuted.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the claims on the chain, newest first."""
    with _opened(settings) as queries:
        found = [claim_view(claim) for claim in queries.claims(open_only=open_only, limit=limit)]
    if as_json:
        print_json(found)
        return
    rows = [[one["id"], one["state"], one["outcome"], one["job"], one["item"], one["claimer"]] for one in found]
    print_table(["claim", "state", "outcome", "job", "item", "claimer"], rows, empty="There are no claims.")


@contextmanager
def _opened(settings: Settings) -> Iterator[Queries]:
    """An index that has seen the chain's newest block."""
    deployment = Deployment.load(settings.deployments_dir, settings.chain_id)
    chain = Chain.connect(settings.rpc_url, deployment, expected_chain_id=settings.chain_id)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open_database(settings.database) as database:
        follower = Indexer(
            chain, database, chain_id=chain.chain_id, market=deployment.market, first_block=deployment.block
        )
        with status_console().status("Reading the chain"):
            follower.sync()
        yield Queries(database)
    chain.close()
