"""Work that takes longer than a look at the chain, in threads of its own: fetching inputs, executing models, proving.

Life cycle: fetch, execute, prove. A *task* is known by its key and runs at most once at a time. One that fails waits
before it may start again, twice as long after each failure; one that is done keeps its result until it is forgotten.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from atomic_verify.errors import AtomicError

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class TaskState(Enum):
    """How a task stands."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds between tries of a task that fails: `first`, then twice as long each time up to `longest`."""

    first: float = 1.0
    longest: float = 30.0

    def after(self, failures: int) -> float:
        """The pause after so many failures, 1 or more."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 32))


@dataclass(slots=True)
class _Task(Generic[Result]):
    state: TaskState
    failures: int = 0
    ready_at: float = 0.0
    result: Result | None = None
    error: AtomicError | None = None


class Background(Generic[Key, Result]):
    """At most `slots` tasks at once. One thread makes and asks it; tasks run in others, which die with the process."""

    def __init__(
        self,
        name: str,
        slots: int,
        *,
        pauses: Pauses | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        """`on_end` is called, in the task's thread, whenever a task has ended."""
        self._name = name
        self._slots = slots
        self._pauses = pauses or Pauses()
        self._clock = clock
        self._on_end = on_end
        self._tasks: dict[Key, _Task[Result]] = {}
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)

    def start(self, key: Key, work: Callable[[], Result]) -> bool:
        """Starts the task if it may run now: a slot is free, it isn't running or done, and its pause is over."""
        with self._lock:
            task = self._tasks.setdefault(key, _Task(TaskState.UNKNOWN))
            if task.state in (TaskState.RUNNING, TaskState.DONE) or self._clock() < task.ready_at:
                return False
            if self._running() >= self._slots:
                return False
            task.state = TaskState.RUNNING
        threading.Thread(
            target=self._run, args=(key, task, work), name=f"{self._name}-{key!r:.40}", daemon=True
        ).start()
        return True

    @property
    def is_full(self) -> bool:
        """Whether no slot is free."""
        with self._lock:
            return self._running() >= self._slots

    def state(self, key: Key) -> TaskState:
        with self._lock:
            return self._tasks[key].state if key in self._tasks else TaskState.UNKNOWN

    def result(self, key: Key) -> Result | None:
        """What a done task returned; None for any other."""
        with self._lock:
            return self._tasks[key].result if key in self._tasks else None

    def failure(self, key: Key) -> AtomicError | None:
        """Why the task failed the last time; None unless it waits for its next try."""
        with self._lock:
            return self._tasks[key].error if key in self._tasks else None

    def failures(self, key: Key) -> int:
        """How often the task has failed so far."""
        with self._lock:
            return self._tasks[key].failures if key in self._tasks else 0

    def renew(self, key: Key) -> None:
        """Lets a done task be started again: its result was lost."""
        with self._lock:
            if key in self._tasks and self._tasks[key].state is TaskState.DONE:
                del self._tasks[key]

    def forget(self, key: Key) -> None:
        """Drops a task that isn't running, with its result and its failures."""
        with self._lock:
            if key in self._tasks and self._tasks[key].state is not TaskState.RUNNING:
                del self._tasks[key]

    def keys(self) -> list[Key]:
        with self._lock:
            return list(self._tasks)

    def drain(self, timeout: float) -> bool:
        """Waits until nothing runs; False when that took longer than `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running() == 0, timeout)

    def _running(self) -> int:
        return sum(task.state is TaskState.RUNNING for task in self._tasks.values())

    def _run(self, key: Key, task: _Task[Result], work: Callable[[], Result]) -> None:
        result: Result | None = None
        error: AtomicError | None = AtomicError("The task's thread was ended")
        try:
            result = work()
            error = None
        except AtomicError as raised:
            error = raised
        except Exception as raised:  # a fault in one task must not go unseen, nor end the worker
            error = AtomicError(f"An unexpected fault: {type(raised).__name__}: {raised}"[:500])
            error.__cause__ = raised
        finally:
            with self._idle:
                _settle(task, result, error, self._clock(), self._pauses)
                self._idle.notify_all()
            self._on_end()


def _settle(task: "_Task[Any]", result: Any, error: AtomicError | None, now: float, pauses: Pauses) -> None:
    """Notes how a task ended."""
    task.result, task.error = result, error
    if error is None:
        task.state = TaskState.DONE
        return
    task.failures += 1
    task.state = TaskState.FAILED
    task.ready_at = now + pauses.after(task.failures)
