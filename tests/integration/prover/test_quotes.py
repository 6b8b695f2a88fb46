"""The quote desk: what it signs counts, until it expires or is awarded; without a chain, with a real store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from atomic_verify.chain.anvil import development_signer
from atomic_verify.commitments import Batch
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.primitives import Amount
from atomic_verify.protocol.quotes import check_quote
from atomic_verify.protocol.types import Kind, Rfp
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import open_database
from atomic_verify.storage.decisions import DecisionLog
from atomic_verify.storage.errors import FetchFailed
from atomic_verify.storage.fetch import FetchPolicy
from prover.bidding import Policy, Terms
from prover.decisions import OwnDecisions
from prover.errors import InputRootMismatch, QuoteRefused, WorkerNotReady
from prover.load import Load, Moment
from prover.quotes import QuoteDesk
from prover.workshop import Workshop
from tests.unit.prover.jobs import CONSTANTS, RFP, TOKEN

NOW = 5_000


@dataclass
class Office:
    """A desk and the moment that it sees; `open` opens another over the same records, as after a restart."""

    open: Callable[[], QuoteDesk]
    model: InstalledModel
    store: BlobStore
    moment: Moment = field(default_factory=lambda: Moment(NOW, Amount(10_000), Load()))
    items: int = 0

    def __post_init__(self) -> None:
        self.desk = self.open()

    def rfp(self, **changes: object) -> tuple[Rfp, str]:
        """Terms for an input of their own, which is in the store."""
        self.items += 1
        payload = np.full((2, 64), self.items / 1000, dtype=np.float32).tobytes()
        root = Batch.from_payload(self.model.manifest.input_specs, 2, payload).root
        terms = {
            "kind": Kind.QUOTE,
            "bidding_time": 0,
            "reveal_time": 0,
            "item_count": 2,
            "input_root": root,
            "model_id": self.model.model_id,
        }
        return replace(RFP, **{**terms, **changes}), f"http://127.0.0.1:9/{self.store.put(payload)}"


@pytest.fixture
def office(models_dir: Path, tmp_path: Path) -> Iterator[Office]:
    model = ModelLibrary(models_dir).get("mlp")
    runtime, execution = load_runtime(), ExecutionSettings(threads=1)
    workshop = Workshop(
        {model.model_id: model}, lambda one: Session(one.executable(), Provider.CPU, execution, runtime)
    )
    workshop.warm_up()
    policy = Policy({TOKEN: Terms(Amount(1_000))}, accept_undisputable=True, max_open_jobs=3)
    store = BlobStore(tmp_path / "blobs")
    with open_database(str(tmp_path / "quotes.sqlite")) as database:
        made: list[Office] = []

        def opened() -> QuoteDesk:
            return QuoteDesk(
                development_signer(2),
                CONSTANTS,
                policy,
                workshop,
                store,
                FetchPolicy(10_000, allow_private=True),
                OwnDecisions(DecisionLog(database), development_signer(2).address),
                seconds=60,
                moment=lambda: made[0].moment,
                clock=lambda: 1.0,
            )

        made.append(Office(opened, model, store))
        yield made[0]


def test_a_signed_quote_is_what_the_market_awards(office: Office) -> None:
    rfp, uri = office.rfp()
    signed = office.desk.quote(rfp, uri)
    check_quote(CONSTANTS.chain_id, CONSTANTS.market, rfp, signed.quote, NOW)
    assert (signed.quote.price, signed.quote.expiry) == (rfp.max_price, NOW + 60)
    assert len(signed.signature) == 65


def test_open_quotes_fill_the_desk_until_they_expire(office: Office) -> None:
    for _ in range(3):
        office.desk.quote(*office.rfp())
    assert _refused(office, *office.rfp()) == "no-capacity"
    office.moment = replace(office.moment, now=NOW + 60)
    office.desk.tidy(NOW + 60, ())
    office.desk.quote(*office.rfp())


def test_an_awarded_quote_counts_as_a_job_and_no_more_as_a_quote(office: Office) -> None:
    asked = [office.rfp() for _ in range(3)]
    for rfp, uri in asked:
        office.desk.quote(rfp, uri)
    office.desk.tidy(NOW, [job_id(CONSTANTS.chain_id, CONSTANTS.market, asked[0][0])])
    office.desk.quote(*office.rfp())


def test_asking_twice_for_the_same_terms_counts_once(office: Office) -> None:
    rfp, uri = office.rfp()
    for _ in range(5):
        office.desk.quote(rfp, uri)
    office.desk.quote(*office.rfp())


def test_open_quotes_are_remembered_over_a_restart(office: Office) -> None:
    for _ in range(3):
        office.desk.quote(*office.rfp())
    office.desk = office.open()
    assert _refused(office, *office.rfp()) == "no-capacity"


def test_bonds_of_open_quotes_are_reserved(office: Office) -> None:
    office.moment = replace(office.moment, free_stake=Amount(2 * RFP.job_bond - 1))
    office.desk.quote(*office.rfp())
    assert _refused(office, *office.rfp()) == "bond-over-free-stake"


def test_other_kinds_and_a_stopping_worker_get_no_quote(office: Office) -> None:
    assert _refused(office, *office.rfp(kind=Kind.AUCTION)) == "kind"
    assert _refused(office, *office.rfp(bidding_time=1)) == "kind"
    office.moment = replace(office.moment, is_ready=False)
    with pytest.raises(WorkerNotReady):
        office.desk.quote(*office.rfp())


def test_nothing_is_signed_without_the_right_input(office: Office) -> None:
    rfp, uri = office.rfp()
    with pytest.raises(InputRootMismatch):
        office.desk.quote(replace(rfp, input_root=RFP.input_root), uri)
    with pytest.raises(FetchFailed):
        office.desk.quote(rfp, "http://127.0.0.1:9/" + "ab" * 32)
    for _ in range(3):
        office.desk.quote(*office.rfp())


def _refused(office: Office, rfp: Rfp, uri: str) -> object:
    with pytest.raises(QuoteRefused) as refused:
        office.desk.quote(rfp, uri)
    return refused.value.details["reason"]
