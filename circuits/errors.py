"""What can go wrong when EZKL is asked for something.

Used when circuits are built and when critical steps are proven. Each class is one stable code with a page under
docs/errors.
"""

from atomic_verify.errors import AtomicError


class CircuitFailed(AtomicError):
    """Root of this package's errors, and a call that EZKL itself gave up."""

    code = "circuit-failed"


class EzklMissing(CircuitFailed):
    """EZKL isn't installed."""

    code = "ezkl-missing"


class EzklWrongVersion(CircuitFailed):
    """Another EZKL is installed than the circuit was built with."""

    code = "ezkl-wrong-version"


class CircuitTimeout(CircuitFailed):
    """EZKL took longer than it may, or hung."""

    code = "circuit-timeout"


class CircuitOutOfMemory(CircuitFailed):
    """EZKL needed more memory than it may have, or than there is."""

    code = "circuit-out-of-memory"


class CircuitCrashed(CircuitFailed):
    """EZKL's process panicked, died, or answered what it wasn't asked."""

    code = "circuit-crashed"


class CircuitStopped(CircuitFailed):
    """Whoever asked for a proof called it off."""

    code = "circuit-stopped"


class CircuitRange(CircuitFailed):
    """Values are too large, too many or too few for the circuit."""

    code = "circuit-range"


class ProofInvalid(CircuitFailed):
    """A proof doesn't hold for the instances it is said to be about."""

    code = "proof-invalid"


class SrsMismatch(CircuitFailed):
    """An SRS isn't the file that its digest says, or is of another size than the circuit."""

    code = "srs-mismatch"


class SolcMissing(CircuitFailed):
    """The project's Solidity compiler isn't there or refused the verifier's source."""

    code = "solc-missing"
