"""Seals: opened again with the key alone."""

from atomic_verify.chain.keystore import Signer
from atomic_verify.protocol.ids import bid_seal
from atomic_verify.protocol.primitives import Address, Amount, JobId
from prover.bidding import on_grid
from prover.seals import Sealer

MARKET = Address("0x" + "11" * 20)
JOB = JobId(bytes([7]) * 32)
MAX_PRICE = Amount(123_456_789)


def _sealer(key: int = 1, chain_id: int = 31_337, market: Address = MARKET) -> Sealer:
    return Sealer.of(Signer.from_key(bytes(31) + bytes([key])), chain_id, market)


def test_a_seal_is_the_protocols() -> None:
    sealer = _sealer()
    assert sealer.seal(JOB, Amount(5)) == bid_seal(31_337, MARKET, JOB, sealer.worker, Amount(5), sealer.salt(JOB))


def test_another_process_with_the_key_finds_price_and_salt_from_the_seal() -> None:
    price = on_grid(77_000_001, MAX_PRICE)
    seal = _sealer().seal(JOB, price)
    assert _sealer().open(JOB, seal, MAX_PRICE) == price
    assert _sealer().salt(JOB) == _sealer().salt(JOB)


def test_a_guess_off_the_grid_is_tried_first() -> None:
    sealer = _sealer()
    seal = sealer.seal(JOB, Amount(77_000_001))
    assert sealer.open(JOB, seal, MAX_PRICE) is None
    assert sealer.open(JOB, seal, MAX_PRICE, guess=Amount(77_000_001)) == 77_000_001


def test_salts_differ_by_key_chain_market_and_job() -> None:
    salts = {
        _sealer().salt(JOB),
        _sealer(key=2).salt(JOB),
        _sealer(chain_id=1).salt(JOB),
        _sealer(market=Address("0x" + "22" * 20)).salt(JOB),
        _sealer().salt(JobId(bytes([8]) * 32)),
    }
    assert len(salts) == 5


def test_the_secret_is_not_shown() -> None:
    sealer = _sealer()
    assert sealer.secret.hex() not in repr(sealer)
    assert repr(sealer.secret) not in repr(sealer)
