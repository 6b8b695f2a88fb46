"""Real proofs, real transactions: every wrong proof is refused and changes nothing, and the right one still settles.

The proofs are recorded (scripts/vectors/snarks.py), the verifier is the circuit's own. contracts/test/Snark.t.sol tries
more of each kind.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.artifacts import load
from atomic_verify.chain.client import Chain
from atomic_verify.chain.errors import RpcRefused
from atomic_verify.chain.interface import interface
from atomic_verify.chain.reverts import as_revert
from atomic_verify.chain.verifiers import code_hash_of, deploy_call, is_proven
from atomic_verify.commitments import Batch
from atomic_verify.models.circuit import verifier_address
from atomic_verify.models.manifest import Manifest
from atomic_verify.protocol.ids import job_id, model_id, spec_bytes
from atomic_verify.protocol.quanta import FIELD
from atomic_verify.protocol.quotes import typed_data
from atomic_verify.protocol.types import Guarantee, JobState, Kind, ModelSpec, Quote, Rfp, Submission, parse_address
from tests.integration.protocol.plays import REQUESTER, WORKERS, ask, post, transact

ROOT = Path(__file__).resolve().parents[3]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "snarks.json").read_text())
MANIFEST = Manifest.load(ROOT / "models" / "penguins" / "manifest.json")
CREATION = bytes.fromhex((ROOT / "circuits" / "penguins" / "verifier.bin").read_text().strip())
VERIFIER = parse_address(verifier_address(CREATION))
WORKER = WORKERS[0]
ITEMS = 3
ENOUGH = 10_000_000


def recorded(name: str, kind: str = "whole") -> list[bytes]:
    return [bytes.fromhex(one[2:]) for one in VECTORS[kind][name]]


def instances() -> list[int]:
    return [int(one) for one in VECTORS["whole"]["instances"][0]]


@dataclass(frozen=True)
class Job:
    """A `proven` job that waits for its commit, and what would settle it."""

    chain: Chain
    rfp: Rfp
    good: Submission

    @property
    def id(self) -> bytes:
        return job_id(self.chain.chain_id, self.chain.deployment.market, self.rfp)

    def state(self) -> JobState:
        return self.chain.job_of(self.id).state

    def fields(self, submission: Submission, gas: int) -> dict[str, str]:
        call = self.chain.calls.commit_proven(self.rfp, submission)
        return {"from": WORKER, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(gas)}

    def send(self, submission: Submission, gas: int = ENOUGH) -> tuple[bool, int]:
        """Sends the commit whatever comes of it; whether it passed, and the gas that it used."""
        tx_hash, receipt = self.chain.rpc.call("eth_sendTransaction", [self.fields(submission, gas)]), None
        while receipt is None:
            receipt = self.chain.receipt(tx_hash)
        return int(receipt["status"], 16) == 1, int(receipt["gasUsed"], 16)

    def refusal(self, submission: Submission) -> str:
        """The code of the chain's refusal."""
        with pytest.raises(RpcRefused) as caught:
            self.chain.rpc.call("eth_call", [self.fields(submission, ENOUGH), "latest"])
        found = as_revert(caught.value)
        assert found is not None
        return found.code


@pytest.fixture(scope="module")
def job(chain: Chain) -> Job:
    """Awarded by quote, with model and verifier on the chain. Only the last test changes that."""
    spec = MANIFEST.spec()
    transact(chain, WORKER, chain.calls.publish(spec, "http://localhost/penguins"))
    transact(chain, WORKER, deploy_call(chain.rpc, CREATION))
    inputs = b"".join(recorded("read"))
    rfp = replace(
        post(chain, random.Random(11)).rfp,
        nonce=12,
        model_id=model_id(spec),
        input_root=Batch.from_payload(MANIFEST.input_specs, ITEMS, inputs).root,
        item_count=ITEMS,
        bidding_time=0,
        reveal_time=0,
        execution_timeout=86_400,
        guarantee=Guarantee.PROVEN,
        kind=Kind.QUOTE,
    )
    market = chain.deployment.market
    quote = Quote(job_id(chain.chain_id, market, rfp), WORKER, rfp.max_price, chain.timestamp() + 600)
    signer = next(one for one in map(development_signer, range(10)) if one.address == WORKER)
    signature = signer.sign_typed_data(typed_data(chain.chain_id, market, quote))
    transact(chain, REQUESTER, chain.calls.award_quote(rfp, quote, signature, "http://localhost/v1/blobs/" + "0" * 64))
    proofs = tuple(recorded("proofs"))
    return Job(chain, rfp, Submission(spec_bytes(spec), VERIFIER, inputs, b"".join(recorded("scores")), proofs))


