"""Which jobs concern a worker, and what it has taken on."""

from dataclasses import replace

import pytest

from atomic_verify.protocol.primitives import Amount, JobId
from atomic_verify.protocol.types import JobState, Kind
from atomic_verify.storage.records import JobRecord
from atomic_verify.storage.situations import job_of
from prover.book import concerns
from prover.load import Load, Share, is_taken_on
from tests.unit.prover.jobs import (
    BIDDING_END,
    DEADLINE,
    ME,
    POSTED_AT,
    REVEAL_END,
    RFP,
    RIVAL,
    awarded,
    committed,
    posted,
    revealed,
    sealed,
    seen,
    spent,
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (posted(), True),
        (posted(sealed(RIVAL)), True),
        (awarded(ME), True),
        (awarded(RIVAL), False),
        (awarded(RIVAL, revealed()), True),
        (awarded(RIVAL, spent()), False),
        (committed(ME), True),
        (committed(RIVAL), False),
        (replace(committed(ME), state=JobState.FINAL), False),
        (replace(posted(revealed()), state=JobState.EXPIRED), True),
        (replace(posted(spent()), state=JobState.EXPIRED), False),
        (replace(awarded(RIVAL, revealed()), state=JobState.EXPIRED), False),
        (replace(posted(), state=JobState.CANCELLED), False),
        (replace(posted(), rfp=replace(RFP, kind=Kind.QUOTE)), False),
    ],
)
def test_a_job_concerns_those_who_can_do_something_about_it(record: JobRecord, expected: bool) -> None:
    assert concerns(record, ME) is expected


@pytest.mark.parametrize(
    ("record", "now", "expected"),
    [
        (posted(), POSTED_AT, False),
        (posted(sealed()), POSTED_AT, True),
        (posted(revealed()), BIDDING_END, True),
        (posted(sealed(RIVAL)), POSTED_AT, False),
        (awarded(ME), REVEAL_END, True),
        (awarded(ME), DEADLINE, False),
        (awarded(RIVAL, revealed()), REVEAL_END, False),
        (committed(ME), DEADLINE, False),
    ],
)
def test_bids_and_awards_are_taken_on_until_the_commit(record: JobRecord, now: int, expected: bool) -> None:
    assert is_taken_on(seen(record, now)) is expected


def test_a_load_counts_each_job_once() -> None:
    one, other = JobId(b"\x01" * 32), JobId(b"\x02" * 32)
    load = Load().plus(Share(one, 2.0, Amount(5))).plus(Share(other, 3.0, Amount(0))).plus(Share(one, 4.0, Amount(7)))
    assert (load.open_jobs, load.seconds, load.bond_reserved) == (2, 7.0, 7)
    assert load.without(one).shares == (Share(other, 3.0, Amount(0)),)


def test_the_chains_record_of_a_job_follows_from_its_events() -> None:
    job = job_of(awarded(ME, revealed(RIVAL), sealed(RIVAL)))
    assert (job.worker, job.state, job.attempt) == (ME, JobState.AWARDED, 1)
    assert (job.sealed_count, job.revealed_count, job.spent_count) == (3, 2, 1)
    assert (job.time, job.rebate) == (DEADLINE, 800_000)
    assert job_of(posted()).time == POSTED_AT
    assert job_of(committed(at=1234)).time == 1234
