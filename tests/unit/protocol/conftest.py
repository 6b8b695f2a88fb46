"""The job, market and accounts that the protocol's unit tests share."""

import pytest

from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.types import (
    Address,
    Amount,
    CriticalKind,
    Guarantee,
    Job,
    JobState,
    Kind,
    MarketParams,
    ModelId,
    ModelRecord,
    Rfp,
    TokenPolicy,
    parse_address,
)

UNIT = 10**18


def account(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


@pytest.fixture
def requester() -> Address:
    return account(0xA11CE)


@pytest.fixture
def worker() -> Address:
    return account(0xB0B)


@pytest.fixture
def stranger() -> Address:
    return account(0xCAFE)


@pytest.fixture
def market() -> Address:
    return account(0x5A1E)


@pytest.fixture
def rfp(requester: Address) -> Rfp:
    return Rfp(
        requester=requester,
        nonce=7,
        model_id=ModelId(b"\x01" * 32),
        input_root=Digest(b"\x02" * 32),
        item_count=3,
        token=account(0x70CE),
        max_price=Amount(10 * UNIT),
        job_bond=Amount(5 * UNIT),
        bidding_time=100,
        reveal_time=50,
        execution_timeout=600,
        challenge_window=3600,
        guarantee=Guarantee.OPTIMISTIC,
        kind=Kind.AUCTION,
    )


@pytest.fixture
def job() -> Job:
    """Just posted, at second 1,000."""
    return Job(account(0), JobState.POSTED, 0, 0, 0, 0, 1_000, Amount(0))


@pytest.fixture
def params() -> MarketParams:
    return MarketParams(
        min_bidding_time=10,
        min_reveal_time=10,
        min_execution_timeout=60,
        min_challenge_window=60,
        max_time=7 * 86_400,
        accept_time=30,
        fee_bps=100,
        min_job_bond=Amount(UNIT),
        fee_recipient=account(0xFEE),
    )


@pytest.fixture
def policy() -> TokenPolicy:
    return TokenPolicy(min_price=Amount(1), bond_rate=Amount(UNIT // 2))


@pytest.fixture
def model() -> ModelRecord:
    return ModelRecord(published=True, disputable=True, void_only=False, critical=CriticalKind.NONE, published_at=900)
