"""Declared tensors and their canonical bytes."""

import numpy as np
import onnx
import pytest

from atomic_verify.commitments import (
    DType,
    MalformedBool,
    TensorMismatch,
    TensorSpec,
    TensorSpecError,
    decode_tensor,
    encode_tensor,
    first_malformed_bool,
)


@pytest.mark.parametrize("dtype", list(DType))
def test_element_types_are_onnxs(dtype: DType) -> None:
    assert onnx.TensorProto.DataType.Value(dtype.name) == dtype
    assert onnx.helper.tensor_dtype_to_np_dtype(dtype) == dtype.numpy
    assert 512 % dtype.itemsize == 0


@pytest.mark.parametrize("dtype", list(DType))
def test_bytes_are_onnxs_raw_data(dtype: DType) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype.numpy)
    assert encode_tensor(TensorSpec("x", dtype, (3, 4)), array) == onnx.numpy_helper.from_array(array).raw_data


@pytest.mark.parametrize(
    ("shape", "elements", "nbytes", "leaves", "depth"),
    [
        ((), 1, 4, 1, 0),
        ((0,), 0, 0, 1, 0),
        ((128,), 128, 512, 1, 0),
        ((129,), 129, 516, 2, 1),
        ((3, 128), 384, 1536, 3, 2),
        ((1, 3, 224, 224), 150528, 602112, 1176, 11),
    ],
)
def test_sizes_follow_from_the_shape(
    shape: tuple[int, ...], elements: int, nbytes: int, leaves: int, depth: int
) -> None:
    spec = TensorSpec("x", DType.FLOAT, shape)
    assert (spec.elements, spec.nbytes, spec.leaves, spec.depth) == (elements, nbytes, leaves, depth)


@pytest.mark.parametrize(
    ("name", "dtype", "shape"),
    [
        ("", DType.FLOAT, (1,)),
        ("é" * 129, DType.FLOAT, (1,)),
        ("a\nb", DType.FLOAT, (1,)),
        ("x", 8, (1,)),
        ("x", DType.FLOAT, (1,) * 11),
        ("x", DType.FLOAT, (-1,)),
        ("x", DType.FLOAT, (2**31,)),
        ("x", DType.FLOAT, (2.0,)),
        ("x", DType.FLOAT, (True,)),
        ("x", DType.UINT8, (2**16, 2**16, 2)),
        ("x", DType.DOUBLE, (2**31 - 1,) * 10),
    ],
    ids=[
        "no name",
        "long name",
        "control character",
        "string type",
        "rank 11",
        "negative",
        "dimension 2^31",
        "float dimension",
        "bool dimension",
        "8 GiB",
        "2^310 elements",
    ],
)
def test_a_spec_out_of_bounds_is_refused(name: str, dtype: DType, shape: tuple[int, ...]) -> None:
    with pytest.raises(TensorSpecError):
        TensorSpec(name, dtype, shape)


def test_the_largest_spec_is_accepted() -> None:
    spec = TensorSpec("é" * 128, DType.UINT8, (2**16, 2**16) + (1,) * 8)
    assert (spec.nbytes, spec.leaves, spec.depth) == (2**32, 2**23, 23)


def test_memory_layout_and_byte_order_make_no_difference() -> None:
    spec, array = TensorSpec("x", DType.INT32, (2, 3)), np.arange(6, dtype="<i4").reshape(2, 3)
    assert encode_tensor(spec, np.asfortranarray(array)) == encode_tensor(spec, array.astype(">i4")) == array.tobytes()
    assert encode_tensor(spec, np.arange(12, dtype="<i4").reshape(2, 6)[:, ::2]) == bytes(
        np.array([0, 2, 4, 6, 8, 10], dtype="<i4").data.cast("B")
    )


@pytest.mark.parametrize(
    "array", [np.zeros((2, 3), "<f8"), np.zeros((3, 2), "<f4"), np.zeros(6, "<f4"), np.zeros((2, 3), "<i4")]
)
def test_another_type_or_shape_is_refused(array: np.ndarray) -> None:
    with pytest.raises(TensorMismatch):
        encode_tensor(TensorSpec("x", DType.FLOAT, (2, 3)), array)


@pytest.mark.parametrize("length", [0, 23, 25])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(TensorMismatch):
        decode_tensor(TensorSpec("x", DType.FLOAT, (2, 3)), bytes(length))


@pytest.mark.parametrize("bits", [b"\x00\x00\xc0\x7f", b"\x01\x00\x80\x7f", b"\x00\x00\x80\xff", b"\x00\x00\x00\x80"])
def test_floats_keep_every_bit(bits: bytes) -> None:
    """NaNs quiet and signalling, infinity, negative zero: a committed float is judged elsewhere, never changed here."""
    spec = TensorSpec("x", DType.FLOAT, ())
    assert encode_tensor(spec, decode_tensor(spec, bits)) == bits


def test_a_malformed_bool_is_refused_both_ways() -> None:
    spec, data = TensorSpec("mask", DType.BOOL, (4,)), b"\x01\x00\x02\xff"
    assert first_malformed_bool(spec, data) == 2
    assert first_malformed_bool(spec, b"\x01\x00\x01\x00") is None
    assert first_malformed_bool(TensorSpec("bytes", DType.UINT8, (4,)), data) is None
    with pytest.raises(MalformedBool) as refused:
        decode_tensor(spec, data)
    assert refused.value.details["element"] == 2
    with pytest.raises(MalformedBool):
        encode_tensor(spec, np.frombuffer(data, dtype="?"))


def test_a_decoded_array_is_fresh() -> None:
    data = bytes(8)
    array = decode_tensor(TensorSpec("x", DType.FLOAT, (2,)), memoryview(data))
    array[0] = 1
    assert data == bytes(8)
