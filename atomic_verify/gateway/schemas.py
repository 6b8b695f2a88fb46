"""What clients send: one request of work, checked and bounded before anything is done with it.

Amounts are base units; as JSON numbers below 2^53 or decimal strings. Times are seconds.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from atomic_verify.protocol.types import Guarantee, Kind

MAX_ITEMS = 10_000
"""Items of one request's body; more go by digest."""

DigestText = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="sha256 of a blob, hexadecimal")]


def _amount(value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 39:
        return int(value)
    return value


AmountValue = Annotated[int, BeforeValidator(_amount, json_schema_input_type=int | str), Field(ge=0, lt=2**128)]
Seconds = Annotated[int, Field(ge=0, lt=2**32)]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TensorValue(Schema):
    """A tensor's elements: `data` in row-major order, flat or nested, or `raw` as base64 of little-endian bytes.

    `datatype` (ONNX's name, lower case) and `shape` may be given and must then be the signature's.
    """

    data: list[Any] | None = None
    raw: str | None = None
    datatype: str | None = None
    shape: list[int] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.data is None) == (self.raw is None):
            raise ValueError("a tensor has either data or raw")
        return self


class ItemValue(Schema):
    """One inference: its raw bytes (base64), the digest of an uploaded blob of them, or its input tensors by name."""

    raw: str | None = None
    digest: DigestText | None = None
    tensors: dict[str, TensorValue] | None = Field(None, max_length=16)
    name: str | None = Field(None, max_length=512)
    """The client's own name for it, such as a file's path; it comes back with the answer."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(value is not None for value in (self.raw, self.digest, self.tensors)) != 1:
            raise ValueError("an item has one of raw, digest and tensors")
        return self


class PayloadValue(Schema):
    """A whole batch as one uploaded blob: the input tensors' bytes, item after item."""

    digest: DigestText
    item_count: int = Field(ge=1, le=2**20)


class Times(Schema):
    """The spans of the job; the market bounds them."""

    bidding: Seconds = 20
    reveal: Seconds = 20
    execution: Seconds | None = Field(
        None, description="by default 600, and time to prove each item of a hybrid or proven job besides"
    )
    window: Seconds = 60


class JobRequest(Schema):
    """A request for verified results."""

    model: str = Field(min_length=1, max_length=128, description="a model's name or id")
    items: list[ItemValue] | None = Field(None, min_length=1, max_length=MAX_ITEMS)
    input: PayloadValue | None = None
    max_price: AmountValue
    token: str | None = Field(None, description="payment token; by default the utility token")
    job_bond: AmountValue | None = Field(None, description="by default the least that the market takes")
    kind: Literal["auction", "quote"] = "auction"
    guarantee: Literal["optimistic", "hybrid", "proven"] = Field(
        "optimistic", description="one that the model offers; hybrid and proven jobs have at most 8 items"
    )
    times: Times = Times()

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        if (self.items is None) == (self.input is None):
            raise ValueError("a request has either items or input")
        return self

    @property
    def item_count(self) -> int:
        return self.input.item_count if self.input is not None else len(self.items or ())

    @property
    def kind_value(self) -> Kind:
        return Kind[self.kind.upper()]

    @property
    def guarantee_value(self) -> Guarantee:
        return Guarantee[self.guarantee.upper()]
