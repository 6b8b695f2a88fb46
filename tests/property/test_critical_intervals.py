"""Intervals of canonical programs: whatever the program and the item, every step's tensor lies inside its interval."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.models.critical.intervals import intervals_of
from tests.property.random_programs import RandomPrograms


@given(st.integers(0, 2**32))
def test_every_tensor_lies_inside_its_interval(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(12)
    intervals, _ = intervals_of(program)
    for _ in range(4):
        with PreparedProgram(program).evaluate(made.item()) as trace:
            for number, (low, high) in enumerate(intervals):
                tensor = trace.tensor(number)
                assert low <= float(np.min(tensor)), (number, program.steps[number])
                assert float(np.max(tensor)) <= high, (number, program.steps[number])
