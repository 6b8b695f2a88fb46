"""A development chain with the contracts, a requester and two workers, for measuring real transactions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.calls import Call
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import UNIT, Preset, development
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.types import Address, Amount
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore

REQUESTER, WORKERS = 1, (2, 3)


@dataclass
class Town:
    """Who is there. `gas` collects what each named act cost."""

    anvil: Anvil
    deployment: Deployment
    chain: Chain
    signers: Mapping[int, Signer]
    senders: Mapping[int, TransactionSender]
    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _sent: int = 0

    def address(self, index: int) -> Address:
        return self.signers[index].address

    def send(self, index: int, call: Call) -> int:
        """Sends one transaction and returns its gas."""
        self._sent += 1
        receipt = self.senders[index].send(f"bench:{self._sent}", call)
        self.gas[call.name].append(receipt.gas_used)
        return receipt.gas_used

    def pass_time(self, seconds: int) -> None:
        """Moves the chain's clock."""
        self.anvil.mine_blocks(1, seconds=seconds)


@contextmanager
def town(model: InstalledModel, preset: Preset | None = None) -> Iterator[Town]:
    """A town with `model` published, everybody funded, and both workers staked."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        anvil = stack.enter_context(Anvil(AnvilOptions()))
        deployment = deploy(anvil.rpc, development_signer(0), preset or development())
        deployment.save(folder / "deployments")
        chain = Chain.connect(anvil.url, deployment)
        database = stack.enter_context(open_database(f"sqlite:///{folder}/intents.sqlite"))
        signers = {index: development_signer(index) for index in (0, REQUESTER, *WORKERS)}
        policy = SendPolicy(poll=0.005)
        senders = {
            index: stack.enter_context(
                TransactionSender(chain, signer, SqlIntentStore(database), folder, policy=policy)
            )
            for index, signer in signers.items()
        }
        found = Town(anvil, deployment, chain, signers, senders)
        _settle_in(found, model)
        found.gas.clear()
        yield found


def _settle_in(town: Town, model: InstalledModel) -> None:
    calls, token = town.chain.calls, town.deployment.utility_token
    town.send(0, calls.publish(model.manifest.spec(), ""))
    for index in (REQUESTER, *WORKERS):
        town.send(0, calls.transfer_token(token, town.address(index), Amount(10_000 * UNIT)))
        town.send(index, calls.approve(token, Amount(2**256 - 1)))
    for index in WORKERS:
        town.send(index, calls.stake(Amount(1000 * UNIT)))
