"""Answers to the demands of lines: whole leaves of a trace, of one item of a result, or of one item of an input.

Life cycle: line. Whoever has the data can answer; the measured gas is paid by who demanded. A demand was checked by the
contract when it was made, so each run lies inside its tensor.
"""

from atomic_verify.canonical.evidence import Case
from atomic_verify.commitments import MISSING, Batch, TensorTree, UpperTree
from atomic_verify.protocol.types import Answer, Demand, Opening
from prover.watching.claiming import opened


def answer_from_trace(demand: Demand, case: Case) -> Answer:
    """Opens the demanded leaves of a trace that is known whole. Raises OpeningIndexError."""
    openings = tuple(opened(case.open_leaves(run.tensor, run.first, run.count)) for run in demand.runs)
    return Answer(openings, MISSING, ())


def answer_from_batch(demand: Demand, batch: Batch) -> Answer:
    """Opens the demanded leaves of one item of a result or an input. Raises OpeningIndexError."""
    parts = batch.signature.split(batch.item_payload(demand.item))
    trees = [TensorTree(spec, data) for spec, data in parts]
    item = UpperTree([tree.root for tree in trees])
    openings = []
    for run in demand.runs:
        leaves = trees[run.tensor].open_leaves(run.first, run.count)
        openings.append(Opening(leaves.data, leaves.proof, tuple(item.open(run.tensor))))
    return Answer(tuple(openings), item.root, tuple(batch.open_item(demand.item)))
