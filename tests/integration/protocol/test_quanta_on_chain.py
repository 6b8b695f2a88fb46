"""Quantising on a real chain and here: the same for 100,000 numbers at each scale, and what is cut.

EZKL quantises alike too: tests/integration/circuits compares.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from atomic_verify.chain.client import Chain
from atomic_verify.chain.interface import interface
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.proofs import CERTAIN, proven_of
from atomic_verify.protocol.quanta import field_of, quantise
from atomic_verify.protocol.types import CriticalKind, CriticalStep
from tests.integration.protocol.plays import ask

WORD = Digest(b"\x01" * 32)
STEP = CriticalStep(CriticalKind.WHOLE, True, WORD, WORD, WORD, 0, 0, 2**20, 3)
SCORES = np.array([3, 1], dtype=np.float32)
COUNT, CHUNK = 100_000, 10_000


def instances_of(chain: Chain, step: CriticalStep, read: bytes, scores: bytes) -> tuple[list[int], int]:
    answer = ask(chain, "Proofs", "instancesOf", step.to_abi(), read, scores)
    instances, decision = interface("Proofs").decode_answer("instancesOf", answer)
    return list(instances), decision


def numbers(scale: int) -> NDArray[np.float32]:
    """Of any bits, of the size that circuits read, near halves of a quantum, and near the limit."""
    random = np.random.default_rng(scale)
    part = COUNT // 4
    bits = random.integers(0, 2**32, part, dtype=np.uint32).view(np.float32)
    usual = random.normal(0, 8, part).astype(np.float32)
    halves = np.ldexp(random.integers(-(2**22), 2**22, part) + 0.5, -scale).astype(np.float32)
    near = np.nextafter(halves, np.where(random.random(part) < 0.5, -np.inf, np.inf).astype(np.float32))
    limits = np.ldexp(random.integers(2**20 - 64, 2**20 + 64, part) * random.choice([-1.0, 1.0], part), -scale)
    return np.concatenate([bits, usual, near, limits.astype(np.float32)])


@pytest.mark.parametrize("scale", [0, 7, 8, 11, 13, 20])
def test_the_chain_quantises_alike(chain: Chain, scale: int) -> None:
    step = replace(STEP, input_scale=scale)
    values = numbers(scale)
    expected = [field_of(int(one)) for one in quantise(values, scale, step.limit)]
    assert len(set(expected)) > 1_000
    assert {step.limit, field_of(-step.limit)} <= set(expected)
    for start in range(0, COUNT, CHUNK):
        read = values[start : start + CHUNK].tobytes()
        instances, _ = instances_of(chain, step, read, SCORES.tobytes())
        assert instances == [*expected[start : start + CHUNK], 3, 1]


def test_the_chain_decides_alike(chain: Chain) -> None:
    random = np.random.default_rng(5)
    for _ in range(100):
        scores = random.integers(-6, 7, random.integers(2, 9)).astype(np.float32)
        found = proven_of(STEP, SCORES, scores)
        instances, decision = instances_of(chain, STEP, SCORES.tobytes(), scores.tobytes())
        assert tuple(instances) == found.instances
        assert decision == found.decision.index | CERTAIN * found.decision.is_certain
