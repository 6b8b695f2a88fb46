"""Who takes part in a demo, and all that they need: folders, keys, coin, tokens, stake, settings files.

A *person* is a requester, a worker or a watcher; each has a folder with its keystore, its data and its `atomic.toml`.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import Anvil, development_signer, free_port
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import Preset, development
from atomic_verify.cli.amounts import TOKEN
from atomic_verify.cli.funding import fund, passing_sender
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.primitives import Address, Amount

FUNDS: Final = Amount(1_000 * TOKEN)
STAKE: Final = Amount(100 * TOKEN)
DEPLOYER: Final = 0


class Role(StrEnum):
    """What a person runs: `atomic ROLE run`."""

    GATEWAY = "gateway"
    WORKER = "worker"
    WATCHER = "watcher"


@dataclass(frozen=True, slots=True)
class Prices:
    """What a worker asks for a job and for an item of it, in base units."""

    base: int
    per_item: int


PRICES: Final = {
    "worker-a": Prices(TOKEN // 50, TOKEN // 1_000),
    "worker-b": Prices(TOKEN // 40, TOKEN // 800),
}
REQUESTER: Final = "requester"


@dataclass(frozen=True, slots=True)
class Person:
    """`url` is where its daemon listens; `prices` are a worker's."""

    name: str
    signer: Signer
    folder: Path
    port: int
    role: Role
    prices: Prices | None = None

    @property
    def address(self) -> Address:
        return self.signer.address

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Path:
        return self.folder / "atomic.toml"


def make_person(
    name: str, folder: Path, role: Role, prices: Prices | None = None, rounds: int = keystore.SCRYPT_ROUNDS
) -> Person:
    """A person with a new key in a keystore file, under a password of its own. `rounds` as for `keystore.create`."""
    home = folder / name
    home.mkdir(parents=True)
    password = home / "password"
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(24) + "\n")
    signer = keystore.create(home / "key.json", password, rounds=rounds)
    return Person(name, signer, home, free_port(), role, prices)


def open_market(
    node: Anvil,
    folder: Path,
    people: Sequence[Person],
    models: Sequence[InstalledModel],
    preset: Preset | None = None,
) -> Chain:
    """Deploys the contracts, gives everybody coin and tokens, publishes the models, and has the workers stake."""
    deployer = development_signer(DEPLOYER)
    deployment = deploy(node.rpc, deployer, preset or development())
    deployment.save(folder / "deployments")
    chain = Chain.connect(node.url, deployment)
    fund(node, chain, deployer, [person.address for person in people], FUNDS)
    with passing_sender(chain, deployer) as sender:
        for model in models:
            sender.send(f"publish:{model.name}", chain.calls.publish(model.manifest.spec(), ""))
    for person in people:
        if person.role is Role.WORKER:
            with passing_sender(chain, person.signer) as sender:
                sender.send("approve", chain.calls.approve(deployment.utility_token, STAKE))
                sender.send("stake", chain.calls.stake(STAKE))
    return chain


def write_settings(person: Person, node: Anvil, folder: Path) -> None:
    """The person's `atomic.toml`, for the daemon that it runs."""
    common: dict[str, Any] = {
        "rpc_url": node.url,
        "chain_id": node.options.chain_id,
        "deployments_dir": str(folder / "deployments"),
        "data_dir": str(person.folder / "data"),
        "models_dir": str(folder / "models"),
        "keystore": str(person.folder / "key.json"),
        "password_file": str(person.folder / "password"),
        "allow_private_inputs": True,
    }
    tables = _tables(person)
    person.settings.write_text(_toml(common) + "".join(f"\n[{name}]\n{_toml(one)}" for name, one in tables.items()))


def _tables(person: Person) -> dict[str, dict[str, Any]]:
    """The tables of the person's role."""
    table: dict[str, Any] = {"port": person.port}
    if person.role is not Role.GATEWAY:
        table |= {"provider": "cpu", "threads": 1, "poll_seconds": 0.2}
    if person.role is Role.WATCHER:
        # On one machine what can't be fetched three times is withheld.
        table |= {"tries": 3, "patience_seconds": 5}
    tables = {str(person.role): table}
    if person.prices is not None:
        tables["worker.pricing"] = {"base_price": person.prices.base, "price_per_item": person.prices.per_item}
    return tables


def _toml(values: Mapping[str, Any]) -> str:
    """Plain values as TOML, whose strings, integers and booleans are written like JSON's."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
