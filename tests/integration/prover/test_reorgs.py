"""Re-orgs under a worker: what vanished is done again, once, and with the same content."""

import pytest

from atomic_verify.protocol.types import JobState
from tests.integration.prover.town import Town


@pytest.mark.parametrize("depth", [1, 3])
def test_a_sealed_bid_that_vanishes_is_made_again(town: Town, depth: int) -> None:
    worker = town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.until(lambda: town.chain.job_of(job).sealed_count == 1, "the bid")
    seal = town.events(job, "BidSealed")[0].args["seal"]

    reorganise(town, depth)
    town.play(job, rfp)

    assert town.events(job, "BidSealed")[0].args["seal"] == seal
    assert_each_step_once(town, job)
    assert town.events(job, "Settled")[0].args["worker"] == worker.address.lower()


@pytest.mark.parametrize("depth", [1, 3])
def test_a_commit_that_vanishes_is_made_again(town: Town, depth: int) -> None:
    town.hire(2)
    payload = town.payload()
    rfp = town.rfp(payload)
    job = town.post(rfp, town.host.put(payload))
    town.play(job, rfp, to=JobState.COMMITTED)
    root = town.chain.result_of(job).root

    reorganise(town, depth)
    town.play(job, rfp)

    assert town.chain.result_of(job).root == root
    assert_each_step_once(town, job)


def reorganise(town: Town, depth: int) -> None:
    """Replaces the newest blocks by empty ones; the requester sends its own transactions again if they were in them."""
    town.anvil.reorg(depth)
    town.anvil.mine_blocks(1)
    town.requester.poll()


def assert_each_step_once(town: Town, job: bytes) -> None:
    names = [event.name for event in town.events() if event.args.get("job") == "0x" + job.hex()]
    for name in ("BidSealed", "BidRevealed", "Awarded", "Committed", "Finalized", "Settled"):
        assert names.count(name) == 1, name
