"""Fast comparison: what it passes lies within accept, and it passes what honest machines make."""

import numpy as np
import pytest

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.models.tolerances import ToleranceEntry
from prover.watching.compare import compare

ZERO = ToleranceEntry(atol=0.0, rtol=0.0)


def signature(*dtypes: DType) -> Signature:
    return Signature(tuple(TensorSpec(f"t{number}", dtype, (2, 3)) for number, dtype in enumerate(dtypes)))


def floats(items: int, dtype: type = np.float32) -> np.ndarray:
    return np.linspace(-4, 4, items * 6).astype(dtype).reshape(items, 6)


def found(theirs: np.ndarray, ours: np.ndarray, accept: ToleranceEntry, dtype: DType = DType.FLOAT):
    return compare(signature(dtype), [accept], len(theirs), theirs.tobytes(), ours.tobytes())


@pytest.mark.parametrize(("share", "suspects"), [(0.0, ()), (0.49, ()), (0.51, (3,)), (1.5, (3,)), (1e9, (3,))])
def test_only_what_lies_beyond_half_of_accept_is_a_suspect(share: float, suspects: tuple[int, ...]) -> None:
    ours = np.zeros((8, 6))
    theirs = ours.copy()
    theirs[3, 5] = 0.001 * share
    compared = found(theirs, ours, ToleranceEntry(atol=0.001, rtol=0.0), DType.DOUBLE)
    assert compared.suspects == suspects
    assert compared.worst == pytest.approx(0.0 if suspects else share)


def test_the_relative_part_grows_with_our_value() -> None:
    ours = np.full((2, 6), 100.0)
    theirs = ours.copy()
    theirs[0, 0] += 0.4
    theirs[1, 0] += 0.6
    assert found(theirs, ours, ToleranceEntry(atol=0.0, rtol=0.01), DType.DOUBLE).suspects == (1,)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_a_suspect_on_either_side(odd: float) -> None:
    plain = floats(3)
    strange = plain.copy()
    strange[1, 2] = odd
    accept = ToleranceEntry(atol=1.0, rtol=0.5)
    assert found(strange, plain, accept).suspects == (1,)
    assert found(plain, strange, accept).suspects == (1,)
    assert found(strange, strange, accept).suspects == (1,), "equal and still no answer"


@pytest.mark.parametrize("dtype", [DType.INT64, DType.UINT8, DType.BOOL])
def test_integers_and_bools_compare_byte_by_byte(dtype: DType) -> None:
    ours = np.ones((4, 6), dtype=dtype.numpy)
    theirs = ours.copy().view(np.uint8).reshape(4, -1)
    theirs[2, -1] ^= 2
    compared = compare(signature(dtype), [ZERO], 4, theirs.tobytes(), ours.tobytes())
    assert compared.suspects == (2,)


@pytest.mark.parametrize("dtype", [DType.FLOAT16, DType.BFLOAT16, DType.FLOAT, DType.DOUBLE])
def test_every_float_type_is_measured(dtype: DType) -> None:
    ours = floats(4).astype(dtype.numpy)
    theirs = ours.copy()
    theirs[3, 0] = dtype.numpy.type(100)
    assert found(theirs, ours, ToleranceEntry(atol=0.5, rtol=0.0), dtype).suspects == (3,)


def test_all_tensors_of_an_item_count() -> None:
    items = 3
    both = signature(DType.FLOAT, DType.INT64)
    ours = b"".join(floats(1).tobytes() + np.arange(6).tobytes() for _ in range(items))
    theirs = bytearray(ours)
    theirs[-1] = 9
    accepts = [ToleranceEntry(atol=1e-3, rtol=0.0), ZERO]
    assert compare(both, accepts, items, bytes(theirs), ours).suspects == (items - 1,)
    assert compare(both, accepts, items, ours, ours).suspects == ()
