"""The files of a circuit that no EZKL ever made: true of a network in all that can be checked without it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from atomic_verify.models.circuit import CircuitManifest
from tests.support.tiny_models import pin

SCALE, LIMIT = 12, 2**16
RUN_ARGS = {
    "input_scale": SCALE, "param_scale": SCALE, "scale_rebase_multiplier": 1, "rebase_scale": None,
    "rebase_frac_zero_constants": False, "input_visibility": "Public", "output_visibility": "Public",
    "param_visibility": "Fixed",
    "decomp_base": 1024, "decomp_legs": 3,
}  # fmt: skip


def write_circuit(folder: Path, network: bytes, inputs: int, outputs: int, limit: int = LIMIT) -> CircuitManifest:
    """Writes circuit.json and all that it pins into a folder."""
    files = {
        "network.onnx": network,
        "settings.json": json.dumps({"run_args": RUN_ARGS}).encode(),
        "srs": b"no SRS",
        "verifier.sol": b"// no contract",
        "verifier.bin": b"00",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    pins = {name: pin(name, content) for name, content in files.items()}
    text: dict[str, Any] = {
        "schema_version": 1,
        "name": "tiny",
        "network": pins["network.onnx"],
        "settings": pins["settings.json"],
        "srs": {"pin": pins["srs"], "k": 11, "kind": "development"},
        "ezkl": {"version": "23.0.5", "run_args": {}},
        "solc": {"version": "0.8.37", "settings": {}},
        "verification_key": hashlib.sha256(b"key").hexdigest(),
        "verifier": {
            "source": pins["verifier.sol"],
            "creation": pins["verifier.bin"],
            "code_hash": hashlib.sha256(b"code").hexdigest(),
            "runtime_bytes": 1,
        },
        "inputs": {"count": inputs, "scale": SCALE, "limit": limit},
        "outputs": {"count": outputs, "scale": SCALE},
        "accuracy": {"items": 1, "max_difference": 0.0, "mean_difference": 0.0, "label_agreement": 1.0},
        "cost": {"prove_seconds": 0.1, "peak_mb": 1, "proof_bytes": 1, "verify_gas": 1},
    }
    circuit = CircuitManifest.model_validate(text)
    (folder / "circuit.json").write_text(circuit.text())
    return circuit