def with_proof(change: Callable[[bytes], bytes]) -> Callable[[Submission], Submission]:
    """Changes the second item's proof."""
    return lambda good: replace(good, proofs=(good.proofs[0], change(good.proofs[1]), good.proofs[2]))


def swapped(data: bytes, size: int) -> bytes:
    """The first two items' tensors in each other's place."""
    return data[size : 2 * size] + data[:size] + data[2 * size :]


WRONG: dict[str, tuple[Callable[[Submission], Submission], str]] = {
    "a flipped bit": (with_proof(lambda proof: proof[:700] + bytes([proof[700] ^ 1]) + proof[701:]), "bad-proof"),
    "a truncated proof": (with_proof(lambda proof: proof[:-1]), "bad-proof"),
    "half a proof": (with_proof(lambda proof: proof[: len(proof) // 2]), "bad-proof"),
    "no proof": (with_proof(lambda proof: b""), "bad-proof"),
    "an extended proof": (with_proof(lambda proof: proof + bytes(32)), "bad-proof"),
    "another item's proof": (lambda good: replace(good, proofs=(*good.proofs[1::-1], good.proofs[2])), "bad-proof"),
    "another circuit's proof": (with_proof(lambda proof: recorded("proofs", "head")[0]), "bad-proof"),
    "other scores": (lambda good: replace(good, outputs=swapped(good.outputs, 12)), "bad-proof"),
    "other inputs": (lambda good: replace(good, inputs=swapped(good.inputs, 16)), "bad-proof"),
    "items in another order": (
        lambda good: replace(
            good,
            inputs=swapped(good.inputs, 16),
            outputs=swapped(good.outputs, 12),
            proofs=(*good.proofs[1::-1], good.proofs[2]),
        ),
        "wrong-inputs",
    ),
    "a missing proof": (lambda good: replace(good, proofs=good.proofs[:2]), "wrong-proof-count"),
    "a proof more": (lambda good: replace(good, proofs=(*good.proofs, good.proofs[0])), "wrong-proof-count"),
    "a shorter payload": (lambda good: replace(good, outputs=good.outputs[:-4]), "wrong-length"),
    "a longer payload": (lambda good: replace(good, outputs=good.outputs + bytes(4)), "wrong-length"),
    "a score between quanta": (lambda good: replace(good, outputs=b"\x01" + good.outputs[1:]), "not-whole-quanta"),
    "a verifier without code": (lambda good: replace(good, verifier=REQUESTER), "wrong-verifier"),
    "another spec": (lambda good: replace(good, spec=good.spec + bytes(32)), "wrong-spec"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_submission_is_refused_and_changes_nothing(job: Job, what: str) -> None:
    change, code = WRONG[what]
    wrong = change(job.good)
    assert wrong != job.good
    assert job.refusal(wrong) == f"revert-{code}"
    stake = job.chain.stake_of(WORKER)
    passed, gas = job.send(wrong)
    # A bad point may burn what a verifier is given, and no more.
    assert not passed
    assert gas < 5_000_000
    assert job.state() is JobState.AWARDED
    assert job.chain.stake_of(WORKER) == stake
    assert job.chain.result_of(job.id).root == bytes(32)


@pytest.mark.parametrize("gas", [400_000, 1_500_000, 3_000_000, 3_400_000])
def test_too_little_gas_changes_nothing(job: Job, gas: int) -> None:
    passed, _ = job.send(job.good, gas)
    assert not passed
    assert job.state() is JobState.AWARDED


def test_no_malformed_point_passes(job: Job) -> None:
    assert is_proven(job.chain.rpc, VERIFIER, recorded("proofs")[0], instances())
    bad = [bytes.fromhex(one[2:]) for one in VECTORS["malformed"]["proofs"]]
    passing = [
        what
        for what, proof in zip(VECTORS["malformed"]["what"], bad, strict=True)
        if is_proven(job.chain.rpc, VERIFIER, proof, instances())
    ]
    assert len(bad) >= 30
    assert passing == []


def test_no_other_instances_pass(job: Job) -> None:
    right, proof = instances(), recorded("proofs")[0]
    wrong = [right[:-1], [*right, 0], [], right[::-1], [right[0] + FIELD, *right[1:]], [*right[:-1], right[-1] + FIELD]]
    wrong += [[*right[:at], (right[at] + 1) % FIELD, *right[at + 1 :]] for at in range(len(right))]
    assert [one for one in wrong if is_proven(job.chain.rpc, VERIFIER, proof, one)] == []


def test_a_verifier_whose_code_changed_is_another(job: Job) -> None:
    elsewhere = parse_address("0x" + "77" * 20)
    code = job.chain.rpc.call("eth_getCode", [VERIFIER, "latest"])
    job.chain.rpc.call("anvil_setCode", [elsewhere, code[:-2] + ("00" if code[-2:] != "00" else "01")])
    assert job.refusal(replace(job.good, verifier=elsewhere)) == "revert-wrong-verifier"
    # The same code anywhere is as good.
    job.chain.rpc.call("anvil_setCode", [elsewhere, code])
    assert code_hash_of(job.chain.rpc, elsewhere) == MANIFEST.spec().critical.verifier_code
    job.chain.rpc.call("eth_call", [job.fields(replace(job.good, verifier=elsewhere), ENOUGH), "latest"])


def test_nobody_else_may_commit_it(job: Job) -> None:
    fields = job.fields(job.good, ENOUGH) | {"from": WORKERS[1]}
    with pytest.raises(RpcRefused) as caught:
        job.chain.rpc.call("eth_call", [fields, "latest"])
    refused = as_revert(caught.value)
    assert refused is not None
    assert refused.code == "revert-not-allowed"


def test_the_right_submission_settles_in_the_end(job: Job) -> None:
    before = job.chain.reputation_of(WORKER)
    passed, _ = job.send(job.good)
    assert passed
    assert job.state() is JobState.FINAL
    assert job.chain.reputation_of(WORKER).final_jobs == before.final_jobs + 1
    assert job.chain.result_of(job.id).root == Batch.from_payload(MANIFEST.output_specs, ITEMS, job.good.outputs).root
    for item, word in enumerate(VECTORS["whole"]["decisions"]):
        decision, is_certain = interface("Results").decode_answer(
            "decisionOf", ask(job.chain, "Results", "decisionOf", job.id, item)
        )
        assert decision | is_certain << 31 == int(word)


def test_development_keys_are_for_development_chains() -> None:
    """Models itself refuses them where money is real, whoever publishes."""
    spec: ModelSpec = MANIFEST.spec()
    assert spec.critical.development
    face, sender = interface("Models"), development_signer(0).address
    for chain_id, code in ((10, "revert-development-circuit"), (31_337, None)):
        with Anvil(AnvilOptions(chain_id=chain_id)) as anvil:
            created = anvil.request(
                "eth_sendTransaction", {"from": sender, "data": "0x" + load("Models").bytecode.hex()}
            )
            receipt = None
            while receipt is None:
                receipt = anvil.request("eth_getTransactionReceipt", created)
            call = {
                "to": receipt["contractAddress"],
                "data": "0x" + face.encode_call("publish", spec.to_abi(), "").hex(),
            }
            try:
                anvil.rpc.call("eth_call", [call, "latest"])
                found = None
            except RpcRefused as error:
                refused = as_revert(error)
                found = None if refused is None else refused.code
            assert found == code
