"""Which jobs a watcher looks at: a share of all, chosen by hash, so that a restart chooses the same.

Life cycle: challenge window. The seed is the watcher's own. It is no secret that must be kept, but watchers with
different seeds look at different jobs, and a worker can't tell beforehand which job nobody will look at.
"""

import hashlib

from atomic_verify.protocol.primitives import JobId

_SCALE = 2**64


def is_sampled(job: JobId, rate: float, seed: str) -> bool:
    """Whether the job belongs to the watched share; `rate` is 0 (none) to 1 (all)."""
    drawn = hashlib.sha256(seed.encode() + b"\x00" + job).digest()
    return int.from_bytes(drawn[:8], "big") < rate * _SCALE
