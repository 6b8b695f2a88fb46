"""Building a circuit: from a network and real data to the pinned artefacts in the circuit's folder.

Life cycle: once, before the model with this critical step is published. Settings come of a calibration that isn't
the same twice, and a development SRS of a new secret; so both are artefacts: where they are pinned already they are
taken as they are, and the same verification key and verifier code follow.
"""

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from atomic_verify.models.circuit import (
    CIRCUIT_NAME,
    CircuitInputs,
    CircuitManifest,
    CircuitMismatch,
    CircuitOutputs,
    EzklEntry,
    SolcEntry,
    SrsEntry,
    VerifierEntry,
    code_hash,
    read_circuit,
)
from atomic_verify.models.errors import ModelError
from atomic_verify.models.parts import FilePin
from atomic_verify.models.pinned import read_pinned
from circuits.errors import SrsMismatch
from circuits.keys import CircuitFiles, Progress, sha256_of, silent
from circuits.make import Made, make
from circuits.material import NETWORK, Material
from circuits.measure import counted, measure_accuracy, measure_cost, require_extremes
from circuits.recipe import Recipe
from circuits.runner import ProverLimits, ask, require_ezkl
from circuits.solidity import compiler_settings, compiler_version
from circuits.srs import CeremonyFile, development_srs, read_ceremony

SrsKind: TypeAlias = Literal["development", "ceremony"]
SETTINGS, SRS, SOURCE, CREATION = "settings.json", "srs", "verifier.sol", "verifier.bin"
DEFAULT_LIMITS: Final = ProverLimits()
MAX_CALIBRATION = 64
"""Items that EZKL calibrates on; accuracy is measured on all."""


@dataclass(frozen=True, slots=True)
class Built:
    """The circuit, and whether the one that was pinned already still holds: then nothing was written."""

    manifest: CircuitManifest
    unchanged: bool


def build(
    folder: Path,
    material: Material,
    *,
    ceremony: CeremonyFile | None = None,
    recalibrate: bool = False,
    limits: ProverLimits = DEFAULT_LIMITS,
    progress: Progress = silent,
) -> Built:
    """Build the circuit of the recipe in `folder`, and write its artefacts there.

    What is pinned there and damaged is refused, not made anew. Raises EzklMissing, SolcMissing, SrsMismatch,
    CircuitRange, CircuitInvalid, CircuitMismatch, and what `runner.ask` raises.
    """
    work = _Work(folder, Recipe.load(folder), material, require_ezkl(), limits, progress)
    with tempfile.TemporaryDirectory(prefix="atomic-build-") as name:
        scratch = Path(name)
        files = CircuitFiles(scratch / NETWORK, scratch / SETTINGS, scratch / SRS)
        files.network.write_bytes(material.network)
        pinned = None if recalibrate else work.pinned()
        settings = work.settings(files, scratch, pinned)
        k = int(settings["run_args"]["logrows"])
        progress(f"SRS for k = {k}")
        kind = work.srs(files, scratch, k, ceremony)
        progress("Keys and verifier")
        solc = SolcEntry(version=compiler_version(), settings=compiler_settings(work.recipe.optimizer_runs))
        made = make(files, scratch, limits, dict(solc.settings))
        manifest = work.manifest(files, scratch, settings, made, solc, SrsEntry(pin=pin_of(files.srs), k=k, kind=kind))
        if pinned is not None and _same(pinned, manifest):
            return Built(pinned, unchanged=True)
        _write(folder, manifest, files, scratch)
    return Built(manifest, unchanged=False)


