"""A proven result is read out of its transaction: all of it, or nothing at all."""

from dataclasses import replace

from atomic_verify.chain.interface import interface
from atomic_verify.chain.submissions import submission_in
from atomic_verify.protocol.types import Guarantee, Rfp, Submission, parse_address
from tests.support.odd_calldata import backwards, word
from tests.support.rfps import AUCTION

RFP = replace(AUCTION, guarantee=Guarantee.HYBRID)
SUBMISSION = Submission(
    spec=b"spec", verifier=parse_address("0x" + "66" * 20), inputs=b"", outputs=bytes(24), proofs=(b"one", b"two")
)


def data_of(rfp: Rfp = RFP, submission: Submission = SUBMISSION) -> bytes:
    return interface("Results").encode_call("commitProven", rfp.to_abi(), submission.to_abi())


def test_what_a_transaction_submits() -> None:
    assert submission_in(data_of(), RFP) == SUBMISSION
    assert submission_in(data_of() + b"trailing", RFP) == SUBMISSION


def test_odd_padding_hides_nothing() -> None:
    data = data_of()
    at = data.index(b"one") + 3
    assert submission_in(data[:at] + b"\xff" * 29 + data[at + 29 :], RFP) == SUBMISSION


def test_odd_offsets_hide_nothing() -> None:
    assert submission_in(backwards(data_of(), SUBMISSION), RFP) == SUBMISSION
    same = replace(SUBMISSION, proofs=(b"one", b"one"))
    data = data_of(submission=same)
    at = data.index(b"one")
    first = data[:at].rindex(word(3)) - 2 * 32
    assert (data[first : first + 32], data[first + 32 : first + 64]) == (word(64), word(128))
    both = data[: first + 32] + word(64) + data[first + 64 :]
    assert submission_in(both, RFP) == same


def test_another_number_of_proofs_than_items_is_not_read() -> None:
    assert submission_in(data_of(submission=replace(SUBMISSION, proofs=(b"one",) * 3)), RFP) is None


def test_what_is_no_submission_for_the_job() -> None:
    assert submission_in(data_of(), replace(RFP, nonce=1)) is None
    assert submission_in(interface("Results").encode_call("finalize", RFP.to_abi()), RFP) is None
    assert submission_in(b"", RFP) is None
    assert submission_in(data_of()[:-200], RFP) is None
    assert submission_in(data_of()[:4] + b"\xff" * 1_000, RFP) is None
    assert submission_in(data_of(submission=replace(SUBMISSION, outputs=bytes(65_536)))[:-64], RFP) is None
