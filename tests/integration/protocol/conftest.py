"""A chain with the contracts on it, a published model, and accounts with money."""

from collections.abc import Iterator

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import UNIT, development
from atomic_verify.protocol.types import (
    Amount,
)
from tests.integration.protocol.plays import REQUESTER, WORKERS, spec, transact


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """A deployment with one published model, a funded requester, and three workers with stake for two bonds each."""
    with Anvil() as anvil:
        founder = development_signer(0)
        deployment = deploy(anvil.rpc, founder, development())
        chain = Chain.connect(anvil.url, deployment)
        anvil.request("anvil_autoImpersonateAccount", True)
        transact(chain, founder.address, chain.calls.publish(spec(), "http://localhost/model"))
        for who in (REQUESTER, *WORKERS):
            token, plenty = deployment.utility_token, Amount(10_000 * UNIT)
            transact(chain, founder.address, chain.calls.transfer_token(token, who, plenty))
            transact(chain, who, chain.calls.approve(token, plenty))
        for worker in WORKERS:
            transact(chain, worker, chain.calls.stake(Amount(1_000 * UNIT)))
        yield chain
