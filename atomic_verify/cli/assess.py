"""`atomic model check|harden|explain|calibrate|prepare|conformance`: what a model is like before it is published.

These take ONNX files or folders with a manifest, installed or not; `check` runs a stranger's file in the sandbox only.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import onnx
import typer
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from atomic_verify.assess.calibrate import Calibrator, Effort
from atomic_verify.assess.check import check_file
from atomic_verify.assess.explain import explain as explain_program
from atomic_verify.assess.explain import picture
from atomic_verify.assess.findings import Calibration
from atomic_verify.assess.prepare import Means, read_subject
from atomic_verify.assess.prepare import prepare as prepare_model
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.lowering.conformance import run as run_conformance
from atomic_verify.cli.flags import AsJson
from atomic_verify.cli.output import note, print_fields, print_json, print_table, status_console
from atomic_verify.commitments import decode_item
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.execution.providers import AUTO, Provider, activate
from atomic_verify.execution.runtime import Runtime, load_runtime
from atomic_verify.models.hardening import harden as harden_model
from atomic_verify.protocol.primitives import to_hex

app = typer.Typer()

File = Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX file.", exists=True, dir_okay=False)]
Shapes = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="NAME=1,3,224,224", help="Shape of an input that the file leaves open; repeat it."),
]
Report = Annotated[Path | None, typer.Option("--report", metavar="OUT.json", help="Write all that was measured there.")]
Evaluations = Annotated[int, typer.Option("--evaluations", min=1, help="How much each search tries.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="What the searches draw from.")]
Providers = Annotated[str, typer.Option("--provider", help="Measure on this one beside the CPU: cpu, cuda or auto.")]
SOURCES = Path("models")
"""Where a repository keeps the source folders of its models."""
DEFAULT = Effort()
SHOWN_REASONS = 40


def parse_shapes(given: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    """Shapes by name. Only the last `=` divides, so names may hold colons and equal signs."""
    found = {}
    for text in given or ():
        name, is_divided, sizes = text.rpartition("=")
        try:
            shape = tuple(int(size) for size in sizes.split(",")) if sizes else ()
        except ValueError:
            shape = (0,)
        if not is_divided or not name or min(shape, default=1) < 1:
            raise typer.BadParameter(f"{text!r} isn't NAME=1,3,224,224", param_hint="--shape")
        found[name] = shape
    return found


def read_model(file: Path) -> onnx.ModelProto:
    """The model in a file. Raises Unsupported for anything else."""
    try:
        return onnx.load_model_from_string(file.read_bytes())
    except DecodeError:
        raise Unsupported(reason="not an ONNX file") from None


@app.command()
def check(file: File, shape: Shapes = None, as_json: AsJson = False) -> None:
    """Check that a model can be used here: supported, and near to what it means. Ends with 0 only if it can."""
    shapes = parse_shapes(shape)
    with status_console().status(f"Checking {file}") as status:
        found = check_file(file.read_bytes(), shapes, status.update)
    if as_json:
        print_json(found.to_json())
    else:
        print_fields(
            [
                ("supported", "yes" if found.supported else "no"),
                ("steps", found.steps),
                ("trace bytes", f"{found.trace_bytes:,}"),
                ("drift", "not measured" if found.drift is None else f"{found.drift:.3g}"),
                *(("float decides", one) for one in found.discontinuities),
                *([("reason", found.reason)] if found.reason else []),
                ("seconds", f"{found.seconds:.1f}"),
            ]
        )
    if not found.is_good:
        raise typer.Exit(1)


@app.command()
def harden(
    file: File,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the execution graph is written.")],
    as_json: AsJson = False,
) -> None:
    """Write a model's execution graph: float64 around the nodes where float32 cancels, the rest as it is."""
    made = harden_model(read_model(file))
    out.write_bytes(made.graph)
    if as_json:
        print_json({"file": str(out), "bytes": len(made.graph), "nodes": list(made.nodes)})
        return
    note(f"{len(made.nodes)} nodes run in float64" if made.nodes else "Nothing cancels; the graph is as it was.")
    print_fields([("file", out), *(("float64", name) for name in made.nodes)])


