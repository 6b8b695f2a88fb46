"""`atomic circuit`: build the circuit of a critical step, check one, prove one item with it, verify a proof.

Workers prove by themselves; these commands are for whoever makes a model with a critical step, and for whoever doubts.
They need EZKL: pip install "atomic-verify[zk]".
"""

import json
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.lib.format import read_array

from atomic_verify.chain.rpc import Rpc
from atomic_verify.cli.amounts import parse_account
from atomic_verify.cli.flags import AsJson, with_settings
from atomic_verify.cli.output import note, print_fields, print_json, print_table, status_console
from atomic_verify.config import Settings
from atomic_verify.models.circuit import CircuitManifest, CircuitMismatch, read_circuit, require_agreement
from atomic_verify.models.library import InstalledModel, ModelLibrary
from atomic_verify.models.manifest import MANIFEST_NAME
from atomic_verify.protocol.quanta import Floats, field_of, is_cut, quantise
from circuits.build import build as build_circuit
from circuits.check import Checked, check_deployed
from circuits.check import check as check_circuit
from circuits.errors import CircuitRange, ProofInvalid
from circuits.material import NETWORK, material_of
from circuits.prover import Circuit
from circuits.recipe import Recipe
from circuits.srs import CeremonyFile
from prover.equipment import keys_folder

MAX_FILE_BYTES = 64 * 2**20
PROOF_FILE = "A file is wanted as `atomic circuit prove --out` writes it"

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Build, check and use circuits of critical steps.")


