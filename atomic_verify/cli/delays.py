"""`atomic delays`: how long results can take to be final, and what an attacker pays to make them take longer.

Arithmetic alone: no chain is asked. docs/security.md holds what it prints for the models of this repository and the
preset for public chains; a test compares the two.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from atomic_verify.chain import presets
from atomic_verify.chain.presets import HOUR, Preset
from atomic_verify.cli.amounts import show_tokens
from atomic_verify.cli.flags import AsJson, with_settings
from atomic_verify.cli.output import console, print_json, print_table
from atomic_verify.config import Settings
from atomic_verify.models.errors import ModelUnknown
from atomic_verify.models.manifest import MANIFEST_NAME, Manifest
from atomic_verify.protocol.disputes import (
    Finality,
    delays,
    line_reserve,
    seal_bond,
    time_to_finality,
    undisputed_finality,
)
from atomic_verify.protocol.primitives import to_hex

app = typer.Typer(add_completion=False)

Row = list[str]
Table = tuple[Row, list[Row]]


@app.command("delays")
@with_settings("models_dir")
def show_delays(
    settings: Settings,
    preset: Annotated[
        Literal["development", "public"], typer.Option("--preset", help="The deployment's parameters.")
    ] = "public",
    model: Annotated[str | None, typer.Option("--model", help="Only this model; by default all installed.")] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=1, help="The job's challenge window, s; by default the shortest.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables as docs/security.md has them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how long a result can take to be final, and which delay an attacker can buy at what price.

    From the commit on, in hours, everybody taking all the time that the clocks allow. Prices are utility tokens.
    """
    chosen = presets.public() if preset == "public" else presets.development()
    found = [one for one in _manifests(settings, model) if one.disputable]
    seconds = window or chosen.market.min_challenge_window
    if as_json:
        print_json(_json(chosen, seconds, found))
        return
    tables = (_parts_table(chosen, seconds), _models_table(chosen, seconds, found), _delays_table(chosen, found))
    for columns, rows in tables:
        if markdown:
            typer.echo(markdown_table(columns, rows))
        else:
            print_table(columns, rows, empty="No model is installed.")
            console().print()


def markdown_table(columns: Row, rows: Sequence[Row]) -> str:
    """A table as docs hold it, with an empty line behind it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _manifests(settings: Settings, name: str | None) -> list[Manifest]:
    """The models to show, by their manifests alone: one, or all in the folder. Raises ModelUnknown."""
    found = [Manifest.load(path) for path in sorted(settings.models_dir.glob(f"*/{MANIFEST_NAME}"))]
    if name is None:
        return found
    chosen = [one for one in found if name in (one.name, to_hex(one.model_id))]
    if not chosen:
        raise ModelUnknown(f"No model {name!r} is in {settings.models_dir}", hint="atomic model list shows which are.")
    return chosen


def _finalities(preset: Preset, window: int) -> list[tuple[str, Finality]]:
    quiet = undisputed_finality(window, preset.claim_reveal_time)
    longest = time_to_finality(preset.disputes, window, preset.claim_reveal_time)
    return [("nobody disputes", quiet), ("the longest, by claims and lines", longest)]


def _parts_table(preset: Preset, window: int) -> Table:
    rows = []
    for name, finality in _finalities(preset, window):
        parts = " + ".join(f"{_hours(part.seconds)} {part.name}" for part in finality.parts)
        rows.append([name, _hours(finality.seconds), parts])
    return ["from the commit to finality", "hours", "made up of"], rows


def _models_table(preset: Preset, window: int, models: Sequence[Manifest]) -> Table:
    quiet, longest = (finality for _, finality in _finalities(preset, window))
    rows = [
        [
            one.name,
            str(one.spec().depth),
            _hours(quiet.seconds),
            _hours(longest.seconds),
            show_tokens(seal_bond(preset.disputes) + line_reserve(preset.disputes, one.spec().depth)),
        ]
        for one in models
    ]
    return ["model", "depth", "undisputed, hours", "longest, hours", "bond of a claim, tokens"], rows


def _delays_table(preset: Preset, models: Sequence[Manifest]) -> Table:
    """Which delay costs how much, a column for each model."""
    by_model = [delays(preset.disputes, one.spec().depth, preset.claim_reveal_time) for one in models]
    rows = [
        [kinds[0].name, _hours(kinds[0].seconds), *(show_tokens(kind.price) for kind in kinds)]
        for kinds in zip(*by_model, strict=True)
    ]
    return ["what an attacker does", "delay, hours", *(f"{one.name}, tokens" for one in models)], rows


def _json(preset: Preset, window: int, models: Sequence[Manifest]) -> dict[str, Any]:
    quiet, longest = (finality for _, finality in _finalities(preset, window))
    parts = [{"name": part.name, "seconds": part.seconds} for part in longest.parts]
    return {
        "preset": preset.name,
        "challenge_window": window,
        "claim_reveal_time": preset.claim_reveal_time,
        "undisputed_seconds": quiet.seconds,
        "longest_seconds": longest.seconds,
        "parts": parts,
        "models": [
            {
                "name": one.name,
                "depth": one.spec().depth,
                "bond": str(seal_bond(preset.disputes) + line_reserve(preset.disputes, one.spec().depth)),
                "delays": [
                    {"name": kind.name, "seconds": kind.seconds, "price": str(kind.price), "why": kind.why}
                    for kind in delays(preset.disputes, one.spec().depth, preset.claim_reveal_time)
                ],
            }
            for one in models
        ],
    }


def _hours(seconds: int) -> str:
    """Hours with as many decimals as it takes, three at most."""
    return f"{seconds / HOUR:.3f}".rstrip("0").rstrip(".")