@app.command()
def explain(
    file: File,
    shape: Shapes = None,
    out: Annotated[
        Path | None, typer.Option("--picture", metavar="OUT.svg", help="Write a picture of the graph there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a model means: its canonical program, step by step, with the ONNX node that each came from."""
    model = read_model(file)
    lowered = lower(model, parse_shapes(shape))
    steps = explain_program(lowered.program)
    if out is not None:
        out.write_text(picture(model, lowered), encoding="utf-8")
    if as_json:
        print_json({"steps": [step.to_json() for step in steps], "trace_bytes": lowered.trace_bytes})
        return
    rows = [(step.number, step.what, step.type, step.reads, f"{step.bytes:,}", step.node) for step in steps]
    print_table(["step", "law", "tensor", "reads", "bytes", "node"], rows, empty="The program has no steps.")
    note(f"{len(steps)} steps, {lowered.trace_bytes:,} trace bytes, {len(lowered.program.weights)} weights")
    for one in lowered.discontinuities:
        note(f"a float decides: {one}")


@app.command()
def calibrate(
    source: Annotated[
        Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a folder with a manifest.", exists=True)
    ],
    shape: Shapes = None,
    report: Report = None,
    example: Annotated[
        list[Path] | None, typer.Option("--example", help="A real item as payload bytes; repeat it.", exists=True)
    ] = None,
    evaluations: Evaluations = DEFAULT.evaluations,
    seed: Seed = DEFAULT.seed,
    provider: Providers = AUTO,
    as_json: AsJson = False,
) -> None:
    """Measure tolerances and soundness margin, on adversarial inputs too. Runs the file: check a stranger's first.

    Of a folder, shapes, ranges and examples are the manifest's and those that lie beside it.
    """
    shapes, runtime = parse_shapes(shape), load_runtime()
    with status_console().status(f"Calibrating {source}") as status:
        means = Means(runtime, derive_walled, _providers(runtime, provider), status.update)
        if source.is_dir():
            subject = read_subject(source)
            calibrator, items = subject.calibrator(means), list(subject.examples)
        else:
            calibrator = Calibrator(source.read_bytes(), shapes, runtime, means.providers, status.update)
            items = []
        specs = calibrator.lowered.program.inputs
        items += [decode_item(specs, one.read_bytes()) for one in example or ()]
        found = calibrator.calibrate(Effort(evaluations, seed), items)
    _tell(found, report, as_json)


@app.command()
def prepare(
    source: Annotated[str, typer.Argument(metavar="MODEL", help="A source folder, or its name in models/.")],
    report: Report = None,
    evaluations: Evaluations = DEFAULT.evaluations,
    seed: Seed = DEFAULT.seed,
    provider: Providers = str(Provider.CPU),
    as_json: AsJson = False,
) -> None:
    """Check, harden and calibrate a model, and write what the chain has to know of it into its manifest."""
    folder, runtime = source_folder(source), load_runtime()
    with status_console().status(f"Preparing {folder}") as status:
        means = Means(runtime, derive_walled, _providers(runtime, provider), status.update)
        found = prepare_model(folder, means, Effort(evaluations, seed))
    _tell(found.calibration, report, as_json)
    note(f"{folder / 'manifest.json'} is written; the model's id is now {to_hex(found.manifest.model_id)}")


def source_folder(source: str) -> Path:
    """The folder that an argument names, or the one of this name in models/."""
    return Path(source) if Path(source).is_dir() else SOURCES / source


def _providers(runtime: Runtime, wanted: str) -> list[Provider]:
    """The CPU, and the provider wanted if it is another. Raises ProviderUnavailable, ProviderInactive."""
    return list(dict.fromkeys([Provider.CPU, activate(runtime, wanted)]))


def _tell(found: Calibration, report: Path | None, as_json: bool) -> None:
    if report is not None:
        report.write_text(json.dumps(found.to_json(), indent=2) + "\n")
    if as_json:
        print_json(found.to_json())
    else:
        _show_calibration(found)


def _show_calibration(found: Calibration) -> None:
    rows = [
        (
            one.name,
            f"{one.plain_drift:.2g}",
            f"{one.drift:.2g}",
            "exact" if one.tolerances is None else f"{one.tolerances.accept_atol:.2g}",
            "exact" if one.tolerances is None else f"{one.tolerances.slash_atol:.2g}",
            "" if one.margin is None else f"{one.margin:.2g}",
        )
        for one in found.outputs
    ]
    print_table(["output", "drift in float32", "drift", "accept", "slash", "margin"], rows, empty="No outputs.")
    for reason in found.reasons:
        note(f"void-only: {reason}")
    note(f"{found.items} items in {len(found.runs)} ways, {len(found.hardened)} nodes hardened, {found.seconds:.0f} s")


@app.command()
def conformance(as_json: AsJson = False) -> None:
    """Run ONNX's own single-node tests against the lowering: each passes or is refused, none may be wrong."""
    with status_console().status("Running ONNX's own tests"):
        found = run_conformance()
    wrong: list[dict[str, Any]] = [{"case": one.case, "reason": one.reason} for one in found.wrong]
    if as_json:
        print_json({"passed": found.passed, "refused": found.refused, "wrong": wrong})
    else:
        print_fields([("passed", found.passed), ("refused", sum(found.refused.values())), ("wrong", len(wrong))])
        rows = [(count, reason) for reason, count in list(found.refused.items())[:SHOWN_REASONS]]
        print_table(["refused", "why"], [*rows, *(("wrong", f"{o['case']}: {o['reason']}") for o in wrong)], empty="")
    if wrong:
        raise typer.Exit(1)
