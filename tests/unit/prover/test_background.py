"""Tasks in threads: once at a time, bounded, with pauses after failures."""

import threading

import pytest

from atomic_verify.config import ConfigInvalid
from atomic_verify.errors import AtomicError
from prover.background import Background, Pauses, TaskState


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_done_task_keeps_its_result_and_is_not_done_again(clock: Clock) -> None:
    tasks: Background[str, int] = Background("test", 1, clock=clock)
    assert tasks.start("a", lambda: 7)
    assert tasks.drain(5)
    assert (tasks.state("a"), tasks.result("a")) == (TaskState.DONE, 7)
    assert not tasks.start("a", lambda: 8)
    tasks.forget("a")
    assert (tasks.state("a"), tasks.result("a")) == (TaskState.UNKNOWN, None)


def test_slots_bound_what_runs_at_once(clock: Clock) -> None:
    tasks: Background[str, None] = Background("test", 2, clock=clock)
    hold = threading.Event()
    assert [tasks.start(name, lambda: hold.wait(5) and None) for name in "abc"] == [True, True, False]
    assert not tasks.start("a", lambda: None)
    tasks.forget("a")
    assert tasks.state("a") is TaskState.RUNNING
    assert not tasks.drain(0.01)
    hold.set()
    assert tasks.drain(5)
    assert tasks.start("c", lambda: None)


def test_a_task_that_fails_waits_longer_each_time(clock: Clock) -> None:
    tasks: Background[str, int] = Background("test", 1, clock=clock, pauses=Pauses(1.0, 3.0))

    def fail() -> int:
        raise ConfigInvalid("no")

    for pause in (1.0, 2.0, 3.0, 3.0):
        assert tasks.start("a", fail)
        assert tasks.drain(5)
        failure = tasks.failure("a")
        assert failure is not None
        assert failure.code == "config-invalid"
        clock.now += pause - 0.01
        assert not tasks.start("a", fail)
        clock.now += 0.01
    assert tasks.start("a", lambda: 1)
    assert tasks.drain(5)
    assert (tasks.state("a"), tasks.failure("a")) == (TaskState.DONE, None)


def test_an_unexpected_fault_is_a_failure_like_any_other(clock: Clock) -> None:
    ended = threading.Event()
    tasks: Background[str, float] = Background("test", 1, clock=clock, on_end=ended.set)
    tasks.start("a", lambda: 1 / 0)
    assert ended.wait(5)
    failure = tasks.failure("a")
    assert type(failure) is AtomicError
    assert "ZeroDivisionError" in failure.message


def test_a_task_whose_result_was_lost_is_done_again(clock: Clock) -> None:
    tasks: Background[str, int] = Background("test", 1, clock=clock)
    tasks.renew("a")
    assert tasks.start("a", lambda: 7)
    assert tasks.drain(5)
    tasks.renew("a")
    assert tasks.start("a", lambda: 8)
    assert tasks.drain(5)
    assert tasks.result("a") == 8


def test_whether_a_slot_is_free(clock: Clock) -> None:
    tasks: Background[str, None] = Background("test", 1, clock=clock)
    hold = threading.Event()
    seen = [tasks.is_full]
    tasks.start("a", lambda: hold.wait(5) and None)
    seen.append(tasks.is_full)
    tasks.renew("a")
    assert tasks.state("a") is TaskState.RUNNING, "what runs isn't lost"
    hold.set()
    assert tasks.drain(5)
    assert [*seen, tasks.is_full] == [False, True, False]
