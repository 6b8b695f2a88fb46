"""Which jobs' disputes concern a process: those in its scope, and, for a watcher, any that are disputed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.presets import development
from atomic_verify.storage.database import open_database
from atomic_verify.storage.indexer import Indexer
from atomic_verify.storage.queries import Queries
from prover.watching.cases import CaseBook
from tests.integration.prover.town import town as open_town
from tests.integration.prover.watch_town import CLAIMER, SLASH, WatchTown, watch_town, wrong
from tests.support.tiny_models import install, one_operator


@pytest.fixture
def town(tmp_path: Path) -> Iterator[WatchTown]:
    (tmp_path / "models").mkdir()
    install(tmp_path / "models" / "tiny", one_operator("Sigmoid"))
    with Anvil() as anvil:
        preset = development(claim_reveal_time=600, refute_window=600, line_clock=600)
        deployment = deploy(anvil.rpc, development_signer(0), preset)
        with open_town(anvil, deployment, tmp_path / "models", tmp_path) as made, watch_town(made) as watched:
            yield watched


def test_scope_disputes_and_ends(town: WatchTown, tmp_path: Path) -> None:
    at, chain = town.town.deployment, town.chain
    account = development_signer(CLAIMER).address
    with open_database(f"sqlite:///{tmp_path}/book.sqlite") as database:
        indexer = Indexer(chain, database, chain_id=chain.chain_id, market=at.market, first_block=at.block)
        queries = Queries(database)
        all_seen = CaseBook(queries, lambda record: True, account)
        disputed = CaseBook(queries, lambda record: False, account)
        nothing = CaseBook(queries, lambda record: False, account, sees_all_disputes=False)

        def renew() -> list[list[bytes]]:
            touched = indexer.sync().touched
            for book in (all_seen, disputed, nothing):
                book.renew(touched)
            return [[case.job for case in book] for book in (all_seen, disputed, nothing)]

        made = town.commit(lambda outputs: outputs[1].__setitem__(2, outputs[1, 2] + 3 * SLASH))
        assert renew() == [[made.job], [], []]
        terms, number = town.claim(made, wrong())
        assert renew() == [[made.job], [made.job], []]
        (case,) = all_seen
        assert (case.model.is_disputable, case.model.is_invalid) == (True, False)
        assert case.model.depth == town.model.manifest.spec().depth
        claim = case.claim(number)
        assert claim is not None
        assert claim.terms == terms
        (seal,) = all_seen.own_seals.values()
        assert (seal.claimer, seal.is_open, seal.claim) == (account, False, number)
        again = CaseBook(queries, lambda record: False, account)
        again.renew(())
        assert [one.job for one in again] == [made.job], "a restart finds it again"

        town.town.jump(601)
        town.sender(CLAIMER).send("uphold", town.calls.uphold(made.rfp, number))
        assert renew() == [[made.job], [], []]
        town.town.jump(700)
        town.sender(CLAIMER).send("finalize", chain.calls.finalize(made.rfp))
        assert renew() == [[], [], []]
