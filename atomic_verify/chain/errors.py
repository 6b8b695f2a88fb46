"""What can go wrong between this program and a chain: nodes, keys, deployments, transactions.

Used at every step that reads or writes the chain. Each class is one stable code with a page under docs/errors; what a
contract says when it refuses is in `reverts`.
"""

from atomic_verify.errors import AtomicError


class ChainError(AtomicError):
    """Root of this package's errors."""

    code = "chain-error"


class ChainUnavailable(ChainError):
    """The node could not be reached, or kept answering that it is busy or broken, for as long as the client retries."""

    code = "chain-unavailable"


class RpcRefused(ChainError):
    """The node answered a request with an error. `rpc_code` and `data` are what it said."""

    code = "rpc-refused"

    def __init__(self, message: str, *, rpc_code: int = 0, data: object = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, rpc_code=rpc_code)
        self.rpc_code = rpc_code
        self.data = data


class WrongChain(ChainError):
    """The node serves another chain than the one that was expected."""

    code = "wrong-chain"


class NotDeployed(ChainError):
    """A deployment's contract has no code on this chain."""

    code = "not-deployed"


class StaleHead(ChainError):
    """The node's newest block lies behind what the client has seen, or is too old."""

    code = "stale-head"


class ChainMoved(ChainError):
    """Blocks were replaced while a range of them was being read; reading again succeeds."""

    code = "chain-moved"


class ArtifactMissing(ChainError):
    """A contract's ABI and bytecode are not in the package, or not readable."""

    code = "artifact-missing"


class AnvilMissing(ChainError):
    """The anvil binary for a development chain was not found."""

    code = "anvil-missing"


class AnvilFailed(ChainError):
    """The development chain did not start, or ended by itself."""

    code = "anvil-failed"


class KeystoreNotNamed(ChainError):
    """No keystore is named, and what was asked for needs a key or an account."""

    code = "keystore-not-named"


class KeystoreMissing(ChainError):
    """There is no keystore file at the path."""

    code = "keystore-missing"


class KeystoreExists(ChainError):
    """A keystore file is in the way; it is never overwritten, since it may be the only copy of a key."""

    code = "keystore-exists"


class KeystoreMalformed(ChainError):
    """The file is no keystore of version 3, or its parameters are out of bounds."""

    code = "keystore-malformed"


class WrongPassword(ChainError):
    """The password does not open the keystore."""

    code = "keystore-password-wrong"


class PasswordMissing(ChainError):
    """No password was given, or the password file is empty, unreadable or too large."""

    code = "keystore-password-missing"


class DeploymentMissing(ChainError):
    """No deployment is recorded for the chain."""

    code = "deployment-missing"


class DeploymentMalformed(ChainError):
    """The deployment file is not readable, incomplete, or of another chain than its name says."""

    code = "deployment-malformed"


class NoDisputes(ChainError):
    """The deployment is of before there were disputes: it has no contract that judges results."""

    code = "no-disputes"


class DeploymentMismatch(ChainError):
    """After deploying, a contract's constants are not those that were asked for."""

    code = "deployment-mismatch"


class DeploymentRefused(ChainError):
    """Development parameters on a public chain, or a public chain without a word that it is meant."""

    code = "deployment-refused"


class SenderBusy(ChainError):
    """Another process sends with this key on this chain."""

    code = "sender-busy"


class IntentConflict(ChainError):
    """An unfinished or final intent of the same key has another call."""

    code = "intent-conflict"


class TransactionPending(ChainError):
    """The transaction was sent and no receipt was seen in the time given; the intent goes on."""

    code = "transaction-pending"


class TransactionRefused(ChainError):
    """The node refused the transaction for good, before it could take effect."""

    code = "transaction-refused"


class FeeCapExceeded(ChainError):
    """The chain asks for a higher fee than the configured cap; the intent waits."""

    code = "fee-cap-exceeded"


class GasFundsMissing(ChainError):
    """The account has not enough of the chain's coin to pay for gas; the intent waits."""

    code = "gas-funds-missing"
