"""Resize and Upsample against onnxruntime, in every mode; what depends on float rounding is refused."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering.resampling import AxisResize, coordinates, cubic, linear, nearest
from tests.support.onnx_nodes import agree, answers, numbers, one_node

COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def compared(inputs, constants, **attributes) -> None:
    try:
        agree("Resize", inputs, constants, tolerance=1e-5, **attributes)
    except Unsupported as refused:
        if not any(known in refused.reason for known in ("float rounding", "align_corners")):
            raise
        reject()


@given(st.data())
def test_nearest(data) -> None:
    shape = [1, 2, data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))]
    sizes = np.array([1, 2, data.draw(st.integers(1, 13)), data.draw(st.integers(1, 13))])
    mode, rounding = data.draw(st.sampled_from(COORDINATES)), data.draw(st.sampled_from(NEAREST))
    attributes = {"mode": "nearest", "coordinate_transformation_mode": mode, "nearest_mode": rounding}
    compared({"a": numbers(0, *shape)}, {"b": None, "c": None, "d": sizes}, **attributes)


@given(st.data())
def test_linear(data) -> None:
    shape = [1, 2, data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))]
    scales = data.draw(st.lists(st.sampled_from([0.5, 0.75, 1.0, 1.5, 2.0, 2.3, 3.0]), min_size=2, max_size=2))
    scales = np.array([1, 1, *(max(scale, 1 / size) for scale, size in zip(scales, shape[2:], strict=True))])
    attributes = {"mode": "linear", "coordinate_transformation_mode": data.draw(st.sampled_from(COORDINATES))}
    compared({"a": numbers(0, *shape)}, {"b": None, "c": scales.astype(np.float32)}, **attributes)


@given(st.data())
def test_cubic(data) -> None:
    shape = [1, 1, data.draw(st.integers(2, 7)), data.draw(st.integers(2, 7))]
    sizes = np.array([1, 1, data.draw(st.integers(2, 13)), data.draw(st.integers(2, 13))])
    attributes = {"mode": "cubic", "coordinate_transformation_mode": data.draw(st.sampled_from(COORDINATES))}
    attributes["exclude_outside"] = data.draw(st.integers(0, 1))
    attributes["cubic_coeff_a"] = data.draw(st.sampled_from([-0.75, -0.5]))
    compared({"a": numbers(0, *shape)}, {"b": None, "c": None, "d": sizes}, **attributes)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_crop_and_resize(mode) -> None:
    region = np.array([0, 0, 0.4, -0.2, 1, 1, 0.7, 1.1], np.float32)
    attributes = {"mode": mode, "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.5}
    constants = {"b": region, "c": None, "d": np.array([1, 1, 5, 7])}
    compared({"a": numbers(0, 1, 1, 6, 5)}, constants, **attributes)


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_aspect_ratio(policy) -> None:
    attributes = {"mode": "linear", "keep_aspect_ratio_policy": policy, "axes": [2, 3]}
    agree(
        "Resize",
        {"a": numbers(0, 1, 2, 4, 6)},
        {"b": None, "c": None, "d": np.array([7, 8])},
        tolerance=1e-5,
        **attributes,
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_integers_by_nearest(dtype) -> None:
    agree("Resize", {"a": numbers(0, 1, 1, 3, 4, dtype=dtype)}, {"b": None, "c": np.array([1, 1, 2, 3], np.float32)})


@pytest.mark.parametrize("opset", [7, 9])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(opset, mode) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    if opset == 7:
        agree("Upsample", {"a": numbers(0, 1, 2, 3, 4)}, opset=7, tolerance=1e-5, mode=mode, scales=scales)
    else:
        constants = {"b": np.array(scales, np.float32)}
        agree("Upsample", {"a": numbers(0, 1, 2, 3, 4)}, constants, opset=9, tolerance=1e-5, mode=mode)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scale", [2.0, 0.5])
def test_resize_of_opset_10(mode, scale) -> None:
    constants = {"b": np.array([1, 1, scale, 1], np.float32)}
    agree("Resize", {"a": numbers(0, 1, 2, 4, 4)}, constants, opset=10, tolerance=1e-5, mode=mode)


@pytest.mark.parametrize(
    ("attributes", "constants", "attribute"),
    [
        ({"mode": "linear", "antialias": 1}, {"d": np.array([1, 1, 2, 2])}, "antialias"),
        (
            {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
            {"c": np.array([1, 1, 0.6, 1], np.float32)},
            "scales",
        ),
        ({"mode": "spline"}, {"d": np.array([1, 1, 2, 2])}, "mode"),
        ({"keep_aspect_ratio_policy": "square"}, {"d": np.array([1, 1, 2, 2])}, "keep_aspect_ratio_policy"),
        ({}, {"d": np.array([2, 2])}, "sizes"),
        ({}, {"d": np.array([1, 1, 0, 2])}, "sizes"),
        ({}, {}, "scales"),
        ({"coordinate_transformation_mode": "tf_crop_and_resize"}, {"d": np.array([1, 1, 2, 2])}, "roi"),
    ],
)
def test_what_is_not_agreed_on_is_refused(attributes, constants, attribute) -> None:
    inputs = {"a": numbers(0, 1, 1, 4, 4)}
    model = one_node("Resize", inputs, {"b": None, "c": None, "d": None, **constants}, ["y"], 19, attributes)
    with pytest.raises(Unsupported) as found:
        answers(model, inputs)
    assert found.value.attribute == attribute


class TestResampling:
    def test_coordinates_are_exact(self) -> None:
        axis = AxisResize(3, 7, Fraction(7, 3))
        assert coordinates(axis, "half_pixel")[3] == 1
        assert coordinates(axis, "align_corners")[-1] == 2

    def test_an_index_that_float32_rounds_otherwise_is_none(self) -> None:
        found = [
            (n, m)
            for n in range(1, 40)
            for m in range(1, 80)
            if nearest(AxisResize(n, m, Fraction(m, n)), "asymmetric", "ceil") is None
        ]
        assert found
        assert all(nearest(AxisResize(n, n * 2, Fraction(2)), "asymmetric", "ceil") is not None for n in range(1, 40))

    @given(st.integers(1, 20), st.integers(1, 40), st.sampled_from(COORDINATES))
    def test_weights_add_up_to_one(self, size, count, mode) -> None:
        axis = AxisResize(size, count, Fraction(count, size))
        for weights in (linear(axis, mode), cubic(axis, mode, -0.75, False), cubic(axis, mode, -0.5, True)):
            np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)
