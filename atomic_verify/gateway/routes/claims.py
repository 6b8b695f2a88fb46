"""Claims over HTTP: which there are, and all that is known of one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.dispute_views import claim_view
from atomic_verify.gateway.reading import parse_job
from atomic_verify.gateway.reading_claims import read_claim
from atomic_verify.gateway.routes.parts import gateway_of

router = APIRouter(prefix="/v1/claims", tags=["claims"])

Opened = Annotated[Gateway, Depends(gateway_of)]
Number = Annotated[int, Path(ge=1, lt=2**53)]


@router.get("")
def list_claims(
    gateway: Opened,
    job: Annotated[str | None, Query(max_length=80)] = None,
    open_only: Annotated[bool, Query(alias="open")] = False,
    before: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """Claims on the chain, newest first; `next` of the answer is `before` of the next page."""
    about = None if job is None else parse_job(job)
    found = gateway.queries.claims(job=about, open_only=open_only, before=before, limit=limit)
    return {
        "claims": [claim_view(claim) for claim in found],
        "next": found[-1].id if len(found) == limit else None,
    }


@router.get("/{claim}")
def get_claim(gateway: Opened, claim: Number) -> dict[str, Any]:
    """A claim with its lines, transactions and gas."""
    return read_claim(gateway.queries, claim)
