"""The structured reference string: a development one made here, or a ceremony's file taken by digest.

Life cycle: build. A circuit takes an SRS of exactly its own size, 2^k: with a larger one each call takes half a minute
longer.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from circuits.errors import SrsMismatch
from circuits.runner import ProverLimits, ask

HEADER_BYTES, TAIL_BYTES, ROW_BYTES = 4, 256, 128
"""k, then two points of G1 for each row, then two of G2."""


@dataclass(frozen=True, slots=True)
class CeremonyFile:
    """A file of a public ceremony, and the sha256 that it must have."""

    path: Path
    sha256: str


def read_ceremony(file: CeremonyFile, k: int) -> bytes:
    """The ceremony's SRS. Raises SrsMismatch if it is another file, or one of another size; OSError."""
    content = file.path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256.lower().removeprefix("0x"):
        raise SrsMismatch(
            f"The SRS {file.path} has the digest {found}, not the one that was given",
            hint="Fetch it again, and take the sha256 that the ceremony publishes",
            expected=file.sha256,
            found=found,
        )
    require_size(content, k)
    return content


def require_size(content: bytes, k: int) -> None:
    """Refuse what is no SRS by its form, and an SRS for circuits of another size. Raises SrsMismatch."""
    found = int.from_bytes(content[:HEADER_BYTES], "little")
    if found != k:
        raise SrsMismatch(
            f"The circuit needs an SRS of exactly k = {k}; this one has {found}",
            hint="Ceremonies publish a file for each k",
            expected=k,
            found=found,
        )
    wanted = HEADER_BYTES + ROW_BYTES * 2**k + TAIL_BYTES
    if len(content) != wanted:
        raise SrsMismatch(
            f"An SRS for k = {k} has {wanted:,} bytes; this one has {len(content):,}",
            hint="It is cut, or in another format than EZKL's: fetch it again",
            expected=wanted,
            found=len(content),
        )


def development_srs(k: int, folder: Path, limits: ProverLimits) -> bytes:
    """A new SRS, of which somebody could know the secret. Never the same twice. Raises what `runner.ask` raises."""
    path = folder / "srs.new"
    ask("srs", {"srs": str(path.resolve()), "k": k}, limits, seconds=limits.setup_seconds)
    return path.read_bytes()
