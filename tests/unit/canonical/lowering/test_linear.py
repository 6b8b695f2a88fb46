"""MatMul, MatMulInteger, Gemm and Einsum against onnxruntime and numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from tests.support.onnx_nodes import agree, answers, numbers, one_node

SIZES = st.integers(1, 4)


@given(st.lists(SIZES, max_size=2), st.integers(0, 2), st.data())
def test_matmul_broadcasts(batch, dropped, data) -> None:
    rows, inner, columns = data.draw(SIZES), data.draw(st.integers(1, 9)), data.draw(SIZES)
    left, right = [*batch, rows, inner], [*batch[dropped:], inner, columns]
    left[: len(batch)] = [1 if data.draw(st.booleans()) else size for size in batch]
    agree(
        "MatMul", {"a": numbers(0, *left, dtype=np.float64), "b": numbers(1, *right, dtype=np.float64)}, tolerance=1e-14
    )


@pytest.mark.parametrize(
    "shapes", [((5,), (5,)), ((5,), (5, 3)), ((2, 4, 5), (5,)), ((5,), (2, 5, 3)), ((2, 1100), (1100, 3))]
)
def test_matmul_of_vectors_and_long_rows(shapes) -> None:
    agree("MatMul", {"a": numbers(0, *shapes[0]), "b": numbers(1, *shapes[1])})


def test_integers_wrap_around() -> None:
    (got,) = agree("MatMul", {"a": np.full((1, 2), 2**30, np.int32), "b": np.full((2, 1), 3, np.int32)})
    assert got.item() == (6 * 2**30 + 2**31) % 2**32 - 2**31


@given(st.data())
def test_gemm(data) -> None:
    rows, inner, columns = (data.draw(SIZES) for _ in range(3))
    flags = [data.draw(st.booleans()) for _ in range(2)]
    left, right = ((inner, rows) if flags[0] else (rows, inner)), ((columns, inner) if flags[1] else (inner, columns))
    bias = data.draw(st.sampled_from([None, (), (1,), (columns,), (rows, 1), (rows, columns)]))
    agree(
        "Gemm",
        {"a": numbers(0, *left), "b": numbers(1, *right), "c": None if bias is None else numbers(2, *bias)},
        alpha=data.draw(st.sampled_from([1.0, 0.3])),
        beta=data.draw(st.sampled_from([1.0, -0.7, 0.0])),
        transA=int(flags[0]),
        transB=int(flags[1]),
    )


@pytest.mark.parametrize("zero", [None, np.array(3, np.uint8), np.array([3, 4], np.uint8)])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_matmul_integer(zero, dtype) -> None:
    a, b = numbers(0, 4, 300, dtype=np.uint8), numbers(1, 300, 2, dtype=dtype)
    shift = None if zero is None else zero.astype(dtype)
    agree("MatMulInteger", {"a": a}, {"b": b, "c": np.array(9, np.uint8), "d": shift})


def test_zero_points_of_rows() -> None:
    a, b = numbers(0, 3, 4, dtype=np.uint8), numbers(1, 4, 2, dtype=np.uint8)
    inputs = {"a": a, "b": b, "c": np.array([1, 2, 3], np.uint8)}
    (got,) = answers(one_node("MatMulInteger", inputs, {}, ["y"], 21, {}), inputs)
    np.testing.assert_array_equal(got, (a.astype(int) - [[1], [2], [3]]) @ b.astype(int))


EQUATIONS = {
    "ij,jk->ik": ((3, 4), (4, 5)),
    "ij,jk": ((3, 4), (4, 5)),
    "bij , bjk -> bik": ((2, 3, 4), (2, 4, 5)),
    "...ij,...jk->...ik": ((2, 3, 4), (2, 4, 5)),
    "i...,i...->...": ((3, 2, 4), (3, 2, 4)),
    "bhqd,bhkd->bhqk": ((1, 2, 3, 4), (1, 2, 5, 4)),
    "bqhd,bkhd->bhqk": ((1, 3, 2, 4), (1, 5, 2, 4)),
    "i,j->ij": ((3,), (4,)),
    "i,i->": ((5,), (5,)),
    "i,j,k->kji": ((2,), (3,), (4,)),
    "ij,jk,kl->il": ((2, 3), (3, 4), (4, 2)),
    "ij,ij,i->j": ((2, 3), (2, 3), (2,)),
    "ii->i": ((4, 4),),
    "ii->": ((4, 4),),
    "...ii->...i": ((2, 4, 4),),
    "ijk->kji": ((2, 3, 4),),
    "ijk->j": ((2, 3, 4),),
    "ba": ((2, 3),),
    "ij,kl->ik": ((2, 3), (4, 5)),
    "nctkv,kvw->nctw": ((1, 2, 3, 2, 4), (2, 4, 5)),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation) -> None:
    arrays = [numbers(place, *shape, dtype=np.float64) for place, shape in enumerate(EQUATIONS[equation])]
    inputs = dict(zip("abc", arrays, strict=False))
    (got,) = answers(one_node("Einsum", inputs, {}, ["y"], 12, {"equation": equation}), inputs)
    np.testing.assert_allclose(got, np.einsum(equation, *arrays), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("equation", ["ij->ik", "ij,jk->ik", "i1->i", "ij->ii", "...i...->i", "ijk->i", "ii->i"])
def test_equations_that_do_not_fit_are_refused(equation) -> None:
    inputs = {"a": numbers(0, 2, 3)}
    with pytest.raises(Unsupported, match="equation"):
        answers(one_node("Einsum", inputs, {}, ["y"], 12, {"equation": equation}), inputs)


@pytest.mark.parametrize(("operator", "shapes"), [("MatMul", ((2, 3), (4, 2))), ("Gemm", ((2, 3, 1), (3, 2)))])
def test_shapes_that_do_not_fit_are_refused(operator, shapes) -> None:
    inputs = {"a": numbers(0, *shapes[0]), "b": numbers(1, *shapes[1])}
    with pytest.raises(Unsupported):
        answers(one_node(operator, inputs, {}, ["y"], 21, {}), inputs)
