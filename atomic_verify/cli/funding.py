"""Giving accounts of a development chain what they need: coin for gas, and utility tokens of the deployer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from atomic_verify.chain.anvil import Anvil
from atomic_verify.chain.client import Chain
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.chain.transactions import SendPolicy, TxReceipt
from atomic_verify.protocol.primitives import Address, Amount
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore


@contextmanager
def passing_sender(chain: Chain, signer: Signer) -> Iterator[TransactionSender]:
    """A sender whose records end with it. For development chains only: a crash leaves nothing to go on from."""
    policy = SendPolicy(confirmations=1, poll=0.05)
    with (
        TemporaryDirectory() as folder,
        open_database(f"{folder}/intents.sqlite") as database,
        TransactionSender(chain, signer, SqlIntentStore(database), Path(folder), policy=policy) as sender,
    ):
        yield sender


def fund(node: Anvil, chain: Chain, holder: Signer, accounts: Sequence[Address], tokens: Amount) -> list[TxReceipt]:
    """Gives each account 100 of the chain's coin and `tokens` of `holder`'s utility tokens."""
    receipts = []
    with passing_sender(chain, holder) as sender:
        for account in dict.fromkeys(accounts):
            node.fund(account)
            call = chain.calls.transfer_token(chain.deployment.utility_token, account, tokens)
            receipts.append(sender.send(f"fund:{account}", call))
    return receipts