@app.command()
def build(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="The circuit's folder, which has a recipe.json.")
    ],
    srs: Annotated[
        Path | None, typer.Option("--srs", exists=True, dir_okay=False, help="SRS of a public ceremony, of exactly k.")
    ] = None,
    srs_sha256: Annotated[
        str | None, typer.Option("--srs-sha256", metavar="DIGEST", help="The digest that the ceremony publishes.")
    ] = None,
    recalibrate: Annotated[
        bool, typer.Option("--recalibrate", help="Make new settings though some are pinned.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a circuit from what its model's build script makes, and pin everything in circuit.json.

    Settings and SRS that are pinned already are taken as they are, so that the same key and verifier follow.
    """
    if (srs is None) != (srs_sha256 is None):
        raise typer.BadParameter("--srs and --srs-sha256 are given together")
    ceremony = CeremonyFile(srs, srs_sha256) if srs is not None and srs_sha256 is not None else None
    with status_console().status(f"Building {folder}") as status:
        material = material_of(Recipe.load(folder).source)
        built = build_circuit(folder, material, ceremony=ceremony, recalibrate=recalibrate, progress=status.update)
    if built.unchanged:
        note(f"The circuit that is pinned in {folder} holds; nothing was written.")
    else:
        note(f"A new circuit is in {folder}; a model that pins another one has to be built and prepared again.")
    if as_json:
        print_json(built.manifest.model_dump(mode="json"))
    else:
        print_fields(_described(built.manifest))


@app.command()
@with_settings("models_dir")
def check(
    settings: Settings,
    circuit: Annotated[str, typer.Argument(metavar="CIRCUIT", help="A circuit's folder, or an installed model.")],
    rpc: Annotated[str | None, typer.Option("--rpc", metavar="URL", help="A node of the chain to look at.")] = None,
    verifier: Annotated[
        str | None,
        typer.Option("--verifier", parser=parse_account, metavar="ADDRESS", help="By default where it belongs."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make key and verifier again from what is pinned, and compare them; with --rpc, the verifier on the chain too.

    Ends with an error if anything differs, or if a circuit with a development SRS stands on a public chain.
    """
    if verifier is not None and rpc is None:
        raise typer.BadParameter("a verifier is looked for on a chain: give --rpc too", param_hint="--verifier")
    folder = _checkable(settings, circuit)
    with status_console().status(f"Checking {folder}") as status:
        network = None if (folder / NETWORK).exists() else material_of(Recipe.load(folder).source).network
        found = check_circuit(folder, network, progress=status.update)
        if rpc is not None:
            node = Rpc(rpc)
            found = check_deployed(found, node, int(node.call("eth_chainId", []), 16), verifier)
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)
    if not found.is_right:
        wrong = next(one for one in found.findings if not one.is_right)
        raise CircuitMismatch(
            f"{wrong.what}: pinned is {wrong.pinned}, but found was {wrong.found}",
            hint="Don't rely on this circuit, unless you know why",
        )


@app.command()
@with_settings("models_dir")
def prove(
    settings: Settings,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model's name or id, or its folder.")],
    values: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="What the circuit reads: a .npy of float32, or a JSON list."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Write proof and instances to this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove a critical step for one item, as a worker does, and verify the proof."""
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.parent}", param_hint="--out")
    found = _model(settings, model)
    taken = _read(values)
    with status_console().status(f"Proving with {found.name}") as status:
        circuit = Circuit.open(found, progress=status.update, cache=keys_folder(found, settings.data_dir))
        proof = circuit.prove(taken)
    inputs = circuit.manifest.inputs
    if is_cut(taken, inputs.scale, inputs.limit):
        note("A value is beyond what the circuit reads, and was cut: the chain calls no such decision certain.")
    read = [field_of(int(one)) for one in quantise(taken.reshape(-1), inputs.scale, inputs.limit)]
    instances = [*read, *(field_of(one) for one in proof.outputs)]
    if out is not None:
        out.write_text(json.dumps({"proof": "0x" + proof.proof.hex(), "instances": [hex(one) for one in instances]}))
    best = max(range(len(proof.outputs)), key=proof.outputs.__getitem__)
    said: dict[str, Any] = {
        "decision": best,
        "score": proof.outputs[best] / 2**circuit.manifest.outputs.scale,
        "seconds": round(proof.seconds, 2),
        "peak_mb": -(-proof.peak_bytes // 10**6),
        "proof_bytes": len(proof.proof),
    }
    if as_json:
        print_json(said)
    else:
        print_fields(list(said.items()))


@app.command()
@with_settings("models_dir")
def verify(
    settings: Settings,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model's name or id, or its folder.")],
    proof: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file that `prove --out` wrote.")],
) -> None:
    """Verify a proof with EZKL. A proof that doesn't hold ends with an error."""
    found = _model(settings, model)
    data, instances = _read_proof(proof)
    with status_console().status(f"Verifying with {found.name}") as status:
        cache = keys_folder(found, settings.data_dir)
        Circuit.open(found, progress=status.update, cache=cache).verify(data, instances)
    note("The proof holds.")


def _checkable(settings: Settings, circuit: str) -> Path:
    """The folder of a circuit, or of a model whose critical step it really is. Raises CircuitMismatch, ModelUnknown."""
    if Path(circuit).is_dir() and not (Path(circuit) / MANIFEST_NAME).exists():
        return Path(circuit)
    model = _model(settings, circuit)
    if model.manifest.critical is None:
        raise CircuitMismatch(f"{model.name} has no critical step", hint="There is no circuit to check")
    # Else a right circuit beside the model could be checked in place of its own.
    require_agreement(model.manifest.critical, *read_circuit(model.directory))
    return model.directory


def _model(settings: Settings, model: str) -> InstalledModel:
    return InstalledModel.open(Path(model)) if Path(model).is_dir() else ModelLibrary(settings.models_dir).get(model)


def _read(path: Path) -> Floats:
    """Numbers in a file, as float32. Raises CircuitRange."""
    try:
        content = _text(path)
        # `numpy.load` would open archives as well.
        is_npy = path.suffix == ".npy"
        found = read_array(BytesIO(content), allow_pickle=False) if is_npy else np.asarray(json.loads(content))
        if found.dtype.kind not in "iuf":
            raise TypeError(f"{found.dtype} are no numbers")
        with np.errstate(over="ignore"):
            return np.asarray(found, np.float32)
    except (ValueError, TypeError, EOFError, RecursionError, MemoryError) as error:
        raise CircuitRange(
            f"{path} doesn't hold numbers",
            hint="A JSON list of numbers or a .npy is wanted: the tensor that the circuit reads, in its order",
            reason=str(error)[:200],
        ) from error


def _read_proof(path: Path) -> tuple[bytes, list[int]]:
    """Proof and instances in a file. Raises ProofInvalid."""
    try:
        match json.loads(_text(path)):
            case {"proof": str(digits), "instances": list(instances)}:
                return bytes.fromhex(digits.removeprefix("0x")), [int(one, 16) for one in instances]
    except (ValueError, TypeError, RecursionError) as error:
        raise ProofInvalid(f"{path} doesn't hold a proof", hint=PROOF_FILE, reason=str(error)[:200]) from error
    raise ProofInvalid(f"{path} doesn't hold a proof", hint=PROOF_FILE)


def _text(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES)


def _described(manifest: CircuitManifest) -> list[tuple[str, object]]:
    cost, accuracy = manifest.cost, manifest.accuracy
    return [
        ("circuit", manifest.name),
        ("k", f"{manifest.srs.k}, {manifest.srs.kind} SRS"),
        ("verification key", manifest.verification_key),
        ("verifier", f"{manifest.verifier.code_hash}, {manifest.verifier.runtime_bytes:,} bytes"),
        ("a proof", f"{cost.prove_seconds:g} s, {cost.peak_mb} MB, {cost.proof_bytes:,} bytes"),
        ("gas", f"{cost.verify_gas:,} to verify"),
        ("accuracy", f"{accuracy.max_difference:.2g} at most, {accuracy.mean_difference:.2g} in the mean"),
        ("same labels", f"{accuracy.label_agreement:.1%} of {accuracy.items} items"),
    ]


def _show(found: Checked) -> None:
    rows = [("ok" if one.is_right else "WRONG", one.what, one.found) for one in found.findings]
    print_table(["", "what", "found"], rows, empty="")
    print_fields([("verifier belongs at", found.address), ("SRS", found.manifest.srs.kind)])
