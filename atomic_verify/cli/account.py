"""Opening what most commands need: the chain, the account's key, and the one sender of its transactions.

Every transaction that a command sends is a write-ahead intent in the account's data folder. If a command is killed
halfway, the next one first goes on with what the killed one had begun and says so.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from atomic_verify.chain import keystore
from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import KeystoreNotNamed, PasswordMissing
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy, TxReceipt
from atomic_verify.cli.output import note, status_console
from atomic_verify.config import Settings
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.primitives import Address, parse_address
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore


@dataclass(frozen=True, slots=True)
class Account:
    """An account that acts on a chain."""

    chain: Chain
    sender: TransactionSender

    @property
    def address(self) -> Address:
        return self.sender.address

    def act(self, call: Call) -> TxReceipt:
        """Does one thing on the chain now, and tells what it cost. Raises Reverted and what the sender raises."""
        key = f"cli:{call.name}:{time.time_ns()}"
        with status_console().status(f"{call.name}: waiting for a block"):
            receipt = self.sender.send(key, call)
        note(f"{call.name}: block {receipt.block_number}, {receipt.gas_used:,} gas, {receipt.tx_hash}")
        return receipt


def connect(settings: Settings) -> Chain:
    """The chain of the settings. Raises DeploymentMissing, ChainUnavailable, WrongChain, NotDeployed."""
    deployment = Deployment.load(settings.deployments_dir, settings.chain_id)
    return Chain.connect(settings.rpc_url, deployment, expected_chain_id=settings.chain_id)


def signer_of(settings: Settings) -> keystore.Signer:
    """The account's key. Raises KeystoreNotNamed, and what opening a keystore and its password raises."""
    path = settings.keystore
    if path is None:
        raise KeystoreNotNamed("No keystore is named.", hint="Give --keystore FILE; make one with: atomic key new FILE")
    keystore.address_of(path)  # a missing or malformed file is told before a password is asked for
    return keystore.load(path, password_of(settings))


def whose(settings: Settings, account: str | None) -> Address:
    """The account asked about: the one named, or that of the keystore, which stays closed. Raises KeystoreNotNamed."""
    if account is not None:
        return parse_address(account)
    found = None if settings.keystore is None else keystore.address_of(settings.keystore)
    if found is None:
        raise KeystoreNotNamed("Whose account?", hint="Name an address, or a keystore with --keystore FILE.")
    return found


@contextmanager
def open_account(settings: Settings) -> Iterator[Account]:
    """The account of the settings, ready to act; goes on first with what an earlier command left unfinished.

    Raises what `connect` and `signer_of` raise, SenderBusy, DatabaseUnavailable.
    """
    chain = connect(settings)
    signer = signer_of(settings)
    policy = SendPolicy(confirmations=settings.confirmations)
    with (
        open_database(settings.database) as database,
        TransactionSender(chain, signer, SqlIntentStore(database), settings.data_dir, policy=policy) as sender,
    ):
        begun = [intent.key for intent in sender.unfinished() if intent.state is not IntentState.MINED]
        for intent in sender.recover():
            if intent.key in begun:
                note(f"Went on with what an earlier command began: {intent.name} is {intent.state.value}.")
        yield Account(chain, sender)


def password_of(settings: Settings, *, confirm: bool = False) -> keystore.Password:
    """Where the keystore's password comes from: the file of the settings, or a question."""
    return settings.password_file or asking(confirm=confirm)


def asking(*, confirm: bool = False) -> Callable[[], str]:
    """What asks a person for the password, without showing it; it raises PasswordMissing where nobody is there."""

    def ask() -> str:
        if not sys.stdin.isatty():
            raise PasswordMissing("No password was given and nobody is there to ask.", hint="Give --password-file.")
        found: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
        return found

    return ask
