"""The walls around a sandboxed process, put up by the process itself before it sees a stranger's model.

*Wall*: something the kernel then refuses, for good. Limits on memory, file sizes and open files, no new privileges and
no core dumps are always there. Network (an empty network namespace) and files (Landlock with no rule at all: nothing
can be opened any more) depend on the kernel; which of them stand is reported and recorded, never assumed.
"""

import ctypes
import os
import re
import resource
import struct
from dataclasses import asdict, dataclass

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x1000_0000, 0x4000_0000
# The same numbers on every architecture that Linux supports today.
SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many file rights (the lowest bits) each version of Landlock knows; 16 from version 5 on."""

NPROC_PER_NAMESPACE = (5, 14)
"""From this kernel on processes are counted per user namespace; before, the limit would count all of the user's.
Root has no such limit: run workers as another user."""

STDERR_BYTES = 64 * 1024
OPEN_FILES = 64
OTHER_THREADS = 16
"""Beside a model's own: the main one, the watchdog, and what libraries start."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What a sandboxed process may use. `seconds` and `cpu_seconds` are per job; loading the model counts as one.

    `memory` is the address space in bytes, so it includes what is only reserved: libraries, stacks, arenas. About
    0.3 GB of it are taken before a model is loaded. `threads` of 0 is one per core.
    """

    memory: int = 4 * 2**30
    seconds: float = 120.0
    cpu_seconds: int = 240
    threads: int = 1
    output_bytes: int = 2**30

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def raise_first_walls(limits: SandboxLimits) -> bool:
    """Before anything is imported that starts threads. Returns whether the network is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, STDERR_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(kind, (most, most))
    alone = bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
    if alone and _kernel_version() >= NPROC_PER_NAMESPACE:
        most = (limits.threads or os.cpu_count() or 1) + OTHER_THREADS
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    return alone


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def close_files() -> bool:
    """After everything is imported: refuse to open any file from now on. Returns whether Landlock could be set up."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    if version < 1:
        return False
    rights = struct.pack("<Q", (1 << LANDLOCK_RIGHTS.get(version, 16)) - 1)
    rules = libc.syscall(SYS_LANDLOCK_CREATE_RULESET, rights, len(rights), 0)
    if rules < 0:
        return False
    try:
        return bool(libc.syscall(SYS_LANDLOCK_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def allow_cpu_seconds(seconds: int) -> None:
    """Let the process use `seconds` more of CPU time before the kernel ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds + 1, hard))
