"""What circuits read, what their proofs prove of a batch, and which of them are on record."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from atomic_verify.commitments import Batch, Digest
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.errors import NotWholeQuanta
from atomic_verify.protocol.primitives import JobId, to_hex
from atomic_verify.protocol.proofs import Decision
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.database import open_database
from atomic_verify.storage.decisions import Decision as Recorded
from atomic_verify.storage.decisions import DecisionLog
from prover import proving
from prover.decisions import OwnDecisions
from prover.outputs import DONE, Output, remembered
from prover.proving import Item, Shown
from prover.retention import Keeper
from tests.support.proven_models import MARGIN, SCALE, install_proven
from tests.unit.prover.jobs import JOB, ME, RIVAL

UNIT = 2**SCALE


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def head(tmp_path: Path) -> InstalledModel:
    return install_proven(tmp_path / "head", "head")


@pytest.fixture
def whole(tmp_path: Path) -> InstalledModel:
    return install_proven(tmp_path / "whole", "whole")


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[OwnDecisions]:
    with open_database(f"sqlite:///{tmp_path}/test.sqlite") as database:
        yield OwnDecisions(DecisionLog(database), ME)


def floats(*rows: list[float]) -> NDArray[np.float32]:
    return np.asarray(rows, dtype="<f4")


def made(store: BlobStore, item: int, *scores: int) -> Item:
    return Item(item, store.put(b"proof %d" % item), scores, 0.5, 100)


def test_of_a_head_the_features_are_read_and_committed_with_the_proven_scores(
    head: InstalledModel, store: BlobStore
) -> None:
    features, run = floats([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]), floats([9, 9, 9, 9], [9, 9, 9, 9])
    executed = b"".join(one.tobytes() + other.tobytes() for one, other in zip(features, run, strict=True))
    shown = Shown(head, store.put(executed), 2)
    assert [one.tobytes() for one in shown.tensors(store)] == [one.tobytes() for one in features]

    items = [made(store, 0, UNIT, 0, -UNIT, 1), made(store, 1, 0, UNIT // 2, UNIT // 2 + MARGIN, 0)]
    found = proving.assemble(shown, items, store)

    assert found.decisions == (Decision(0, True), Decision(2, False)), "a lead of the margin isn't certain"
    scores = floats([1, 0, -1, 1 / UNIT], [0, 0.5, 0.5 + MARGIN / UNIT, 0])
    expected = b"".join(one.tobytes() + other.tobytes() for one, other in zip(features, scores, strict=True))
    assert found.payload == expected
    output = found.publish(head, store)
    assert output.proofs == tuple(one.proof for one in items)
    assert output.root == Batch.from_payload(head.manifest.output_specs, 2, expected).root
    assert store.get(output.payload) == expected
    assert Output.from_json(output.to_json()) == output


def test_of_a_whole_model_the_inputs_are_read_and_the_scores_committed(whole: InstalledModel, store: BlobStore) -> None:
    inputs = floats([-1.5, 0.25, 2.0, 3.0])
    shown = Shown(whole, store.put(inputs.tobytes()), 1)
    assert shown.tensors(store)[0].tobytes() == inputs.tobytes()
    found = proving.assemble(shown, [made(store, 0, 1, 2, 3, 4)], store)
    assert found.payload == (floats([1, 2, 3, 4]) / UNIT).tobytes()


def test_scores_that_no_float32_holds_are_never_committed(whole: InstalledModel, store: BlobStore) -> None:
    shown = Shown(whole, store.put(bytes(16)), 1)
    with pytest.raises(NotWholeQuanta):
        proving.assemble(shown, [made(store, 0, 2**24, 0, 0, 0)], store)


def test_the_difference_from_a_run_is_told_in_scores_and_as_a_share_of_accept(head: InstalledModel) -> None:
    features = floats([0.1, 0.2, 0.3, 0.4])
    run, proven = floats([1.0, 2.0, 4.0, 3.0]), floats([1.0, 2.0, 4.0, 3.004])
    found = proving.difference(head, features.tobytes() + run.tobytes(), features.tobytes() + proven.tobytes(), 1)
    assert found.decisions == (2,)
    assert found.largest == pytest.approx(0.004, rel=1e-3)
    accept = head.manifest.outputs[1].accept
    assert found.share == pytest.approx(0.004 / (accept.atol + 3 * accept.rtol), rel=1e-3)


def note(decisions: OwnDecisions, shown: str, item: Item, job: JobId = JOB) -> None:
    decisions.add(Recorded("prove", job, "item", "", 0.0, {"shown": shown, "made": item.to_json()}))


def test_proofs_on_record_count_for_the_bits_that_they_are_about(
    head: InstalledModel, store: BlobStore, decisions: OwnDecisions
) -> None:
    shown = Shown(head, "ab" * 32, 3)
    first, second, other = made(store, 0, 1, 2, 3, 4), made(store, 1, 5, 6, 7, 8), made(store, 2, 1, 1, 1, 1)
    note(decisions, shown.digest, first)
    note(decisions, shown.digest, second)
    note(decisions, "cd" * 32, other)
    assert proving.made_items(JOB, shown, decisions, store) == {0: first, 1: second}
    store.delete(first.proof)
    assert proving.made_items(JOB, shown, decisions, store) == {1: second}
    others = OwnDecisions(decisions._log, RIVAL)
    assert proving.made_items(JOB, shown, others, store) == {}


def test_a_proof_that_rotted_in_the_store_is_removed(store: BlobStore, tmp_path: Path) -> None:
    digest = store.put(b"a proof")
    assert proving.is_intact(digest, store)
    (rotten,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    rotten.write_bytes(b"a prooF")
    assert not proving.is_intact(digest, store)
    assert not store.exists(digest)


def test_what_was_proven_before_a_restart_is_remembered_as_long_as_all_of_it_is_there(
    store: BlobStore, decisions: OwnDecisions
) -> None:
    output = Output(Digest(b"\x01" * 32), store.put(b"payload"), (store.put(b"one"), store.put(b"two")))
    decisions.add(Recorded("prove", JOB, "item", "", 0.0, {}))
    decisions.add(Recorded("prove", JOB, DONE, "", 0.0, {"output": output.to_json()}))
    assert remembered(JOB, decisions, store, "prove") == output
    assert remembered(JOB, decisions, store) is None
    store.delete(output.proofs[1])
    assert remembered(JOB, decisions, store, "prove") is None


def test_blobs_of_proofs_are_looked_after(store: BlobStore, decisions: OwnDecisions) -> None:
    item = made(store, 0, 1, 2, 3, 4)
    output = Output(Digest(b"\x01" * 32), store.put(b"payload"), (item.proof,))
    note(decisions, "ab" * 32, item)
    decisions.add(Recorded("prove", JOB, DONE, "", 0.0, {"output": output.to_json()}))
    keeper = Keeper(store, retention=10.0)
    keeper.recall(decisions)
    assert keeper.sweep(set(), 0.0) == 0
    assert keeper.sweep(set(), 10.0) == 2
    assert not store.exists(item.proof)


def test_an_output_without_proofs_is_written_as_ever() -> None:
    plain = Output(Digest(b"\x02" * 32), "ab" * 32)
    assert plain.to_json() == {"root": to_hex(plain.root), "payload": "ab" * 32}
    assert replace(plain, proofs=("cd" * 32,)).to_json()["proofs"] == ["cd" * 32]
