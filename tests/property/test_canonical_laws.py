"""Random programs: every element that the evaluator computes is what its law says, and every record is valid."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.law import element_law
from atomic_verify.canonical.program import DType64, Opcode
from atomic_verify.canonical.records import decode_step, encode_step
from atomic_verify.canonical.validity import program_fault, record_fault
from tests.property.random_programs import RandomPrograms

seeds = st.integers(0, 2**32)


@given(seeds)
def test_the_evaluator_obeys_the_law_on_every_element(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(12)
    assert program_fault(program) is None
    trace = PreparedProgram(program).evaluate(made.item())
    for number, step in enumerate(program.steps):
        tensor = trace.tensor(number)
        assert tensor.shape == step.shape
        assert tensor.dtype == step.dtype.numpy
        for element, committed in enumerate(tensor.reshape(-1).tolist()):
            law = element_law(program, trace, number, element)
            assert law.allows(committed), (number, step, element, committed, float(law.value))


@given(seeds)
def test_records_survive_the_way_to_bytes_and_back(seed: int) -> None:
    program = RandomPrograms(np.random.default_rng(seed)).program(10)
    for index, step in enumerate(program.steps):
        record = encode_step(step)
        assert decode_step(record) == step
        assert encode_step(decode_step(record)) == record
        assert record_fault(record, index) is None


@given(seeds, st.data())
def test_a_record_with_any_byte_changed_is_refused_or_another_step(seed: int, data: st.DataObject) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(3)
    index = len(program.steps) - 1
    record = bytearray(encode_step(program.steps[index]))
    place = data.draw(st.integers(0, len(record) - 1))
    record[place] ^= data.draw(st.integers(1, 255))
    if record_fault(bytes(record), index) is None:
        assert decode_step(bytes(record)) != program.steps[index]
        assert encode_step(decode_step(bytes(record))) == record


@given(seeds)
def test_an_error_beyond_the_tolerance_is_never_allowed(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(6)
    trace = PreparedProgram(program).evaluate(made.item())
    for number, step in enumerate(program.steps):
        law = element_law(program, trace, number, 0)
        if step.dtype is DType64.INT:
            assert not law.allows(int(law.value) + 1)
            continue
        near = float(law.value)
        away = []
        if law.tolerance < Fraction(2) ** 1023:  # of huge terms that cancel each other it is beyond any float
            away = [math.nextafter(near + side * 2 * float(law.tolerance), side * math.inf) for side in (-1.0, 1.0)]
        for committed in (*away, float("nan"), float("inf"), float("-inf")):
            assert not law.allows(committed), (step.opcode, step.function, committed)


@given(seeds)
def test_only_the_tensors_asked_for_are_kept_and_they_are_the_same(seed: int) -> None:
    made = RandomPrograms(np.random.default_rng(seed))
    program = made.program(10)
    item, prepared = made.item(), PreparedProgram(program)
    whole = prepared.evaluate(item)
    asked = [number for number, step in enumerate(program.steps) if step.opcode is not Opcode.MAP]
    some = prepared.evaluate(item, asked)
    for number in asked:
        assert some.tensor(number).tobytes() == whole.tensor(number).tobytes()
