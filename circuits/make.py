"""What is made of a network and settings alone, always the same: keys, verifier source, verifier code.

Life cycle: build and check, which so can't differ.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.keys import PROVING, VERIFICATION, CircuitFiles, derive, sha256_of
from circuits.runner import ProverLimits, ask
from circuits.solidity import Verifier, compile_verifier


@dataclass(frozen=True, slots=True)
class Made:
    """What follows: the verification key's sha256, the verifier's source and its code."""

    verification_key: str
    source: str
    verifier: Verifier


def make(files: CircuitFiles, folder: Path, limits: ProverLimits, solc_settings: dict[str, Any]) -> Made:
    """Make keys in `folder`, and the verifier. Raises what `runner.ask` and `compile_verifier` raise."""
    derive(files, folder, limits)
    source = folder / "verifier.sol"
    arguments = {
        "vk": str(folder.resolve() / VERIFICATION),
        "settings": str(files.settings.resolve()),
        "srs": str(files.srs.resolve()),
        "source": str(source.resolve()),
        "abi": str(folder.resolve() / "verifier.abi"),
    }
    ask("verifier", arguments, limits, seconds=limits.setup_seconds)
    text = source.read_text()
    return Made(sha256_of(folder / VERIFICATION), text, compile_verifier(text, solc_settings))


def places(files: CircuitFiles, folder: Path) -> dict[str, str]:
    """Paths that proving needs, of keys in `folder`."""
    paths = {
        "compiled": folder / "network.compiled",
        "pk": folder / PROVING,
        "vk": folder / VERIFICATION,
        "settings": files.settings,
        "srs": files.srs,
        "data": folder / "data",
        "witness": folder / "witness",
        "proof": folder / "proof",
    }
    return {name: str(path.resolve()) for name, path in paths.items()}
