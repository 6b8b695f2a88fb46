"""What the sender decides, without a chain: steps, refusals, fees, stale heads, presets."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from atomic_verify.chain import presets
from atomic_verify.chain.deploy import contract_address
from atomic_verify.chain.errors import DeploymentRefused, FeeCapExceeded
from atomic_verify.chain.fees import Fees, choose, raised
from atomic_verify.chain.heads import MAX_DOUBTS, HeadMemory, Judgement
from atomic_verify.chain.transactions import (
    Refusal,
    SendPolicy,
    Sight,
    Step,
    TxReceipt,
    classify_refusal,
    decide,
)
from atomic_verify.protocol.disputes import REFUTATION_GAS, cost_cap
from atomic_verify.protocol.events import BlockRef
from atomic_verify.protocol.intents import TRANSITIONS, Intent, IntentState
from atomic_verify.protocol.primitives import parse_address

POLICY = SendPolicy(confirmations=3, bump_after=30)
RECEIPT = TxReceipt("0xaa", 100, "0xb100", 21_000, 7, True)
ACCOUNT = parse_address("0x" + "12" * 20)


def intent(state: IntentState, **changes: Any) -> Intent:
    blank = Intent(1, ACCOUNT, "pay", "transfer", ACCOUNT, "0x", 0, 0.0, 0.0)
    return replace(blank, state=state, nonce=5, raw="0x01", hashes=("0xaa",), sent_at=0.0, **changes)


def sight(**changes: Any) -> Sight:
    seen = Sight(head=100, next_nonce=5, settled_nonce=5, receipt=None, in_pool=True)
    return replace(seen, **changes)


MINED = {"block_hash": RECEIPT.block_hash, "block_number": 100, "succeeded": True}


@pytest.mark.parametrize(
    ("state", "seen", "now", "expected"),
    [
        (IntentState.SENT, sight(), 29, Step.WAIT),
        (IntentState.SENT, sight(), 30, Step.BUMP),
        (IntentState.SIGNED, sight(in_pool=False), 0, Step.RESEND),
        (IntentState.SENT, sight(in_pool=False), 0, Step.RESEND),
        (IntentState.MINED, sight(in_pool=False), 0, Step.RESEND),
        (IntentState.SENT, sight(receipt=RECEIPT, next_nonce=6), 0, Step.MINE),
        (IntentState.SIGNED, sight(receipt=RECEIPT, next_nonce=6), 0, Step.MINE),
        (IntentState.MINED, sight(receipt=RECEIPT, next_nonce=6, head=101), 0, Step.WAIT),
        (IntentState.MINED, sight(receipt=RECEIPT, next_nonce=6, head=102), 0, Step.FINISH),
        (IntentState.MINED, sight(receipt=replace(RECEIPT, block_hash="0xb2")), 0, Step.MINE),
        (IntentState.SENT, sight(next_nonce=6, in_pool=False), 99, Step.WAIT),
        (IntentState.SENT, sight(next_nonce=6, settled_nonce=6, in_pool=False), 0, Step.GIVE_UP_NONCE),
        (IntentState.MINED, sight(next_nonce=6, settled_nonce=6, in_pool=False), 0, Step.GIVE_UP_NONCE),
    ],
)
def test_the_step_follows_from_the_sight(state: IntentState, seen: Sight, now: float, expected: Step) -> None:
    known = MINED if state is IntentState.MINED else {}
    assert decide(intent(state, **known), seen, now, POLICY) is expected


def test_a_receipt_always_beats_a_taken_nonce() -> None:
    seen = sight(receipt=RECEIPT, next_nonce=9, settled_nonce=9, in_pool=False)
    assert decide(intent(IntentState.SENT), seen, 1e9, POLICY) is Step.MINE


def test_moves_that_are_not_listed_are_refused() -> None:
    for state in IntentState:
        for other in set(IntentState) - TRANSITIONS[state] - {state}:
            with pytest.raises(ValueError, match="does not go"):
                intent(state).moved(other, 1.0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("already known", Refusal.KNOWN),
        ("ALREADY_EXISTS: already known", Refusal.KNOWN),
        ("Known transaction", Refusal.KNOWN),
        ("transaction already imported", Refusal.KNOWN),
        ("nonce too low: next nonce 4, tx nonce 3", Refusal.NONCE_USED),
        ("the tx doesn't have the correct nonce. Nonce is too low", Refusal.NONCE_USED),
        ("replacement transaction underpriced", Refusal.UNDERPRICED_REPLACEMENT),
        ("replacement fee too low", Refusal.UNDERPRICED_REPLACEMENT),
        ("transaction underpriced", Refusal.FEE_TOO_LOW),
        ("max fee per gas less than block base fee: address 0x1", Refusal.FEE_TOO_LOW),
        ("FeeTooLow, MaxFeePerGas too low", Refusal.FEE_TOO_LOW),
        ("insufficient funds for gas * price + value", Refusal.NO_FUNDS),
        ("Insufficient funds for gas * price + value", Refusal.NO_FUNDS),
        ("oversized data", Refusal.OTHER),
        ("", Refusal.OTHER),
    ],
)
def test_nodes_words_are_understood(words: str, expected: Refusal) -> None:
    assert classify_refusal(words) is expected


WEI = st.integers(0, 10**13)


@given(WEI, st.integers(1, 10**12), st.integers(1, 10**13))
def test_chosen_fees_are_valid_and_under_the_cap(base: int, tip: int, cap: int) -> None:
    if base + 1 > cap:
        with pytest.raises(FeeCapExceeded):
            choose(base, tip, cap)
        return
    fees = choose(base, tip, cap)
    assert 0 < fees.priority_fee <= fees.max_fee <= cap
    assert fees.max_fee > base


@given(st.integers(1, 10**13), st.integers(1, 10**13), WEI, st.integers(1, 10**12), st.integers(10, 100), WEI)
def test_raised_fees_replace_the_old_ones_in_every_node(
    old_max: int, old_tip: int, base: int, tip: int, percent: int, cap: int
) -> None:
    assume(old_tip <= old_max)
    found = raised(Fees(old_max, old_tip), base, tip, percent, cap)
    if found is None:
        return
    assert found.priority_fee <= found.max_fee <= cap
    assert found.max_fee * 100 >= old_max * 110
    assert found.priority_fee * 100 >= old_tip * 110


def test_without_room_under_the_cap_nothing_is_raised() -> None:
    assert raised(Fees(100, 10), 1, 1, 15, 109) is None
    assert raised(Fees(100, 10), 1, 1, 15, 111) == Fees(111, 12)


def head(number: int, branch: str = "a") -> BlockRef:
    return BlockRef(number, f"0x{branch}{number}", number)


def test_heads_that_go_forward_are_taken() -> None:
    memory = HeadMemory()
    for number in (1, 5, 5, 9):
        assert memory.judge(head(number), lambda _: None) is Judgement.NEWEST


def test_a_head_below_on_the_same_branch_is_stale() -> None:
    memory = HeadMemory()
    for number in (3, 5, 9):
        memory.judge(head(number), lambda _: None)
    assert memory.judge(head(5), lambda _: None) is Judgement.STALE
    assert memory.judge(head(7), lambda at: f"0xa{at}") is Judgement.STALE
    assert memory.judge(head(10), lambda _: None) is Judgement.NEWEST


def test_a_head_below_on_another_branch_is_a_reorg() -> None:
    memory = HeadMemory()
    for number in (3, 5, 9):
        memory.judge(head(number), lambda _: None)
    assert memory.judge(head(7, "b"), lambda at: f"0xb{at}") is Judgement.NEWEST
    assert memory.judge(head(7, "b"), lambda at: f"0xb{at}") is Judgement.NEWEST
    assert memory.judge(head(8, "b"), lambda at: f"0xb{at}") is Judgement.NEWEST


def test_a_reset_chain_is_believed_after_many_doubts() -> None:
    memory = HeadMemory()
    memory.judge(head(500), lambda _: None)
    judgements = [memory.judge(head(1, "b"), lambda _: None) for _ in range(MAX_DOUBTS)]
    assert set(judgements[:-1]) == {Judgement.STALE}
    assert judgements[-1] is Judgement.NEWEST


def test_presets_keep_their_promises() -> None:
    presets.check(presets.development(), 31_337, allow_public=False)
    presets.check(presets.public(), 1, allow_public=True)
    for preset in (presets.development(), presets.public(ACCOUNT)):
        assert preset.unbonding_time > preset.market.max_time + preset.claim_reveal_time
    assert presets.public().market.min_challenge_window >= 36 * 3_600
    assert presets.public().claim_reveal_time >= 600
    with pytest.raises(DeploymentRefused):
        presets.check(presets.development(), 11_155_111, allow_public=True)
    with pytest.raises(DeploymentRefused):
        presets.check(presets.public(), 11_155_111, allow_public=False)


def test_a_public_deployments_disputes_must_pay_whoever_convicts() -> None:
    good = presets.public()
    reward = good.market.min_job_bond // 5
    assert cost_cap(good.disputes) <= reward
    assert cost_cap(presets.development().disputes) <= presets.development().market.min_job_bond // 5
    changes = (
        {"gas_price": reward // REFUTATION_GAS + 1},
        {"refute_window": presets.CONVICTING_WINDOW - 1},
        {"line_clock": presets.CONVICTING_WINDOW - 1},
    )
    for change in changes:
        changed = replace(good, disputes=replace(good.disputes, **change))
        with pytest.raises(DeploymentRefused):
            presets.check(changed, 1, allow_public=True)
        presets.check(changed, 31_337, allow_public=False)


def test_a_development_chains_windows_can_be_chosen() -> None:
    chosen = presets.development(challenge_window=7, claim_reveal_time=8, refute_window=9, line_clock=10)
    assert (chosen.market.min_challenge_window, chosen.claim_reveal_time) == (7, 8)
    assert (chosen.disputes.refute_window, chosen.disputes.line_clock) == (9, 10)


def test_created_addresses_are_the_known_ones() -> None:
    # The example that every Ethereum library tests itself with.
    deployer = parse_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert [contract_address(deployer, nonce).lower() for nonce in range(4)] == [
        "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
        "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
    ]
