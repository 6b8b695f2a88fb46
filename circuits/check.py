"""Rebuilding a circuit from what is pinned, to see that its key and its verifier really follow from it.

Life cycle: before a model with a critical step is relied on. Whoever publishes a model could pin any verification key
and any verifier; here both are made again, and compared with what is pinned and with what stands on a chain.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomic_verify.chain.rpc import Rpc
from atomic_verify.chain.verifiers import code_hash_of
from atomic_verify.models.circuit import CircuitInvalid, CircuitManifest, code_hash, read_circuit, verifier_address
from atomic_verify.models.critical.bounds import MOST_ROOM
from atomic_verify.models.critical.check import VISIBILITY, range_of
from atomic_verify.models.pinned import read_pinned
from circuits.keys import CircuitFiles, Progress, silent
from circuits.make import Made, make
from circuits.material import NETWORK
from circuits.runner import ProverLimits, require_ezkl
from circuits.solidity import compiler_version
from circuits.srs import require_size

DEFAULT_LIMITS = ProverLimits()
NARROW = "up to 2^128"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was compared."""

    what: str
    pinned: str
    found: str

    @property
    def is_right(self) -> bool:
        return self.pinned == self.found


@dataclass(frozen=True, slots=True)
class Checked:
    """The circuit, where its verifier stands on every chain, and what was found."""

    manifest: CircuitManifest
    address: str
    findings: tuple[Finding, ...]

    @property
    def is_right(self) -> bool:
        return all(one.is_right for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        findings = [{"what": one.what, "pinned": one.pinned, "found": one.found} for one in self.findings]
        return {
            "name": self.manifest.name,
            "verifier": self.address,
            "right": self.is_right,
            "development": self.manifest.is_development,
            "findings": findings,
        }


def check(
    folder: Path,
    network: bytes | None = None,
    *,
    limits: ProverLimits = DEFAULT_LIMITS,
    progress: Progress = silent,
) -> Checked:
    """Make key and verifier again from the files in `folder`. `network` is the ONNX file if it isn't among them.

    Raises EzklMissing, EzklWrongVersion, SolcMissing, SrsMismatch, CircuitInvalid, ModelFileMissing,
    ModelDigestMismatch for a file that isn't the pinned one, and what `runner.ask` raises.
    """
    manifest, _ = read_circuit(folder)
    require_ezkl(manifest.ezkl.version)
    with tempfile.TemporaryDirectory(prefix="atomic-check-") as name:
        scratch = Path(name)
        if network is not None:
            (scratch / NETWORK).write_bytes(network)
        files = CircuitFiles(scratch / NETWORK, scratch / "settings.json", scratch / "srs")
        files.network.write_bytes(read_pinned(folder if network is None else scratch, manifest.network))
        files.settings.write_bytes(read_pinned(folder, manifest.settings))
        srs = read_pinned(folder, manifest.srs.pin)
        require_size(srs, manifest.srs.k)
        files.srs.write_bytes(srs)
        creation = _creation(manifest, folder)
        settings = _settings(manifest, files.settings.read_bytes())
        if not all(one.is_right for one in settings):
            # What EZKL would make of these says nothing more.
            return Checked(manifest, verifier_address(creation), settings)
        progress("Keys and verifier")
        made = make(files, scratch, limits, dict(manifest.solc.settings))
    findings = (*settings, *_compared(manifest, folder, made, creation))
    return Checked(manifest, verifier_address(creation), findings)


def _creation(manifest: CircuitManifest, folder: Path) -> bytes:
    """The pinned creation code of the verifier. Raises CircuitInvalid, ModelFileMissing, ModelDigestMismatch."""
    try:
        return bytes.fromhex(read_pinned(folder, manifest.verifier.creation).decode())
    except ValueError as error:
        raise CircuitInvalid("The verifier's creation code isn't hexadecimal text") from error


def _settings(manifest: CircuitManifest, content: bytes) -> tuple[Finding, ...]:
    """What settings say that a proof's meaning hangs on (see `models.critical.check`). Raises CircuitInvalid for what
    are no settings.
    """
    try:
        found = json.loads(content)
        given, (taken, made) = found["run_args"], found["model_instance_shapes"]
        said = {
            "weights": given["param_visibility"],
            "inputs": f"{given['input_visibility']} {taken} {found['model_input_scales']}",
            "scores": f"{given['output_visibility']} {made} {found['model_output_scales']}",
            "range checks": NARROW
            if range_of(given) <= MOST_ROOM
            else f"{given['decomp_base']}^{given['decomp_legs']}",
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CircuitInvalid("The settings aren't EZKL's", reason=str(error)[:200]) from error
    read, scored = manifest.inputs, manifest.outputs
    wanted = {
        "weights": VISIBILITY["param_visibility"],
        "inputs": f"{VISIBILITY['input_visibility']} {[1, read.count]} {[read.scale]}",
        "scores": f"{VISIBILITY['output_visibility']} {[1, scored.count]} {[scored.scale]}",
        "range checks": NARROW,
    }
    return tuple(Finding(what, wanted[what], str(said[what])) for what in wanted)


def _compared(manifest: CircuitManifest, folder: Path, made: Made, creation: bytes) -> tuple[Finding, ...]:
    source = read_pinned(folder, manifest.verifier.source)
    return (
        Finding("compiler", manifest.solc.version, compiler_version()),
        Finding("verification key", manifest.verification_key, made.verification_key),
        Finding("verifier source", code_hash(source), code_hash(made.source.encode())),
        Finding("verifier creation code", code_hash(creation), code_hash(made.verifier.creation)),
        Finding("verifier code", manifest.verifier.code_hash, code_hash(made.verifier.runtime)),
    )


def check_deployed(checked: Checked, rpc: Rpc, chain_id: int, address: str | None = None) -> Checked:
    """What was checked, and whether the pinned verifier stands on a chain: at `address`, or where it belongs.

    Raises DevelopmentSrs for a development SRS on a public chain, ChainUnavailable, RpcRefused.
    """
    checked.manifest.require_ceremony(chain_id)
    place = address or checked.address
    found = code_hash_of(rpc, place)
    standing = Finding(
        f"code at {place}", checked.manifest.verifier.code_hash, "nothing" if found is None else bytes(found).hex()
    )
    return Checked(checked.manifest, checked.address, (*checked.findings, standing))
