"""`atomic model`: install a model from its source folder, publish it on a chain, list what there is.

The commands that look at a model before that are in `assess`.
"""

from typing import Annotated, Any

import typer

from atomic_verify.assess.calibrate import Effort
from atomic_verify.assess.prepare import Means, prepare
from atomic_verify.assess.trial import require_livable
from atomic_verify.chain.client import Chain
from atomic_verify.cli import assess
from atomic_verify.cli.account import Account, connect, open_account
from atomic_verify.cli.flags import CHAIN, KEY, AsJson, with_settings
from atomic_verify.cli.output import note, print_fields, print_json, print_table, status_console
from atomic_verify.config import Settings
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.models.build import build_model
from atomic_verify.models.circuit import CircuitManifest
from atomic_verify.models.library import InstalledModel, ModelLibrary
from atomic_verify.protocol.primitives import to_hex
from prover.verifiers import Verifiers

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Check, build, publish and list models.")
app.add_typer(assess.app)


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
    folder = assess.source_folder(source)
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
    recalibrate: Annotated[bool, typer.Option("--recalibrate", help="Prepare it anew though it is prepared.")] = False,
    undisputable: Annotated[
        bool, typer.Option("--undisputable", help="Publish it though no contract could judge its results.")
    ] = False,
) -> None:
    """Publish an installed model on the chain, so that jobs can ask for it. Anybody may; nobody owns it afterwards.

    A model that isn't prepared yet is checked, hardened and calibrated first, which changes its id. Of a model with a
    critical step the verifier contract is deployed too, if it doesn't stand yet.
    """
    found = ModelLibrary(settings.models_dir).get(model)
    if found.critical is not None:
        CircuitManifest.parse(found.critical.read("circuit")).require_ceremony(settings.chain_id)
    if recalibrate or not (found.manifest.disputable or undisputable):
        found = _prepared(found)
    with status_console().status(f"Looking at {found.name} once more"):
        found.require_derived(derive_walled)
        with SandboxedSession(found.executable()) as session:
            require_livable(found, session)
    with open_account(settings) as me:
        if found.critical is not None:
            _deploy_verifier(me, found)
        if me.chain.model_of(found.model_id).published:
            note(f"{found.name} is published already.")
        else:
            me.act(me.chain.calls.publish(found.manifest.spec(), uri))
        print_fields([("model", found.name), ("id", to_hex(found.model_id))])


def _deploy_verifier(me: Account, model: InstalledModel) -> None:
    """Sees to it that the model's verifier stands. Raises CircuitMismatch, DeployerMissing."""
    verifiers = Verifiers(me.chain.rpc)
    if not verifiers.stands(model):
        me.act(verifiers.deployment(model))
        verifiers.stands(model)
    note(f"The verifier of {model.name} stands at {verifiers.of(model).address}.")


def _prepared(model: InstalledModel) -> InstalledModel:
    """The installed model, prepared where it lies. Raises what `prepare` raises."""
    with status_console().status(f"Preparing {model.name}") as status:
        found = prepare(model.directory, Means(load_runtime(), derive_walled, progress=status.update), Effort())
    for reason in found.manifest.void_reasons:
        note(f"void-only: {reason}")
    note(f"{model.name} is prepared; `atomic model prepare` does the same in its source folder, before it is built")
    return InstalledModel.open(model.directory)


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
    columns = ["name", "version", "id", "disputable", "void_only", *(["published"] if on_chain else [])]
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
        "void_only": manifest.void_only,
        "derived": model.is_derived,
        "folder": str(model.directory),
    }


def _published(model: InstalledModel, chain: Chain | None) -> dict[str, Any]:
    return {} if chain is None else {"published": chain.model_of(model.model_id).published}


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else str(value)
