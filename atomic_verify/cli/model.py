"""`atomic model`: install a model from its source folder, publish it on a chain, list what there is.

The commands that look at a model before that are in `assess`.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from atomic_verify.chain.client import Chain
from atomic_verify.cli import assess
from atomic_verify.cli.account import connect, open_account
from atomic_verify.cli.flags import CHAIN, KEY, AsJson, with_settings
from atomic_verify.cli.output import note, print_fields, print_json, print_table, status_console
from atomic_verify.config import Settings
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel, ModelLibrary
from atomic_verify.protocol.primitives import to_hex

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Check, build, publish and list models.")
app.add_typer(assess.app)

SOURCES = Path("models")
"""Where a repository keeps the source folders of its models."""


@app.command()
@with_settings("models_dir")
def build(
    settings: Settings,
    source: Annotated[
        str, typer.Argument(metavar="MODEL", help="A source folder (manifest.json, build.py), or its name in models/.")
    ],
    as_json: AsJson = False,
) -> None:
    """Run a model's build script and install what its manifest pins. Does nothing for a model that is installed."""
    folder = Path(source) if Path(source).is_dir() else SOURCES / source
    with status_console().status(f"Building {folder}"):
        model = build_model(folder, settings.models_dir)
    if as_json:
        print_json(_described(model))
    else:
        print_fields([("model", model.name), ("id", to_hex(model.model_id)), ("folder", model.directory)])


@app.command()
@with_settings(*KEY, "models_dir")
def publish(
    settings: Settings,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An installed model's name or id.")],
    uri: Annotated[str, typer.Option("--uri", help="Where its manifest and files can be had.")] = "",
) -> None:
    """Publish an installed model on the chain, so that jobs can ask for it. Anybody may; nobody owns it afterwards."""
    found = ModelLibrary(settings.models_dir).get(model)
    with open_account(settings) as me:
        if me.chain.model_of(found.model_id).published:
            note(f"{found.name} is published already.")
        else:
            me.act(me.chain.calls.publish(found.manifest.spec(), uri))
        print_fields([("model", found.name), ("id", to_hex(found.model_id))])


@app.command("list")
@with_settings(*CHAIN, "models_dir")
def list_models(
    settings: Settings,
    on_chain: Annotated[bool, typer.Option("--chain", help="Ask the chain too which of them are published.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the installed models."""
    library = ModelLibrary(settings.models_dir)
    chain = connect(settings) if on_chain else None
    models = [_described(model) | _published(model, chain) for model in library]
    if as_json:
        print_json(models)
        return
    columns = ["name", "version", "id", "disputable", *(["published"] if on_chain else [])]
    rows = [[_shown(model[column]) for column in columns] for model in models]
    print_table(columns, rows, empty=f"No model is installed in {settings.models_dir}; try: atomic model build magika")


def _described(model: InstalledModel) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "name": model.name,
        "version": manifest.version,
        "title": manifest.title,
        "licence": manifest.licence,
        "id": to_hex(model.model_id),
        "disputable": manifest.disputable,
        "folder": str(model.directory),
    }


def _published(model: InstalledModel, chain: Chain | None) -> dict[str, Any]:
    return {} if chain is None else {"published": chain.model_of(model.model_id).published}


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else str(value)
