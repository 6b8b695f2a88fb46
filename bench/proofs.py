"""Critical steps: accuracy of the circuits, what proving costs beside bare EZKL, gas of the verifiers.

Bare is what a user would write instead: one process that makes a witness, a proof, and verifies it by EZKL's own
calls. Ours does the same and more: keys checked by digest, limits, instances and form checked, the result parsed.
Accuracy is against onnxruntime on the calibration data, as circuit.json has it, measured anew.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from atomic_verify.models.build import build_model
from atomic_verify.models.circuit import read_circuit
from atomic_verify.models.critical.installed import KEYS_NAME
from bench.figures import Figure
from bench.pairs import ratio
from circuits.keys import CircuitFiles
from circuits.material import Material, material_of
from circuits.measure import measure_accuracy
from circuits.prover import Circuit
from circuits.runner import ProverLimits

MODELS = {"magika-hybrid": 1_400_000.0, "penguins": 800_000.0}
"""Goals for the gas of a call of the verifier."""
GOAL = 1.05
PAIRS = 5
BARE = """
import json, os, sys
import ezkl
at = json.loads(sys.argv[1])
ezkl.gen_witness(at["data"], at["compiled"], at["witness"])
ezkl.prove(at["witness"], at["compiled"], at["pk"], at["proof"], at["srs"])
assert ezkl.verify(at["proof"], at["settings"], at["vk"], at["srs"])
os._exit(0)
"""


def measure(root: Path) -> Iterator[Figure]:
    """Every figure about the circuits of this repository."""
    for name, goal in MODELS.items():
        model = build_model(root / "models" / name, root / "build" / "models")
        manifest, _ = read_circuit(model.directory)
        material = material_of(f"models/{name}", root)
        circuit = Circuit.open(model)
        circuit.ensure_keys()
        yield from _accuracy(model.directory, material)
        ours, bare = _times(circuit, model.directory, material)
        # Starting Python and loading EZKL is most of a small proof, ours and bare.
        yield Figure("proofs", f"{manifest.name}: proving / bare EZKL", ours, "ratio", GOAL)
        yield Figure("proofs", f"{manifest.name}: bare EZKL", bare, "s")
        yield Figure("proofs", f"{manifest.name}: memory of a proof", manifest.cost.peak_mb, "MB")
        yield Figure("proofs", f"{manifest.name}: proof", manifest.cost.proof_bytes, "bytes")
        yield Figure("proofs", f"{manifest.name}: gas of the verifier", manifest.cost.verify_gas, "gas", goal)


def _accuracy(folder: Path, material: Material) -> Iterator[Figure]:
    manifest, _ = read_circuit(folder)
    files = CircuitFiles(*(folder / pin.file for pin in (manifest.network, manifest.settings, manifest.srs.pin)))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        (scratch / "network.compiled").symlink_to((folder / KEYS_NAME / "network.compiled").resolve())
        found = measure_accuracy(
            manifest.inputs, manifest.outputs, material.calibration, files, scratch, ProverLimits()
        )
    of = f"{manifest.name}: scores on {found.items} items,"
    yield Figure("proofs", f"{of} largest difference", found.max_difference, "score")
    yield Figure("proofs", f"{of} mean difference", found.mean_difference, "score")
    yield Figure("proofs", f"{of} same decision", found.label_agreement, "share", 1.0, "more")


def _times(circuit: Circuit, folder: Path, material: Material) -> tuple[float, float]:
    """Median of ours / bare, and of bare in seconds."""
    row, keys = material.calibration[0], folder / KEYS_NAME
    manifest = circuit.manifest
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        (scratch / "data").write_text(json.dumps({"input_data": [row.astype(float).tolist()]}))
        places = {
            "compiled": keys / "network.compiled",
            "pk": keys / "pk.key",
            "vk": keys / "vk.key",
            "settings": folder / manifest.settings.file,
            "srs": folder / manifest.srs.pin.file,
        } | {one: scratch / one for one in ("data", "witness", "proof")}
        command = [sys.executable, "-c", BARE, json.dumps({key: str(path) for key, path in places.items()})]

        def bare() -> None:
            subprocess.run(command, check=True, capture_output=True)

        return ratio(lambda: circuit.prove(row), bare, pairs=PAIRS)
