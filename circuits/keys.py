"""The keys of a circuit: derived where they are first needed, kept in a folder, and checked by digest before each use.

Life cycle: before the first proof. *Keys* are the compiled network, the proving key (hundreds of megabytes) and the
verification key, whose digest is pinned. They follow from network, settings and SRS alone, so nothing of them is
distributed. EZKL hangs for good on a wrong proving key, hence the digests. A key folder is made whole or not at all: a
kill -9 in the middle leaves something that the next call makes anew.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from atomic_verify.models.circuit import CircuitManifest, CircuitMismatch
from circuits.runner import ProverLimits, ask, require_ezkl

COMPILED, PROVING, VERIFICATION = "network.compiled", "pk.key", "vk.key"
NAMES: Final = (COMPILED, PROVING, VERIFICATION)
RECORD = "keys.json"
MAX_RECORD_BYTES = 64 * 1024

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class CircuitFiles:
    """Paths of what keys follow from."""

    network: Path
    settings: Path
    srs: Path


@dataclass(slots=True)
class Keys:
    """The keys of one circuit in one folder, which several processes may share. `digest` is circuit.json's sha256."""

    circuit: CircuitManifest
    digest: str
    files: CircuitFiles
    folder: Path
    limits: ProverLimits
    progress: Progress = silent
    _seen: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Each key's inode, size and times when its digest was last right; a file that is written gets others."""

    @property
    def compiled(self) -> Path:
        return self.folder / COMPILED

    @property
    def proving(self) -> Path:
        return self.folder / PROVING

    @property
    def verification(self) -> Path:
        return self.folder / VERIFICATION

    def ensure(self) -> None:
        """Make the keys if they aren't there, or aren't what was made here.

        Raises CircuitMismatch if the verification key isn't the pinned one, EzklMissing, EzklWrongVersion, and what
        `runner.ask` raises.
        """
        if self._wrong() is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "lock"):
            # Another process may have made them meanwhile.
            wrong = self._wrong()
            if wrong is not None:
                self._make(wrong)

    def _wrong(self) -> str | None:
        """The first key file that isn't as recorded; None if all are."""
        record = self._record()
        if record is None or record.get("circuit") != self.digest:
            return RECORD
        for name in NAMES:
            if not self._is_right(name, record["files"].get(name)):
                return name
        return None

    def _record(self) -> dict[str, Any] | None:
        try:
            with (self.folder / RECORD).open("rb") as stream:
                found = json.loads(stream.read(MAX_RECORD_BYTES))
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and isinstance(found.get("files"), dict) else None

    def _is_right(self, name: str, wanted: str | None) -> bool:
        path = self.folder / name
        try:
            seen = _identity(path)
            if self._seen.get(name) == seen:
                return True
            found = sha256_of(path)
        except OSError:
            return False
        if found != wanted or (name == VERIFICATION and found != self.circuit.verification_key):
            return False
        self._seen[name] = seen
        return True

    def _make(self, wrong: str) -> None:
        require_ezkl(self.circuit.ezkl.version)
        again = " again" if (self.folder / wrong).exists() else ""
        self.progress(f"Making the keys of {self.circuit.name}{again}")
        scratch = self.folder / "new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        derive(self.files, scratch, self.limits)
        found = {name: sha256_of(scratch / name) for name in NAMES}
        if found[VERIFICATION] != self.circuit.verification_key:
            raise CircuitMismatch(
                "The circuit's files give another verification key than is pinned",
                hint="atomic circuit check tells what differs",
                expected=self.circuit.verification_key,
                found=found[VERIFICATION],
            )
        # From here to the last line there is no record, so nobody takes the files for whole.
        (self.folder / RECORD).unlink(missing_ok=True)
        for name in NAMES:
            (scratch / name).replace(self.folder / name)
        staged = scratch / RECORD
        staged.write_text(json.dumps({"circuit": self.digest, "files": found}))
        staged.replace(self.folder / RECORD)
        shutil.rmtree(scratch, ignore_errors=True)
        self._seen.clear()


def derive(files: CircuitFiles, folder: Path, limits: ProverLimits) -> None:
    """Compile the network and make both keys in `folder`, under the names of NAMES. Raises what `runner.ask` raises."""
    arguments = {
        "network": str(files.network.resolve()),
        "settings": str(files.settings.resolve()),
        "srs": str(files.srs.resolve()),
        "compiled": str(folder.resolve() / COMPILED),
        "pk": str(folder.resolve() / PROVING),
        "vk": str(folder.resolve() / VERIFICATION),
    }
    ask("keys", arguments, limits, seconds=limits.setup_seconds)


def sha256_of(path: Path) -> str:
    """A file's sha256. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
