"""How a process plays in disputes, from its settings and the deployment's constants. Read once, at the start."""

from atomic_verify.chain.client import Chain
from atomic_verify.config import Settings
from atomic_verify.protocol.dispute_view import Policy
from atomic_verify.protocol.terms import DEVELOPMENT_CHAINS
from prover.watching.views import DisputeConstants


def policy_of(settings: Settings, chain_id: int) -> Policy:
    """The policy; seconds on development chains, minutes to hours where money is."""
    watcher, is_development = settings.watcher, chain_id in DEVELOPMENT_CHAINS

    def or_else(value: int | None, development: int, public: int) -> int:
        return value if value is not None else development if is_development else public

    return Policy(
        margin=or_else(watcher.margin_seconds, 2, 300),
        patience=or_else(watcher.patience_seconds, 10, 3_600),
        grace=or_else(watcher.grace_seconds, 5, 3_600),
        tidies=watcher.tidy,
        max_claims=watcher.max_claims,
    )


def read_dispute_constants(chain: Chain) -> DisputeConstants:
    """The constants of the disputes contract. Raises NoDisputes, ChainUnavailable."""
    disputes = chain.deployment.address("Disputes")
    return DisputeConstants(chain.chain_id, disputes, chain.dispute_params(), chain.claim_reveal_time())
