"""`atomic key`: make a key and show whose it is. Keys live in encrypted keystore files and nowhere else."""

from pathlib import Path
from typing import Annotated

import typer

from atomic_verify.chain import keystore
from atomic_verify.chain.errors import KeystoreNotNamed
from atomic_verify.cli.account import password_of, signer_of
from atomic_verify.cli.flags import AsJson, with_settings
from atomic_verify.cli.output import print_fields, print_json, status_console
from atomic_verify.config import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make keys and show their addresses.")

_File = Annotated[Path | None, typer.Argument(metavar="FILE", help="Keystore file; by default the setting `keystore`.")]


@app.command()
@with_settings("password_file")
def new(settings: Settings, file: _File = None, as_json: AsJson = False) -> None:
    """Make a key and keep it, encrypted under a password, in a new file that only you can read."""
    path = _path(settings, file)
    password = keystore.read_password(password_of(settings, confirm=True))
    with status_console().status("Encrypting the key"):
        signer = keystore.create(path, password)
    _show(signer.address, path, as_json)


@app.command()
@with_settings("password_file")
def show(
    settings: Settings,
    file: _File = None,
    unlock: Annotated[bool, typer.Option("--unlock", help="Open the file too: check that the password fits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the address of a key. Without --unlock the file's word is taken for it; the key itself is never shown."""
    path = _path(settings, file)
    if unlock:
        address: str | None = signer_of(settings.model_copy(update={"keystore": path})).address
    else:
        address = keystore.address_of(path)
    _show(address or "not told by the file: use --unlock", path, as_json)


def _path(settings: Settings, file: Path | None) -> Path:
    path = file or settings.keystore
    if path is None:
        raise KeystoreNotNamed("No keystore is named.", hint="Say which file: atomic key new worker.json")
    return path


def _show(address: str, path: Path, as_json: bool) -> None:
    if as_json:
        print_json({"address": address, "keystore": str(path)})
    else:
        print_fields([("address", address), ("keystore", path)])
