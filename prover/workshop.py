"""The installed models, warmed up and measured: what the worker can execute, how long that takes, and executing it.

Life cycle: before bidding (facts), execute. An *engine* is one model's warm session. Seconds per item are measured once
at the start and follow what jobs really took.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from atomic_verify.execution.record import Execution
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.primitives import ModelId
from prover.bidding import ModelFacts
from prover.provers import Provers

SMOOTHING = 0.3
"""Weight of the newest job in the running mean of seconds per item."""


class Engine(Protocol):
    """One model's warm session; used by one thread at a time."""

    def run_payload(self, item_count: int, payload: bytes, input_sha256: str | None = None) -> Execution:
        """The output of a batch, and the record of how it was made."""
        ...


class Workshop:
    """The models of one worker. `execute` is called by one thread at a time, `facts` and `model` by any."""

    def __init__(
        self,
        models: Mapping[ModelId, InstalledModel],
        open_engine: Callable[[InstalledModel], Engine],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._models = dict(models)
        self._open = open_engine
        self._clock = clock
        self._engines: dict[ModelId, Engine] = {}
        self._seconds: dict[ModelId, float] = {}
        self._lock = threading.Lock()
        self.provers = Provers()
        """The circuits of those models that can be proven here; set once, before work is taken on."""

    def __len__(self) -> int:
        return len(self._models)

    @property
    def models(self) -> Mapping[ModelId, InstalledModel]:
        """All installed models by id."""
        return self._models

    def warm_up(self, judge: Callable[[InstalledModel, Engine], None] = lambda model, engine: None) -> None:
        """Opens each model's engine, measures one item of zeros and lets `judge` refuse the model.

        Raises what engines and `judge` raise.
        """
        for model_id, model in self._models.items():
            zeros = bytes(model.manifest.input_signature.nbytes)
            engine = self._engine(model_id)
            engine.run_payload(1, zeros)
            began = self._clock()
            engine.run_payload(1, zeros)
            self._note(model_id, self._clock() - began)
            judge(model, engine)

    def model(self, model_id: ModelId) -> InstalledModel | None:
        """The installed model of this id, or None."""
        return self._models.get(model_id)

    def facts(self, model_id: ModelId) -> ModelFacts | None:
        """What the pricing policy needs to know of a model; None when it isn't installed or wasn't measured."""
        model, seconds = self._models.get(model_id), self._seconds.get(model_id)
        if model is None or seconds is None:
            return None
        manifest = model.manifest
        return ModelFacts(
            disputable=manifest.disputable,
            input_bytes=manifest.input_signature.nbytes,
            output_bytes=manifest.output_signature.nbytes,
            seconds_per_item=seconds,
            proves=self.provers.guarantee(model_id),
            seconds_per_proof=self.provers.seconds(model_id),
            most_proofs=self.provers.most_items(model_id),
        )

    def execute(self, model_id: ModelId, payload: bytes, item_count: int, digest: str) -> Execution:
        """Runs a batch whose payload has the sha256 `digest`.

        Raises what the engine raises; after that the engine is opened anew.
        """
        began = self._clock()
        try:
            execution = self._engine(model_id).run_payload(item_count, payload, digest)
        except BaseException:
            self._drop(model_id)
            raise
        self._note(model_id, (self._clock() - began) / item_count)
        return execution

    def close(self) -> None:
        """Ends all engines."""
        for model_id in list(self._engines):
            self._drop(model_id)

    def _engine(self, model_id: ModelId) -> Engine:
        if model_id not in self._engines:
            self._engines[model_id] = self._open(self._models[model_id])
        return self._engines[model_id]

    def _drop(self, model_id: ModelId) -> None:
        engine = self._engines.pop(model_id, None)
        # A session in this process holds nothing that must be let go; a sandboxed one holds a child process.
        close: Callable[[], None] | None = getattr(engine, "close", None)
        if close is not None:
            close()

    def _note(self, model_id: ModelId, seconds_per_item: float) -> None:
        with self._lock:
            before = self._seconds.get(model_id, seconds_per_item)
            self._seconds[model_id] = before + SMOOTHING * (seconds_per_item - before)