@dataclass(frozen=True, slots=True)
class _Work:
    """What stays the same over a build's steps."""

    folder: Path
    recipe: Recipe
    material: Material
    version: str
    limits: ProverLimits
    progress: Progress

    def pinned(self) -> CircuitManifest | None:
        """The circuit that is pinned in the folder, if its settings are of this network, recipe and EZKL."""
        found = self._there()
        if found is None:
            return None
        same = (
            found.network.sha256 == hashlib.sha256(self.material.network).hexdigest()
            and dict(found.ezkl.run_args) == self.recipe.run_args()
            and found.ezkl.version == self.version
        )
        return found if same else None

    def settings(self, files: CircuitFiles, scratch: Path, pinned: CircuitManifest | None) -> Any:
        """Put the settings into `files.settings`, and give them."""
        if pinned is not None:
            self.progress("Settings as they are pinned")
            files.settings.write_bytes(self._file(pinned.settings))
        else:
            self.progress("Settings, calibrated on real data")
            rows = self.material.calibration[:MAX_CALIBRATION]
            (scratch / "data").write_text(json.dumps({"input_data": [rows.reshape(-1).tolist()]}))
            arguments = {
                "network": str(files.network),
                "settings": str(files.settings),
                "data": str(scratch / "data"),
                "run_args": self.recipe.run_args(),
            }
            ask("settings", arguments, self.limits, seconds=self.limits.setup_seconds)
        return json.loads(files.settings.read_bytes())

    def srs(self, files: CircuitFiles, scratch: Path, k: int, ceremony: CeremonyFile | None) -> SrsKind:
        """Put the SRS into `files.srs`: the ceremony's, or the pinned one of this size, or a new one."""
        found = self._there()
        if ceremony is not None:
            files.srs.write_bytes(read_ceremony(ceremony, k))
            if found is not None and found.is_development and pin_of(files.srs).sha256 == found.srs.pin.sha256:
                raise SrsMismatch(
                    "This is the circuit's development SRS, not a ceremony's", hint="Take the file of a public ceremony"
                )
            return "ceremony"
        if found is not None and found.srs.k == k:
            files.srs.write_bytes(self._file(found.srs.pin))
            return found.srs.kind
        if found is not None and not found.is_development:
            raise SrsMismatch(
                f"The circuit needs k = {k} now; the ceremony's SRS that is pinned has {found.srs.k}",
                hint="Give the ceremony's file for this k, with --srs and --srs-sha256",
            )
        files.srs.write_bytes(development_srs(k, scratch, self.limits))
        return "development"

    def _there(self) -> CircuitManifest | None:
        """The circuit.json of the folder, if there is one. Raises CircuitInvalid."""
        return read_circuit(self.folder)[0] if (self.folder / CIRCUIT_NAME).exists() else None

    def _file(self, pin: FilePin) -> bytes:
        """A file that circuit.json pins. Raises CircuitMismatch: another in its place would be another model."""
        try:
            return read_pinned(self.folder, pin)
        except ModelError as error:
            raise CircuitMismatch(
                f"{self.folder / pin.file} isn't what circuit.json pins",
                hint=f"Restore it, or remove {CIRCUIT_NAME} to build the circuit anew",
                file=pin.file,
            ) from error

    def manifest(
        self, files: CircuitFiles, scratch: Path, settings: Any, made: Made, solc: SolcEntry, srs: SrsEntry
    ) -> CircuitManifest:
        """Everything that follows, measured."""
        read, given = counted(settings["model_instance_shapes"])
        inputs = CircuitInputs(count=read, scale=int(settings["model_input_scales"][0]), limit=self.recipe.limit)
        outputs = CircuitOutputs(count=given, scale=int(settings["model_output_scales"][0]))
        rows = self.material.calibration
        self.progress("Inputs at their limits")
        require_extremes(inputs, files, scratch, self.limits)
        self.progress(f"Accuracy on {len(rows)} items")
        accuracy = measure_accuracy(inputs, outputs, rows, files, scratch, self.limits)
        self.progress("Cost of a proof")
        cost = measure_cost(inputs, rows[0], files, scratch, self.limits, made.verifier)
        (scratch / SOURCE).write_text(made.source)
        (scratch / CREATION).write_text(made.verifier.creation.hex() + "\n")
        return CircuitManifest(
            schema_version=1,
            name=self.recipe.name,
            network=pin_of(files.network),
            settings=pin_of(files.settings),
            srs=srs,
            ezkl=EzklEntry(version=self.version, run_args=self.recipe.run_args()),
            solc=solc,
            verification_key=made.verification_key,
            verifier=VerifierEntry(
                source=pin_of(scratch / SOURCE),
                creation=pin_of(scratch / CREATION),
                code_hash=code_hash(made.verifier.runtime),
                runtime_bytes=len(made.verifier.runtime),
            ),
            inputs=inputs,
            outputs=outputs,
            accuracy=accuracy,
            cost=cost,
        )


def pin_of(path: Path) -> FilePin:
    """A file by name, size and digest."""
    return FilePin(file=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _same(pinned: CircuitManifest, made: CircuitManifest) -> bool:
    """Whether two manifests differ in nothing but what was measured."""
    return pinned == made.model_copy(update={"accuracy": pinned.accuracy, "cost": pinned.cost})


def _write(folder: Path, manifest: CircuitManifest, files: CircuitFiles, scratch: Path) -> None:
    """Put the artefacts into the folder, circuit.json last. The network isn't one: the model's script makes it."""
    staged = folder / ".new"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    for path in (files.settings, files.srs, scratch / SOURCE, scratch / CREATION):
        shutil.copyfile(path, staged / path.name)
    (staged / CIRCUIT_NAME).write_text(manifest.text())
    # A disk that is full was found out before the first of these.
    for name in (files.settings.name, files.srs.name, SOURCE, CREATION, CIRCUIT_NAME):
        (staged / name).replace(folder / name)
    staged.rmdir()
