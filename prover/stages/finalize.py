"""Finalize: end the worker's own jobs after their window, which pays it.

Life cycle: finalize.
"""

from atomic_verify.protocol.lifecycle import Act
from prover.belongings import Own
from prover.tools import Tools
from prover.views import View

NAME = "finalize"


def due(view: View, own: Own) -> bool:
    return view.is_mine and view.legal(Act.FINALIZE) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Finalizes. Raises what the sender raises."""
    tools.submit(NAME, view, tools.calls.finalize(view.record.rfp))
