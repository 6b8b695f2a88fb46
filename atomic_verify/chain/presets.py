"""Parameters that a deployment can be made with: seconds for development, days where money is at stake.

Life cycle: before all steps; all are constants of the contracts afterwards. Times in seconds, amounts in base units
(18 decimals).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from atomic_verify.chain.errors import DeploymentRefused
from atomic_verify.protocol.dispute_types import DisputeParams
from atomic_verify.protocol.disputes import REFUTATION_GAS, cost_cap
from atomic_verify.protocol.primitives import BASIS_POINTS, ZERO_ADDRESS, Address, Amount
from atomic_verify.protocol.settlement import CHALLENGER_BPS
from atomic_verify.protocol.terms import DEVELOPMENT_CHAINS
from atomic_verify.protocol.types import MarketParams, TokenPolicy

UNIT: Final = 10**18
HOUR: Final = 3_600
DAY: Final = 86_400
CONVICTING_WINDOW: Final = 36 * HOUR
"""Any window whose lapse can convict somebody is at least this long on a public chain: a sequencer may be down."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that a deployment's constructors take, but for addresses.

    `tokens` are payment tokens allowed besides the utility token, with their policies.
    """

    name: str
    supply: Amount
    """Utility tokens minted to the deployer."""
    market: MarketParams
    utility_policy: TokenPolicy
    claim_reveal_time: int
    """R: how long a sealed claim may wait to be revealed."""
    unbonding_time: int
    disputes: DisputeParams
    tokens: Mapping[Address, TokenPolicy] = field(default_factory=dict)


def development(
    *, challenge_window: int = 1, claim_reveal_time: int = 1, refute_window: int = 20, line_clock: int = 20
) -> Preset:
    """Seconds instead of days; refused on public chains. `challenge_window` is the least that an RFP may ask for.

    With the default second to reveal, nobody who isn't at the very moment can reveal a claim: give it more where there
    are disputes.
    """
    market = MarketParams(
        min_bidding_time=1,
        min_reveal_time=1,
        min_execution_timeout=1,
        min_challenge_window=challenge_window,
        max_time=7 * DAY,
        accept_time=2,
        fee_bps=100,
        min_job_bond=Amount(UNIT),
        fee_recipient=Address("0x000000000000000000000000000000000000dEaD"),
    )
    policy = TokenPolicy(min_price=Amount(UNIT // 1_000), bond_rate=Amount(UNIT // 2))
    return Preset(
        "development",
        Amount(10**9 * UNIT),
        market,
        policy,
        claim_reveal_time=claim_reveal_time,
        unbonding_time=7 * DAY + 60 + claim_reveal_time,
        disputes=_disputes(refute_window, line_clock, market.min_job_bond),
    )


def public(fee_recipient: Address = ZERO_ADDRESS) -> Preset:
    """For a chain on which strangers meet. Without a recipient no fee is taken."""
    market = MarketParams(
        min_bidding_time=60,
        min_reveal_time=60,
        min_execution_timeout=120,
        min_challenge_window=CONVICTING_WINDOW,
        max_time=14 * DAY,
        accept_time=60,
        fee_bps=0 if fee_recipient == ZERO_ADDRESS else 100,
        min_job_bond=Amount(10 * UNIT),
        fee_recipient=fee_recipient,
    )
    policy = TokenPolicy(min_price=Amount(UNIT // 100), bond_rate=Amount(UNIT))
    return Preset(
        "public",
        Amount(10**9 * UNIT),
        market,
        policy,
        claim_reveal_time=900,
        unbonding_time=28 * DAY,
        disputes=_disputes(CONVICTING_WINDOW, CONVICTING_WINDOW, market.min_job_bond),
    )


def _disputes(refute_window: int, line_clock: int, min_job_bond: Amount) -> DisputeParams:
    """Constants by which the reward of convicting anybody pays for the claim, and a delay costs half of a bond.

    The reward is a fifth of the bond at least: gas is worth so much that a claim's capped cost is three quarters of it.
    """
    gas_price = Amount(min_job_bond * 3 // 20 // REFUTATION_GAS)
    return DisputeParams(
        refute_window=refute_window,
        line_clock=line_clock,
        gas_price=gas_price,
        refute_reward=Amount(min_job_bond // 10),
        line_bond=Amount(min_job_bond // 2),
    )


def check(preset: Preset, chain_id: int, *, allow_public: bool) -> None:
    """Refuses a preset that the chain must not have. Raises DeploymentRefused."""
    if chain_id in DEVELOPMENT_CHAINS:
        return
    if not allow_public:
        raise DeploymentRefused(
            f"Chain {chain_id} is public: what is deployed there stays",
            hint="Say that it is meant: --public.",
            chain_id=chain_id,
        )
    market = preset.market
    if market.min_challenge_window < CONVICTING_WINDOW or preset.claim_reveal_time < 600:
        raise DeploymentRefused(
            f"The preset {preset.name!r} is for development: its windows are too short for chain {chain_id}",
            hint=f"A challenge window is at least {CONVICTING_WINDOW} s on a public chain.",
            chain_id=chain_id,
        )
    if preset.unbonding_time <= market.max_time + preset.claim_reveal_time:
        raise DeploymentRefused("Stake could leave before the longest window ends", chain_id=chain_id)
    _check_disputes(preset, chain_id)


def _check_disputes(preset: Preset, chain_id: int) -> None:
    """Refuses dispute constants by which honest claims wouldn't pay, or somebody loses by a short outage."""
    disputes = preset.disputes
    if min(disputes.refute_window, disputes.line_clock) < CONVICTING_WINDOW:
        raise DeploymentRefused(
            f"The preset {preset.name!r} is for development: its claims and lines end too fast for chain {chain_id}",
            hint=f"The window to refute and a line's clock are at least {CONVICTING_WINDOW} s on a public chain.",
            chain_id=chain_id,
        )
    reward = preset.market.min_job_bond * CHALLENGER_BPS // BASIS_POINTS
    if cost_cap(disputes) > reward:
        raise DeploymentRefused(
            "Whoever convicts a worker could lose by it: a claim may cost more than the least reward",
            hint="Raise the least job bond, or lower the price of gas.",
            chain_id=chain_id,
            cost=cost_cap(disputes),
            reward=reward,
        )
