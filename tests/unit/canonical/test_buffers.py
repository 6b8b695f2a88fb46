"""Memory is used again exactly when nobody looks at it any more."""

import numpy as np

from atomic_verify.canonical.buffers import Buffers

FLOAT = np.dtype(np.float64)


def address(array: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    return int(array.__array_interface__["data"][0])


def test_a_buffer_is_used_again_once_its_last_view_is_gone() -> None:
    buffers = Buffers()
    first = buffers.empty((100, 100), FLOAT)
    place = address(first)
    part = first.reshape(-1)[5:7]
    del first
    second = buffers.empty((100, 100), FLOAT)
    assert not np.shares_memory(part, second)
    del part, second
    places = {address(buffers.empty((100, 100), FLOAT)) for _ in range(4)}
    assert place in places
    assert len(places) == 2


def test_tensors_of_about_one_size_share_buffers() -> None:
    buffers = Buffers()
    for size in range(10_000, 10_200, 7):
        assert buffers.empty(size, FLOAT).shape == (size,)
    assert buffers.nbytes < 3 * 10_000 * 8


def test_the_pool_has_a_limit_and_small_tensors_stay_out_of_it() -> None:
    buffers = Buffers(limit=200_000)
    alive = [buffers.empty(10_000, FLOAT) for _ in range(8)]
    assert buffers.nbytes <= 200_000
    before = buffers.nbytes
    buffers.empty(10, FLOAT)
    assert buffers.nbytes == before
    for number, array in enumerate(alive):
        array.fill(number)
    assert [array[0] for array in alive] == list(range(8))
