"""Looking a claim up, with all that belongs to it: for the gateway's routes and for the command line."""

from typing import Any

from atomic_verify.gateway.dispute_views import claim_detail
from atomic_verify.gateway.errors import ClaimUnknown
from atomic_verify.storage.queries import Queries


def read_claim(queries: Queries, claim: int) -> dict[str, Any]:
    """A claim with its lines, transactions and gas, as JSON. Raises ClaimUnknown."""
    found = queries.claim(claim)
    if found is None:
        raise ClaimUnknown("The chain has no such claim, as far as it was followed.", claim=claim)
    job = queries.job(found.job)
    return claim_detail(
        found,
        worker=None if job is None else job.worker,
        lines=queries.lines(claim=claim),
        transactions=queries.claim_transactions(claim),
    )
