"""One module for each step of a job's life, in its order.

Each has `due`, a pure decision from the view of the job and what the worker has of it, and `act`, a thin shell that
does it. A look at a job does what is due first of what is listed here; nothing is remembered in between.
"""

from typing import Protocol

from prover.belongings import Own
from prover.stages import award, bid, commit, execute, fetch, finalize, prove, reassign, release, reveal, verifier
from prover.tools import Tools
from prover.views import View


class Stage(Protocol):
    """What each module of this package offers."""

    NAME: str

    def due(self, view: View, own: Own) -> bool:
        """Whether the stage has something to do."""
        ...

    def act(self, view: View, own: Own, tools: Tools) -> None:
        """Does it, or starts it. Raises AtomicError."""
        ...


STAGES: tuple[Stage, ...] = (
    fetch,
    bid,
    reveal,
    award,
    execute,
    prove,
    verifier,
    commit,
    reassign,
    finalize,
    release,
)

__all__ = ["STAGES", "Own", "Stage"]
