"""A job and an answer as a gateway tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

ENDED: Final = frozenset({"final", "slashed", "cancelled", "expired", "refused"})


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the gateway tells it; `raw` is all of it.

    `state`: planned, posted, awarded, committed, or one of ENDED. `worker` does it or did it, `price` is what it gets.
    """

    id: str
    state: str
    worker: str | None
    price: int | None
    item_count: int
    raw: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        price = None if raw.get("price") is None else int(raw["price"])
        return cls(str(raw["id"]), str(raw["state"]), raw.get("worker"), price, int(raw.get("item_count") or 0), raw)


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """The typed answer of one item; `verified` once the job is final. A void one was shown to be wrong."""

    item: int
    name: str | None
    answer: Mapping[str, Any]
    verified: bool
    raw: Mapping[str, Any]
    is_void: bool = False
    assurance: Mapping[str, Any] = field(default_factory=dict)
    """What of it is proven, what is optimistic and until when; empty for a void one."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            item=int(raw["item"]),
            name=raw.get("name"),
            answer=dict(raw["answer"]),
            verified=bool(raw["verified"]),
            raw=raw,
            assurance=dict(raw.get("assurance") or {}),
        )
