"""One request to EZKL in a process of its own, with limits; whatever happens there becomes a coded error here.

Life cycle: build, prove, verify. EZKL holds Python's lock while it proves, hangs for good on keys that aren't the
circuit's, panics, and aborts when memory runs out. None of that may happen to a worker, so each request has a child
that is killed when its time is up, when it is called off, and when its owner dies.
"""

import importlib.metadata
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from circuits.child import REPLY, REQUEST
from circuits.errors import (
    CircuitCrashed,
    CircuitFailed,
    CircuitOutOfMemory,
    CircuitRange,
    CircuitStopped,
    CircuitTimeout,
    EzklMissing,
    EzklWrongVersion,
)

CHILD = "circuits.child"
MAX_REPLY_BYTES = 64 * 2**20
TAIL_BYTES = 2000
PAUSE = 0.05
OUT_OF_MEMORY = ("memory allocation of", "Cannot allocate memory", "Resource temporarily unavailable")
OUT_OF_RANGE = "is too large to be represented"
"""EZKL writes this to its log alone, and fails with less."""
INSTALL = 'pip install "atomic-verify[zk]"'


@dataclass(frozen=True, slots=True)
class ProverLimits:
    """What a request to EZKL may use. Times in seconds, of the wall clock; memory in bytes; 0 threads is one per core.

    Twice the 60 s that a circuit of this project may take, and 8 GB: workers promise their deadlines by these.
    """

    prove_seconds: float = 120.0
    setup_seconds: float = 300.0
    memory: int = 8 * 10**9
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request gave. `seconds` of the child's own work, `peak_bytes` of its memory."""

    result: Mapping[str, Any]
    seconds: float
    peak_bytes: int


def is_available() -> bool:
    """Whether EZKL is installed. Doesn't import it."""
    return importlib.util.find_spec("ezkl") is not None


def require_ezkl(version: str | None = None) -> str:
    """The installed version. Raises EzklMissing, and EzklWrongVersion if it isn't `version`."""
    if not is_available():
        raise EzklMissing("Proofs need EZKL, which isn't installed", hint=INSTALL)
    found = importlib.metadata.version("ezkl")
    if version is not None and found != version:
        raise EzklWrongVersion(
            f"The circuit was built with EZKL {version}, but {found} is installed",
            hint=f"pip install ezkl=={version}",
            wanted=version,
            found=found,
        )
    return found


def ask(
    act: str,
    arguments: Mapping[str, Any],
    limits: ProverLimits,
    *,
    seconds: float | None = None,
    stop: Event | None = None,
    child: str = CHILD,
) -> Reply:
    """Have a child do one of its acts. `seconds` defaults to the time for a proof.

    Raises CircuitTimeout, CircuitOutOfMemory, CircuitCrashed, CircuitStopped, CircuitRange, and CircuitFailed for
    EZKL's own errors.
    """
    allowed = limits.prove_seconds if seconds is None else seconds
    with tempfile.TemporaryDirectory(prefix="atomic-circuit-") as name:
        folder = Path(name)
        request = {"act": act, "arguments": arguments, "owner": os.getpid(), "memory": limits.memory}
        (folder / REQUEST).write_text(json.dumps(request))
        with (folder / "output").open("w+b") as output:
            code = _wait(_started(child, folder, output, limits), act, allowed, stop)
            reply = _reply(folder)
            output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL_BYTES))
            said = output.read().decode(errors="replace")
    if reply is None:
        raise _death(act, code, said, limits)
    return _opened(act, reply, said, limits)


def _started(child: str, folder: Path, output: BinaryIO, limits: ProverLimits) -> subprocess.Popen[bytes]:
    # What settings may say, such as a database's password, is none of its business.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATOMIC_")}
    environment = kept | {
        "EZKL_REPO_PATH": str(folder / "ezkl"),
        "RUST_LOG": "error",
        "RUST_BACKTRACE": "0",
        **({"RAYON_NUM_THREADS": str(limits.threads)} if limits.threads else {}),
    }
    # A session of its own: Ctrl-C in a terminal is for the owner, who then ends the child.
    return subprocess.Popen(
        [sys.executable, "-m", child, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )


def _wait(process: subprocess.Popen[bytes], act: str, allowed: float, stop: Event | None) -> int:
    """The child's exit code. It never outlives this call."""
    deadline = time.monotonic() + allowed
    ended = select.poll()
    descriptor = os.pidfd_open(process.pid)
    ended.register(descriptor, select.POLLIN)
    try:
        while True:
            # Woken when it ends; looked after meanwhile.
            if ended.poll(1000 * PAUSE):
                return process.wait()
            if stop is not None and stop.is_set():
                raise CircuitStopped("The proof was called off", act=act)
            if time.monotonic() > deadline:
                raise CircuitTimeout(
                    f"EZKL didn't end within {allowed:g} s",
                    hint="Give it more time or more cores; with wrong keys it would hang forever",
                    act=act,
                    seconds=allowed,
                )
    finally:
        os.close(descriptor)
        if process.poll() is None:
            process.kill()
            process.wait()


def _reply(folder: Path) -> Any:
    path = folder / REPLY
    if not path.exists() or path.stat().st_size > MAX_REPLY_BYTES:
        return None
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None


def _death(act: str, code: int, tail: str, limits: ProverLimits) -> CircuitFailed:
    """Why there is no reply."""
    if code == -signal.SIGKILL or any(words in tail for words in OUT_OF_MEMORY):
        return _out_of_memory(act, limits)
    return CircuitCrashed(
        "EZKL's process died" if code else "EZKL's process gave no answer", act=act, exit_code=code, output=tail
    )


def _out_of_memory(act: str, limits: ProverLimits) -> CircuitOutOfMemory:
    return CircuitOutOfMemory(
        "EZKL ran out of memory",
        hint="circuit.json tells what a proof takes (cost.peak_mb); allow that much, and have it free",
        act=act,
        memory=limits.memory,
    )


def _opened(act: str, reply: Any, said: str, limits: ProverLimits) -> Reply:
    match reply:
        case {"result": dict(result), "seconds": float(seconds), "peak_bytes": int(peak)}:
            return Reply(result, seconds, peak)
        case {"error": {"kind": str(kind), "reason": str(reason)}}:
            if kind == "MemoryError" or any(words in reason for words in OUT_OF_MEMORY):
                raise _out_of_memory(act, limits)
            if OUT_OF_RANGE in said:
                raise CircuitRange("A value is too large for the circuit", act=act, reason=said.strip()[-300:])
            if kind in ("RuntimeError", "ValueError"):
                raise CircuitFailed(f"EZKL failed: {reason[:300]}", act=act, reason=reason)
            raise CircuitCrashed(f"EZKL panicked: {reason[:300]}", act=act, kind=kind, reason=reason)
        case _:
            raise CircuitCrashed("EZKL's process answered what it wasn't asked", act=act)
