"""What can be wrong with a receipt."""

from atomic_verify.errors import AtomicError


class ReceiptMalformed(AtomicError):
    """The file is no receipt: not JSON, another format, a field missing, unknown or out of bounds."""

    code = "receipt-malformed"


class ReceiptRefused(AtomicError):
    """The receipt contradicts itself, the root it was checked against, or the chain."""

    code = "receipt-refused"
