"""The demo's daemons: each in a process group and a log file of its own, and none of them outlives the demo.

A daemon dies with the demo in every way: it is stopped at the end and on failure, and if the demo itself is killed,
Linux kills the daemon (see `die_with_parent`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from atomic_verify.chain.anvil import die_with_parent
from atomic_verify.cli.errors import DemoFailed

STOP_SECONDS: Final = 8.0
TAIL_LINES: Final = 15
TAIL_BYTES: Final = 16_384


@dataclass(slots=True)
class Fleet:
    """The demo's daemons by name; `logs` is the folder of their logs."""

    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _groups: set[int] = field(default_factory=set)
    """Every process group that was ever started."""

    def start(self, name: str, arguments: Sequence[str], module: str = "atomic_verify.cli") -> None:
        """Starts `atomic ARGUMENTS`, or another module. Only from the main thread: on Linux the daemon dies with its
        caller's thread.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.upper().startswith("ATOMIC_")}
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  # only a system call happens there
            )
        self._running[name] = process
        self._groups.add(process.pid)

    def kill(self, name: str) -> None:
        """Ends a daemon with all its children at once, as a power cut would."""
        process = self._running.pop(name)
        _signal(process.pid, signal.SIGKILL)
        process.wait()

    def require_alive(self) -> None:
        """Raises DemoFailed when a daemon has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DemoFailed(f"{name} ended by itself with code {process.returncode}.")

    def stop(self) -> None:
        """Ends all daemons: politely, and after some seconds by force."""
        for process in self._running.values():
            _signal(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for group in self._groups:
            _signal(group, signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def leftovers(self) -> list[str]:
        """What still runs of all that this process and its daemons have started."""
        children = psutil.Process().children(recursive=True)
        children += [one for one in psutil.process_iter() if _group_of(one.pid) in self._groups]
        return [words for words in map(_described, children) if words is not None]

    def tails(self) -> dict[str, list[str]]:
        """The last lines of each daemon's log, by name."""
        return {path.stem: _tail(path) for path in sorted(self.logs.glob("*.log"))}


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _described(process: psutil.Process) -> str | None:
    """A process for a message; None when it is gone or nothing but an entry that nobody has waited for."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return None


def _tail(path: Path) -> list[str]:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return log.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
