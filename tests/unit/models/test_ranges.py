"""Ranges of inputs: what lies inside is taken, everything else refused, batches as single items."""

from typing import Any

import numpy as np
import pytest

from atomic_verify.models.errors import ItemOutOfRange
from atomic_verify.models.parts import InputEntry
from atomic_verify.models.ranges import require_in_range, require_payload_in_range

X = InputEntry(name="x", dtype="float", shape=(1, 3), low=0.0, high=1.0)
IDS = InputEntry(name="i", dtype="int64", shape=(2,), low=-1.0, high=2.0)
FREE = InputEntry(name="f", dtype="float16", shape=(1,))
INSIDE: dict[str, Any] = {
    "x": np.array([[0, 1, 0.5]], np.float32),
    "i": np.array([-1, 2]),
    "f": np.array([np.nan], np.float16),
}


def payload(*items: dict[str, Any]) -> bytes:
    return b"".join(item[entry.name].tobytes() for item in items for entry in (X, IDS, FREE))


def test_what_lies_inside_is_taken_bounds_included() -> None:
    require_in_range((X, IDS, FREE), INSIDE)
    require_payload_in_range((X, IDS, FREE), 2, payload(INSIDE, INSIDE))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", np.array([[0, 1.0000001, 0]], np.float32)),
        ("x", np.array([[-1e-30, 1, 0]], np.float32)),
        ("x", np.array([[np.nan, 1, 0]], np.float32)),
        ("x", np.array([[0, np.inf, 0]], np.float32)),
        ("i", np.array([0, 3])),
        ("i", np.array([0, 2**63 - 1])),
    ],
)
def test_what_lies_outside_is_refused_in_any_item(name: str, values: Any) -> None:
    outside = INSIDE | {name: values}
    with pytest.raises(ItemOutOfRange, match=f"{name!r}"):
        require_in_range((X, IDS, FREE), outside)
    for batch in ([outside, INSIDE], [INSIDE, outside]):
        with pytest.raises(ItemOutOfRange):
            require_payload_in_range((X, IDS, FREE), 2, payload(*batch))


def test_every_type_can_have_a_range() -> None:
    for dtype in ("bool", "uint8", "int8", "uint16", "uint64", "bfloat16", "double", "float16"):
        entry = InputEntry(name="x", dtype=dtype, shape=(4,), low=0.0, high=1.0)
        inside = np.array([0, 1, 0, 1]).astype(entry.spec().dtype.numpy)
        require_payload_in_range((entry,), 1, inside.tobytes())
        if dtype != "bool":
            with pytest.raises(ItemOutOfRange):
                require_payload_in_range((entry,), 1, (inside * 3).astype(inside.dtype).tobytes())
