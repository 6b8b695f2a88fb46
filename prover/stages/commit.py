"""Commit: put the batch root of the published output, and the digest to fetch it by, on the chain.

Life cycle: commit.
"""

from atomic_verify.protocol.lifecycle import Act
from prover.stages.own import Own
from prover.tools import Tools
from prover.views import View

NAME = "commit"


def due(view: View, own: Own) -> bool:
    return own.output is not None and view.legal(Act.COMMIT) is not None


def act(view: View, own: Own, tools: Tools) -> None:
    """Commits. Raises what the sender raises."""
    if own.output is not None:
        call = tools.calls.commit(view.record.rfp, own.output.root, own.output.payload_digest)
        tools.submit(NAME, view, call, key=f"commit-{view.attempt}")
