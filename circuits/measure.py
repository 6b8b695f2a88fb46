"""What is measured of a circuit when it is built: its extremes, its accuracy against onnxruntime, what a proof costs.

Life cycle: build. Differences are in the scores' own unit.
"""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atomic_verify.execution.runtime import load_runtime
from atomic_verify.models.circuit import AccuracyEntry, CircuitInputs, CircuitOutputs, CostEntry
from atomic_verify.protocol.quanta import MAX_WHOLE, Floats, from_field, quantise
from circuits.errors import CircuitFailed, CircuitRange, ProofInvalid
from circuits.keys import CircuitFiles
from circuits.make import places
from circuits.runner import ProverLimits, ask
from circuits.solidity import Verifier, gas_of_verification

ALL_CORNERS = 6
"""Up to so many inputs every corner of their range is tried; of more inputs, as many corners drawn at random."""

Quanta = NDArray[np.int64]


def circuit_outputs(
    taken: Quanta, scale: int, files: CircuitFiles, folder: Path, limits: ProverLimits
) -> NDArray[np.int64]:
    """Scores in quanta, [items, outputs], for inputs in quanta, [items, inputs]. Raises CircuitRange."""
    arguments = places(files, folder) | {"items": (taken / 2**scale).tolist()}
    reply = ask("outputs", arguments, limits, seconds=limits.setup_seconds)
    found = np.array([[from_field(int(one, 16)) for one in row] for row in reply.result["outputs"]])
    if np.abs(found).max() >= MAX_WHOLE:
        raise CircuitRange("A score has too many quanta for a float32", hint="Use a smaller scale", limit=MAX_WHOLE)
    return found.astype(np.int64)


def require_extremes(inputs: CircuitInputs, files: CircuitFiles, folder: Path, limits: ProverLimits) -> None:
    """Refuse a circuit that can't take its inputs at their limits. Raises CircuitRange."""
    circuit_outputs(corners(inputs), inputs.scale, files, folder, limits)


def corners(inputs: CircuitInputs) -> Quanta:
    """Inputs at their limits, [items, inputs], and all zeros."""
    if inputs.count <= ALL_CORNERS:
        signs = np.array(list(itertools.product((-1, 1), repeat=inputs.count)))
    else:
        drawn = np.random.default_rng(inputs.count).choice((-1, 1), (2**ALL_CORNERS - 2, inputs.count))
        signs = np.concatenate([np.ones((1, inputs.count)), -np.ones((1, inputs.count)), drawn])
    return np.concatenate([np.zeros((1, inputs.count)), signs * inputs.limit]).astype(np.int64)


def measure_accuracy(
    inputs: CircuitInputs,
    outputs: CircuitOutputs,
    rows: Floats,
    files: CircuitFiles,
    folder: Path,
    limits: ProverLimits,
) -> AccuracyEntry:
    """Compare the circuit with onnxruntime on real inputs, float32[items, inputs]."""
    quanta = circuit_outputs(quantise(rows, inputs.scale, inputs.limit), inputs.scale, files, folder, limits)
    wanted = _run(files.network, rows)
    difference = np.abs(np.ldexp(quanta.astype(np.float64), -outputs.scale) - wanted)
    return AccuracyEntry(
        items=len(rows),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        label_agreement=float((quanta.argmax(1) == wanted.argmax(1)).mean()),
    )


def _run(network: Path, rows: Floats) -> NDArray[np.float64]:
    session = load_runtime().InferenceSession(network.read_bytes(), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    return np.array([session.run(None, {entry.name: row.reshape(entry.shape)})[0].reshape(-1) for row in rows], float)


def measure_cost(
    inputs: CircuitInputs,
    row: Floats,
    files: CircuitFiles,
    folder: Path,
    limits: ProverLimits,
    verifier: Verifier,
) -> CostEntry:
    """Prove one item and have the verifier check it on a chain of its own."""
    values = quantise(row, inputs.scale, inputs.limit) / 2**inputs.scale
    (folder / "data").write_text(json.dumps({"input_data": [values.tolist()]}))
    reply = ask("prove", places(files, folder), limits)
    if reply.result["holds"] is not True:
        raise ProofInvalid("EZKL made a proof that doesn't hold")
    proof, instances = bytes.fromhex(reply.result["proof"]), [int(one, 16) for one in reply.result["instances"]]
    return CostEntry(
        prove_seconds=round(reply.seconds, 2),
        peak_mb=-(-reply.peak_bytes // 10**6),
        proof_bytes=len(proof),
        verify_gas=gas_of_verification(verifier, proof, instances),
    )


def counted(shapes: Sequence[Sequence[int]]) -> tuple[int, int]:
    """How many inputs and outputs the settings' instance shapes make. Raises CircuitFailed for any but one of each."""
    if len(shapes) != 2:
        raise CircuitFailed("A critical step has one input tensor and one output tensor", shapes=list(shapes))
    read, given = (int(np.prod(shape)) for shape in shapes)
    return read, given
