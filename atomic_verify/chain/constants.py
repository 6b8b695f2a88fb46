"""What a deployment's contracts were made with, as daemons need it: it never changes, so it is read once.

Life cycle: before all steps.
"""

from dataclasses import dataclass

from atomic_verify.chain.client import Chain
from atomic_verify.protocol.primitives import Address
from atomic_verify.protocol.types import MarketParams


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants of one deployment."""

    chain_id: int
    market: Address
    results: Address
    utility_token: Address
    params: MarketParams
    claim_reveal_time: int
    """R, seconds."""
    has_disputes: bool
    """Whether a disputes contract can judge this market's results."""


def read_constants(chain: Chain) -> Constants:
    """The constants of the deployment that `chain` was opened with. Raises ChainUnavailable."""
    deployment = chain.deployment
    return Constants(
        chain_id=chain.chain_id,
        market=deployment.market,
        results=deployment.results,
        utility_token=deployment.utility_token,
        params=chain.params(),
        claim_reveal_time=chain.claim_reveal_time(),
        has_disputes=chain.has_disputes(),
    )
