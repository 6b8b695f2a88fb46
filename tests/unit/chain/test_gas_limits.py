"""What gas limit a transaction gets for what it is estimated to need."""

import pytest

from atomic_verify.chain.transactions import TRANSACTION_GAS, SendPolicy


@pytest.mark.parametrize(
    ("estimated", "limit"),
    [
        (100_000, 120_000),
        (14_400_000, TRANSACTION_GAS),
        (TRANSACTION_GAS, TRANSACTION_GAS),
        # A chain that takes this has no such limit.
        (20_000_000, 24_000_000),
    ],
)
def test_the_margin_never_lifts_a_transaction_over_what_a_chain_takes(estimated: int, limit: int) -> None:
    assert SendPolicy().with_margin(estimated) == limit
