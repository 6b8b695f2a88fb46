"""Ask a gateway for work, in plain Python: see `GatewayClient`."""

from atomic_verify.client.errors import GatewayRefused, GatewayUnreachable, JobFailed, JobUnfinished
from atomic_verify.client.gateway import INLINE_BYTES, GatewayClient
from atomic_verify.client.records import ENDED, ItemAnswer, JobStatus

__all__ = [
    "ENDED",
    "INLINE_BYTES",
    "GatewayClient",
    "GatewayRefused",
    "GatewayUnreachable",
    "ItemAnswer",
    "JobFailed",
    "JobStatus",
    "JobUnfinished",
]
