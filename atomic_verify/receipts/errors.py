"""What can be wrong with a receipt."""

from atomic_verify.errors import AtomicError


class ReceiptMalformed(AtomicError):
    """The file is no receipt: not JSON, another format, a field missing, unknown or out of bounds."""

    code = "receipt-malformed"


class ReceiptRefused(AtomicError):
    """The receipt contradicts itself, the root it was checked against, or the chain."""

    code = "receipt-refused"


class ProofContradicted(ReceiptRefused):
    """What the receipt says is proven doesn't follow from its own tensors and the model's spec."""

    code = "receipt-proof-contradicted"


class SnarkRefused(ReceiptRefused):
    """The receipt's zk-SNARK doesn't prove what the receipt says, or is to be checked by another verifier's code."""

    code = "receipt-snark-refused"
