"""What a gateway works with, opened once and passed to every part: chain, key, store, models, settings.

Life cycle: all steps of a requester. `open_gateway` is the only place that puts the parts together.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from atomic_verify.chain import keystore
from atomic_verify.chain.client import Chain
from atomic_verify.chain.constants import Constants, read_constants
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import KeystoreNotNamed
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.config import Settings
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.gateway.batches import BatchCache
from atomic_verify.gateway.limits import load_write_key
from atomic_verify.models.library import ModelLibrary
from atomic_verify.protocol.types import Address
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import Database, open_database
from atomic_verify.storage.decisions import DecisionLog
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.intents import SqlIntentStore
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.requests import RequestLog


@dataclass(frozen=True, slots=True)
class Gateway:
    """One requester's gateway."""

    settings: Settings
    constants: Constants
    chain: Chain
    sender: TransactionSender
    indexer: Indexer
    queries: Queries
    requests: RequestLog
    decisions: DecisionLog
    blobs: BlobStore
    models: ModelLibrary
    write_key: str | None
    batches: BatchCache = field(default_factory=BatchCache)

    @property
    def requester(self) -> Address:
        return self.sender.address

    @property
    def public_url(self) -> str:
        """Where workers reach this gateway's blobs."""
        own = self.settings.gateway
        return (own.public_url or f"http://{own.host}:{own.port}").rstrip("/")


@contextmanager
def open_gateway(settings: Settings, ask_password: Callable[[], str]) -> Iterator[Gateway]:
    """Opens all parts, checks them against each other, and closes them in the end.

    Raises ConfigInvalid, KeystoreNotNamed and others of the keystore, DeploymentMissing, ChainUnavailable, WrongChain,
    NotDeployed, SenderBusy, DatabaseUnavailable, ProgramMismatch, VoidOnlyMissing, and what a broken model raises.
    """
    write_key = load_write_key(settings.gateway)
    signer = _signer(settings, ask_password)
    deployment = Deployment.load(settings.deployments_dir, settings.chain_id)
    chain = Chain.connect(settings.rpc_url, deployment, expected_chain_id=settings.chain_id)
    models = ModelLibrary(settings.models_dir)
    for model in models:
        model.require_derived(derive_walled)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open_database(settings.database) as database, _sender(settings, chain, signer, database) as sender:
        yield Gateway(
            settings=settings,
            constants=read_constants(chain),
            chain=chain,
            sender=sender,
            indexer=Indexer(
                chain, database, chain_id=chain.chain_id, market=deployment.market, first_block=deployment.block
            ),
            queries=Queries(database),
            requests=RequestLog(database),
            decisions=DecisionLog(database),
            blobs=BlobStore(settings.blobs, settings.gateway.max_body_bytes),
            models=models,
            write_key=write_key,
        )


def _signer(settings: Settings, ask_password: Callable[[], str]) -> Signer:
    if settings.keystore is None:
        raise KeystoreNotNamed(
            "A gateway signs with its requester's key and no keystore is set.",
            hint="Make one with `atomic key new` and set `keystore`.",
        )
    return keystore.load(settings.keystore, settings.password_file or ask_password)


def _sender(settings: Settings, chain: Chain, signer: Signer, database: Database) -> TransactionSender:
    return TransactionSender(chain, signer, SqlIntentStore(database), settings.data_dir)
