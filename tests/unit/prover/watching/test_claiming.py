"""What a claim shows holds under the roots on the chain, from the stored trace alone."""

import pytest

from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.records import trace_root
from atomic_verify.commitments import DType, TensorSpec, entry_root, verify_elements
from atomic_verify.commitments.tensor_tree import LeafOpening, element_leaves
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.types import JobId, Opening, Outcome
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.fetch import FetchPolicy
from prover.errors import TraceRootMismatch
from prover.watching.claiming import SealedClaim, make_exhibit, make_terms
from prover.watching.gather import Source
from prover.watching.traces import obtain_trace, payload_chunks, read_trace, tensors_of
from tests.unit.prover.watching.tiny import result

JOB = JobId(b"\x01" * 32)
POLICY = FetchPolicy(2**20)
WRONG = Wrong(2, 0, 1, Outcome.SLASH)


@pytest.fixture
def store() -> BlobStore:
    return BlobStore("memory://claims", 2**20)


def root_of(opening: Opening, spec: TensorSpec, element: int, position: int, count: int) -> bytes:
    """The upper root to which an opening of one element leads."""
    first, _, _ = element_leaves(spec, element, 1)
    leaves = LeafOpening(first, opening.leaves, opening.proof)
    root = leaves.root(spec.leaves)
    verify_elements(root, spec, leaves, element, 1)
    return entry_root(root, position, count, opening.path)


def test_every_opening_leads_to_its_root(store: BlobStore) -> None:
    made = result()
    data, meaning = made.data(), made.meaning
    terms = make_terms(JOB, WRONG, data, meaning, store)
    exhibit = make_exhibit(terms, data, meaning, store)
    program, manifest = meaning.program, meaning.manifest
    item = root_of(exhibit.committed, manifest.output_specs[0], 1, 0, 2)
    assert entry_root(item, 2, 5, exhibit.item_path) == data.outputs.root
    assert entry_root(exhibit.inputs, 2, 5, exhibit.inputs_path) == data.inputs.root
    steps = len(program.steps)
    assert entry_root(exhibit.outputs_record, steps, steps + 1, exhibit.outputs_path) == manifest.spec().program_root
    step = program.outputs[0].step
    spec = TensorSpec("t", DType.DOUBLE, (4,))
    assert root_of(exhibit.canonical, spec, 1, step, steps) == terms.trace


def test_a_trace_is_read_back_as_it_was(store: BlobStore) -> None:
    made = result()
    data, meaning = made.data(), made.meaning
    terms = make_terms(JOB, WRONG, data, meaning, store)
    inputs = data.inputs.item(2)
    digest = terms.trace_digest.hex()
    trace = obtain_trace(meaning.program, inputs, terms.trace, digest, None, Source(store, POLICY))
    with meaning.evaluate(inputs, Keep.ALL) as own:
        assert [a.tobytes() for a in tensors_of(trace)] == [b.tobytes() for b in tensors_of(own)]
        assert trace_root(tensors_of(trace)) == terms.trace


def test_garbage_is_no_trace(store: BlobStore) -> None:
    made = result()
    meaning, inputs = made.meaning, made.data().inputs.item(2)
    with meaning.evaluate(inputs, Keep.ALL) as own:
        whole = b"".join(payload_chunks(own))
        root = trace_root(tensors_of(own))
    for wrong in (b"", whole[:-1], whole + b"\x00"):
        with pytest.raises(TraceRootMismatch):
            read_trace(meaning.program, inputs, wrong)
    digest = store.put(bytes(len(whole)))
    with pytest.raises(TraceRootMismatch):
        obtain_trace(meaning.program, inputs, root, digest, None, Source(store, POLICY))


def test_a_sealed_claim_is_written_and_read(store: BlobStore) -> None:
    made = result()
    terms = make_terms(JOB, WRONG, made.data(), made.meaning, store)
    sealed = SealedClaim(terms, b"\x07" * 32, b"\x08" * 32)
    assert SealedClaim.from_json(sealed.to_json()) == sealed
