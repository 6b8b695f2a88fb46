"""What a circuit is built from, made by the build script of the model whose critical step it proves.

Life cycle: build, check. The script is called with a folder, where it writes network.onnx beside the model, and with
`--calibration FILE.npy`, where it writes real inputs of that network.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from atomic_verify.models.build import SCRIPT_NAME, run_script
from atomic_verify.models.errors import ModelBuildFailed
from atomic_verify.protocol.quanta import Floats

ROOT: Final = Path(__file__).resolve().parent.parent
NETWORK = "network.onnx"


@dataclass(frozen=True, slots=True)
class Material:
    """The network's ONNX bytes and real inputs of it, float32[items, inputs]."""

    network: bytes
    calibration: Floats


def material_of(source: str, root: Path = ROOT) -> Material:
    """Run the script of a model's source folder. Raises ModelBuildFailed."""
    script = root / source / SCRIPT_NAME
    with tempfile.TemporaryDirectory(prefix="atomic-material-") as name:
        folder = Path(name)
        rows = folder / "calibration.npy"
        run_script(script, [str(folder), "--calibration", str(rows)])
        try:
            return Material((folder / NETWORK).read_bytes(), np.load(rows, allow_pickle=False).astype(np.float32))
        except (OSError, ValueError, EOFError) as error:
            raise ModelBuildFailed(
                f"{script} made no {NETWORK}, or no calibration data of numbers",
                hint="a circuit is made of the network that this script writes, and of the data",
                reason=str(error)[:300],
            ) from error
