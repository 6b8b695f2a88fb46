"""Putting a circuit's files beside the model that it proves a part of.

Used by the build scripts of models with a critical step: the circuit's files are pinned artefacts of the repository,
all but its network, which the script makes itself.
"""

import shutil
from pathlib import Path

from atomic_verify.models.circuit import CIRCUIT_NAME, read_circuit


def copy_circuit(folder: Path, out: Path) -> None:
    """Copies all files of the circuit in `folder` but its network; does nothing while there is no circuit yet.

    Raises CircuitInvalid, OSError.
    """
    if not (folder / CIRCUIT_NAME).exists():
        return
    circuit, _ = read_circuit(folder)
    names = {pin.file for pin in circuit.files} - {circuit.network.file}
    for name in (CIRCUIT_NAME, *sorted(names)):
        shutil.copyfile(folder / name, out / name)
