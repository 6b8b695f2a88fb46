"""Tiny models with a critical step, and a circuit that needs no EZKL: its verifier takes any proof that isn't zero.

`head`: features = sigmoid(x), scores = -features, the latter proven. `whole`: scores = x backwards, proven from x.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from atomic_verify.errors import AtomicError
from atomic_verify.models import InstalledModel
from atomic_verify.models.circuit import CircuitManifest, code_hash
from atomic_verify.models.critical.cutting import critical_part, model_bytes
from atomic_verify.models.derivation import derive_model
from atomic_verify.models.manifest import MANIFEST_NAME
from atomic_verify.protocol.quanta import Floats, quantise
from circuits.errors import CircuitStopped
from circuits.prover import CircuitProof
from tests.support.onnx_graphs import X, Y, make, node, signature
from tests.support.tiny_models import manifest_of, pin

SCALE, LIMIT, MARGIN = 14, 3 * 2**14, 32
RUNTIME = bytes.fromhex("60643515155f5260205ff3")
"""Whether the 32 bytes at the beginning of the proof are anything but zero."""
CREATION = bytes.fromhex("600b8060095f395ff3") + RUNTIME
PROOF_BYTES = 64
WEIGHTS = {"head": -np.eye(4), "whole": np.eye(4)[::-1]}
SETTINGS = {
    "input_scale": SCALE,
    "param_scale": SCALE,
    "scale_rebase_multiplier": 1,
    "rebase_scale": None,
    "rebase_frac_zero_constants": False,
    "input_visibility": "Public",
    "output_visibility": "Public",
    "param_visibility": "Fixed",
    "decomp_base": 1024,
    "decomp_legs": 3,
}
# Four times what quantising to 14 bits may do to a score, and more.
CLOSE = {"accept": {"atol": 1e-3, "rtol": 1e-3}, "slash": {"atol": 8e-3, "rtol": 8e-3}}
TENSOR = {"dtype": "float", "shape": [1, 4]}
FEATURES = {"accept": {"atol": 1e-5, "rtol": 2.4e-7}, "slash": {"atol": 8e-5, "rtol": 1.92e-6}}


def install_proven(folder: Path, kind: str, **critical: Any) -> InstalledModel:
    """A model of this kind, `head` or `whole`, in `folder`; `critical` changes its entry."""
    model, outputs, declared = _model(kind), Y, [TENSOR | {"name": "y"} | CLOSE]
    if kind == "head":
        outputs = signature(*((name, X.specs[0].dtype, (1, 4)) for name in ("f", "y")))
        declared.insert(0, TENSOR | {"name": "f"} | FEATURES)
    content = bytes(model.SerializeToString(deterministic=True))
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    text = manifest_of(content, folder.name) | {"outputs": declared}
    text["inputs"][0] |= {"low": -3.0, "high": 3.0}
    text["program"] = derive_model(content, X, outputs).program.model_dump()
    text["critical"] = _critical(folder, kind, model_bytes(critical_part(model, X, outputs))) | critical
    (folder / MANIFEST_NAME).write_text(json.dumps(text))
    return InstalledModel.open(folder)


def _model(kind: str) -> onnx.ModelProto:
    weights = {"w": WEIGHTS[kind].astype(np.float32)}
    if kind == "whole":
        return make([node("MatMul", ["x", "w"], ["y"])], weights=weights)
    nodes = [node("Sigmoid", ["x"], ["f"]), node("MatMul", ["f", "w"], ["y"])]
    return make(nodes, outputs=[(name, TensorProto.FLOAT, (1, 4)) for name in ("f", "y")], weights=weights)


def _critical(folder: Path, kind: str, network: bytes) -> dict[str, Any]:
    """Writes the circuit's files, and gives the manifest's entry."""
    files = {
        "network": ("network.onnx", network),
        "settings": ("settings.json", json.dumps({"run_args": SETTINGS}).encode()),
        "srs": ("srs", b"an SRS"),
        "verifier_source": ("verifier.sol", b"// none"),
        "verifier_code": ("verifier.bin", CREATION.hex().encode()),
    }
    pins = {name: pin(*file) for name, file in files.items()}
    circuit = CircuitManifest.model_validate(_circuit(pins, f"tiny-{kind}")).text().encode()
    for name, content in (*files.values(), ("circuit.json", circuit)):
        (folder / name).write_bytes(content)
    return {
        "kind": kind,
        "name": f"tiny-{kind}",
        "development": True,
        "circuit": hashlib.sha256(circuit).hexdigest(),
        "verification_key": "0c" * 32,
        "verifier_code": code_hash(RUNTIME),
        "input_scale": SCALE,
        "output_scale": SCALE,
        "limit": LIMIT,
        "certain_margin": MARGIN,
        "files": pins | {"circuit": pin("circuit.json", circuit)},
    }


def _circuit(pins: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": name,
        "network": pins["network"],
        "settings": pins["settings"],
        "srs": {"pin": pins["srs"], "k": 11, "kind": "development"},
        "ezkl": {"version": "23.0.5", "run_args": {}},
        "solc": {"version": "0.8.37", "settings": {}},
        "verification_key": "0c" * 32,
        "verifier": {
            "source": pins["verifier_source"],
            "creation": pins["verifier_code"],
            "code_hash": code_hash(RUNTIME),
            "runtime_bytes": len(RUNTIME),
        },
        "inputs": {"count": 4, "scale": SCALE, "limit": LIMIT},
        "outputs": {"count": 4, "scale": SCALE},
        "accuracy": {"items": 1, "max_difference": 0.0, "mean_difference": 0.0, "label_agreement": 1.0},
        "cost": {"prove_seconds": 0.01, "peak_mb": 1, "proof_bytes": PROOF_BYTES, "verify_gas": 1000},
    }


@dataclass
class PlayCircuits:
    """Circuits in place of EZKL's, for workers in this process. Several workers may share them.

    `errors` are raised by the next proofs, one each; as long as `gate` isn't set no proof ends.
    """

    errors: list[AtomicError] = field(default_factory=list)
    always: AtomicError | None = None
    gate: Event = field(default_factory=Event)
    is_bad: bool = False
    """Whether proofs are made that the verifier refuses."""
    read: list[bytes] = field(default_factory=list)
    """What was read for each proof that was asked for."""
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def open(self, model: InstalledModel) -> "PlayCircuit":
        critical = model.manifest.critical
        assert critical is not None
        return PlayCircuit(self, WEIGHTS[critical.kind])

    def next_error(self, features: Floats) -> AtomicError | None:
        with self._lock:
            self.read.append(features.tobytes())
            return self.always or (self.errors.pop(0) if self.errors else None)


@dataclass
class PlayCircuit:
    """One of them."""

    play: PlayCircuits
    weights: NDArray[np.float64]

    def ensure_keys(self) -> None:
        pass

    def prove(self, features: Floats, *, stop: Event | None = None) -> CircuitProof:
        error = self.play.next_error(features)
        while not self.play.gate.wait(0.01):
            if stop is not None and stop.is_set():
                raise CircuitStopped("The proof was called off")
        if error is not None:
            raise error
        taken = quantise(features.reshape(-1), SCALE, LIMIT)
        scores = np.rint(taken @ self.weights).astype(int)
        mark = hashlib.sha256(taken.tobytes()).digest()
        proof = (bytes(32) if self.play.is_bad else mark) + mark
        return CircuitProof(proof, tuple(int(one) for one in scores), 0.01, 2**20)


def code_hash_of_verifier() -> str:
    """What the verifier's intent is known by."""
    return code_hash(RUNTIME)
