"""eth_account, without what importing it does to the process.

Life cycle: below all signing. One of its dependencies raises Python's recursion limit a hundredfold when imported; the
interpreter then overflows its stack, and ends, on a few kilobytes of nested JSON from a stranger. So the limit is put
back, and everything else imports these names from here.
"""

import sys

_LIMIT = sys.getrecursionlimit()

from eth_account import Account  # noqa: E402
from eth_account.messages import encode_typed_data  # noqa: E402
from eth_account.signers.local import LocalAccount  # noqa: E402

sys.setrecursionlimit(_LIMIT)

__all__ = ["Account", "LocalAccount", "encode_typed_data"]
