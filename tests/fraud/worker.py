"""A lying worker: the honest daemon, but for the output that it commits and the one kind of job that it takes.

python -m tests.fraud.worker LIE --config atomic.toml --price MAX_PRICE
"""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from atomic_verify.config import Settings, load_settings
from atomic_verify.execution.record import Execution
from atomic_verify.protocol.primitives import ModelId
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.blobs import BlobStore
from prover import daemon, outputs
from prover.errors import QuoteRefused
from prover.outputs import Output
from prover.quotes import QuoteDesk, SignedQuote
from prover.startup import open_workshop
from prover.workshop import Workshop
from tests.fraud.lies import LIES, Lie, Work, tell

WITHHELD = "withheld"
"""No lie about the output: the worker commits the right one and gives it to nobody."""


class LyingWorkshop:
    """A workshop whose executions are lies; all else is the honest one's."""

    def __init__(self, honest: Workshop, lie: Lie) -> None:
        self._honest = honest
        self._lie = lie

    def __getattr__(self, name: str) -> Any:
        return getattr(self._honest, name)

    def __len__(self) -> int:
        return len(self._honest)

    def execute(self, model_id: ModelId, payload: bytes, item_count: int, digest: str) -> Execution:
        execution = self._honest.execute(model_id, payload, item_count, digest)
        model = self._honest.model(model_id)
        assert model is not None
        return replace(execution, payload=tell(self._lie, Work(model, item_count, payload, execution.payload)))


def choosy_desk(max_price: int) -> type[QuoteDesk]:
    """A desk that quotes for jobs of this price only: each story's job has a price of its own."""

    class ChoosyDesk(QuoteDesk):
        def quote(self, rfp: Rfp, input_uri: str) -> SignedQuote:
            if rfp.max_price != max_price:
                raise QuoteRefused("This is not the job that this worker lies in wait for", reason="price")
            return super().quote(rfp, input_uri)

    return ChoosyDesk


def withholding(publish: Callable[[Execution, BlobStore], Output]) -> Callable[[Execution, BlobStore], Output]:
    """Publishing that leaves nothing to be fetched."""

    def published(execution: Execution, store: BlobStore) -> Output:
        output = publish(execution, store)
        store.delete(output.payload)
        return output

    return published


def run(settings: Settings, lie: str, max_price: int) -> None:
    """Runs the worker until SIGTERM."""

    def lying_workshop(*arguments: Any) -> Any:
        return LyingWorkshop(open_workshop(*arguments), LIES[lie])

    with ExitStack() as stack:
        stack.enter_context(patch.object(daemon, "QuoteDesk", choosy_desk(max_price)))
        if lie == WITHHELD:
            stack.enter_context(patch.object(outputs, "publish", withholding(outputs.publish)))
        else:
            stack.enter_context(patch.object(daemon, "open_workshop", lying_workshop))
        daemon.run(settings)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lie", choices=[*LIES, WITHHELD])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--price", type=int, required=True)
    given = parser.parse_args()
    # Neither walls nor haste are needed here: a lighter process leaves the machine to the honest.
    settings = load_settings(given.config, worker={"sandbox": "never", "poll_seconds": 1.5})
    run(settings, given.lie, given.price)


if __name__ == "__main__":
    main()
