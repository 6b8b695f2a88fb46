"""The critical step of an installed model: what its circuit is, and its files, digest-checked whenever they are read.

Used by whoever proves or checks a proof. The files lie beside the model's others; keys that are derived from them go
into `.circuit/` there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atomic_verify.models.parts import CriticalEntry, FilePin
from atomic_verify.models.pinned import read_pinned
from atomic_verify.protocol.model_types import CriticalStep

FileOfCircuit = Literal["network", "circuit", "settings", "srs", "verifier_source", "verifier_code"]
KEYS_NAME = ".circuit"
"""Beside a model's files: where keys are kept that are derived on first use."""


@dataclass(frozen=True, slots=True)
class InstalledCritical:
    """A model's critical step whose files are in a folder."""

    entry: CriticalEntry
    step: CriticalStep
    """As the chain has it."""
    directory: Path

    def pin(self, which: FileOfCircuit) -> FilePin:
        """One of the circuit's files by what it is."""
        pin: FilePin = getattr(self.entry.files, which)
        return pin

    def path(self, which: FileOfCircuit) -> Path:
        """Where the file lies; whoever opens it by path has its digest checked by `read` first."""
        return self.directory / self.pin(which).file

    def read(self, which: FileOfCircuit) -> bytes:
        """The file's bytes. Raises ModelFileMissing, ModelDigestMismatch."""
        return read_pinned(self.directory, self.pin(which))
