"""Jobs over HTTP: ask for work, follow it, read its answers and receipts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from atomic_verify.commitments import Batch, TensorSpec
from atomic_verify.gateway.assurance import item_assurance
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.driver import Driver
from atomic_verify.gateway.errors import ItemUnknown, JobUnknown, RequestMalformed
from atomic_verify.gateway.reading import ReadItem, parse_job, read_item, read_receipt
from atomic_verify.gateway.routes.parts import driver_of, gateway_of
from atomic_verify.gateway.schemas import JobRequest
from atomic_verify.gateway.submit import submit
from atomic_verify.gateway.views import item_view, job_view, request_view, summary_view, tensors_view
from atomic_verify.models.errors import ModelUnknown
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.types import JobId, JobState, parse_address, to_hex
from atomic_verify.storage.views import JobPosition

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Opened = Annotated[Gateway, Depends(gateway_of)]
Running = Annotated[Driver, Depends(driver_of)]
JobText = Annotated[str, Path(max_length=80)]
ItemNumber = Annotated[int, Path(ge=0, lt=2**32)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Side = Literal["inputs", "outputs"]


@router.post("", status_code=202)
def post_job(
    gateway: Opened, driver: Running, response: Response, body: JobRequest, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Asks for work. The answer comes before the chain has the job; its id is final already."""
    job = submit(gateway, body, idempotency_key)
    driver.wake()
    response.headers["Location"] = f"/v1/jobs/{to_hex(job)}"
    return _job(gateway, job)


@router.get("")
def list_jobs(
    gateway: Opened,
    state: Annotated[list[str] | None, Query(max_length=8)] = None,
    requester: Annotated[str | None, Query(max_length=42)] = None,
    worker: Annotated[str | None, Query(max_length=42)] = None,
    after: Annotated[str | None, Query(pattern=r"^[0-9]{1,15}\.[0-9]{1,9}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """Jobs on the chain, newest first; `next` of the answer is `after` of the next page."""
    page = gateway.queries.jobs(
        states=None if state is None else [_state(name) for name in state],
        requester=None if requester is None else parse_address(requester),
        worker=None if worker is None else parse_address(worker),
        after=_position(after),
        limit=limit,
    )
    following = None if page.next is None else f"{page.next[0]}.{page.next[1]}"
    return {"jobs": [summary_view(job) for job in page.jobs], "next": following}


@router.get("/{job}")
def get_job(gateway: Opened, job: JobText) -> dict[str, Any]:
    """A job: its state, deadlines and bids, who was chosen and why, and the gas of each transaction."""
    return _job(gateway, parse_job(job))


@router.get("/{job}/items/{item}")
def get_item(
    gateway: Opened, job: JobText, item: ItemNumber, tensors: Annotated[Literal["none", "json"], Query()] = "none"
) -> dict[str, Any]:
    """An item's typed answer, unless the item is void. `verified` is false before finality; `tensors=json` adds inputs
    and outputs."""
    read = read_item(gateway, parse_job(job), item)
    named = gateway.requests.item(read.job.id, item)
    name = None if named is None else named.details.get("name")
    manifest, answer = read.model.manifest, read.answer()
    assurance = item_assurance(read.job, manifest.spec(), item, read.outputs.item(item), answer)
    view = item_view(read.job, read.result, item, answer, name, manifest.disputable, assurance)
    if tensors == "json":
        for side in ("inputs", "outputs"):
            specs, batch = _side(read, side)
            view[side] = tensors_view(specs, batch.item(item))
    return view


@router.get("/{job}/items/{item}/receipt")
def get_receipt(gateway: Opened, job: JobText, item: ItemNumber) -> Response:
    """The item's receipt, a file that anybody can check."""
    receipt = read_receipt(gateway, read_item(gateway, parse_job(job), item))
    return Response(receipt.to_json(), media_type="application/json")


@router.get("/{job}/items/{item}/{side}/{tensor}", response_class=Response)
def get_tensor(gateway: Opened, job: JobText, item: ItemNumber, side: Side, tensor: str) -> Response:
    """One tensor's raw bytes, row-major and little-endian; its dtype and shape are in the headers."""
    read = read_item(gateway, parse_job(job), item)
    specs, batch = _side(read, side)
    parts = {spec.name: (spec, data) for spec, data in batch.signature.split(batch.item_payload(item))}
    if tensor not in parts:
        raise ItemUnknown(f"The item's {side} are {', '.join(spec.name for spec in specs)}.", tensor=tensor[:128])
    spec, data = parts[tensor]
    shape = ",".join(map(str, spec.shape))
    headers = {"Atomic-Datatype": spec.dtype.name.lower(), "Atomic-Shape": shape}
    return Response(bytes(data), media_type="application/octet-stream", headers=headers)


def _job(gateway: Gateway, job: JobId) -> dict[str, Any]:
    record = gateway.queries.job(job)
    decisions = gateway.decisions.of(job)
    if record is not None:
        model = _installed(gateway, record.rfp.model_id)
        return job_view(
            record,
            model=model,
            decisions=decisions,
            transactions=gateway.queries.transactions(job),
            claims=gateway.queries.claims(job=job),
            lines=gateway.queries.lines(job=job),
        )
    request = gateway.requests.by_job(job)
    if request is None:
        raise JobUnknown("Neither the chain nor this gateway has this job.", job=to_hex(job))
    return request_view(request, decisions)


def _installed(gateway: Gateway, model_id: bytes) -> InstalledModel | None:
    try:
        return gateway.models.by_id(model_id)
    except ModelUnknown:
        return None


def _side(read: ReadItem, side: str) -> tuple[tuple[TensorSpec, ...], Batch]:
    manifest = read.model.manifest
    return (manifest.input_specs, read.inputs) if side == "inputs" else (manifest.output_specs, read.outputs)


def _state(name: str) -> JobState:
    try:
        return JobState[name.upper()]
    except KeyError:
        known = ", ".join(state.name.lower() for state in JobState if state is not JobState.NONE)
        raise RequestMalformed(f"A state is one of {known}.", state=name[:40]) from None


def _position(text: str | None) -> JobPosition | None:
    if text is None:
        return None
    block, _, log = text.partition(".")
    return int(block), int(log)
