"""Sampling: a share, by the job's id and the watcher's own seed, the same after each restart."""

import hashlib

import pytest

from atomic_verify.protocol.primitives import JobId
from prover.watching.sampling import is_sampled

JOBS = [JobId(hashlib.sha256(bytes([number % 256, number // 256])).digest()) for number in range(4_000)]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_about_the_share_is_watched(rate: float) -> None:
    watched = sum(is_sampled(job, rate, "mine") for job in JOBS)
    assert abs(watched / len(JOBS) - rate) < 0.04


def test_all_or_none() -> None:
    assert all(is_sampled(job, 1.0, "mine") for job in JOBS)
    assert not any(is_sampled(job, 0.0, "mine") for job in JOBS)


def test_a_higher_rate_watches_all_that_a_lower_one_does() -> None:
    assert all(is_sampled(job, 0.6, "mine") for job in JOBS if is_sampled(job, 0.3, "mine"))


def test_watchers_with_other_seeds_look_elsewhere() -> None:
    both = sum(is_sampled(job, 0.5, "mine") and is_sampled(job, 0.5, "yours") for job in JOBS)
    assert abs(both / len(JOBS) - 0.25) < 0.04
