"""`atomic job`: ask a gateway for work, follow it, read its answers."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from atomic_verify.cli.amounts import TOKEN, parse_tokens, show_tokens
from atomic_verify.cli.answers import brief_answer
from atomic_verify.cli.assurance import assurance_fields, brief_assurance
from atomic_verify.cli.disputes import dispute_fields
from atomic_verify.cli.flags import AsJson, with_settings
from atomic_verify.cli.output import note, print_fields, print_json, print_table, status_console
from atomic_verify.client import GatewayClient, ItemAnswer, JobStatus
from atomic_verify.config import ConfigInvalid, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Ask for work and read its answers.")

_JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]
_Timeout = Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait at most.")]
_Receipts = Annotated[
    Path | None, typer.Option("--receipts", help="Folder that each item's receipt is written into, once it is final.")
]
_Url = Annotated[
    str | None,
    typer.Option("--gateway", metavar="URL", help="The gateway.", show_default="the one that the settings describe"),
]
_KEY = "gateway__write_key_file"


@app.command()
@with_settings(_KEY)
def submit(
    settings: Settings,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", exists=True, dir_okay=False, help="One item each."),
    ],
    model: Annotated[str, typer.Option("--model", help="The model's name or id.")] = "magika",
    max_price: Annotated[
        int,
        typer.Option(
            "--max-price", parser=parse_tokens, metavar="AMOUNT", help="The most to pay, in tokens.", show_default="1"
        ),
    ] = TOKEN,
    kind: Annotated[Literal["auction", "quote"], typer.Option("--kind", help="How the worker is found.")] = "auction",
    guarantee: Annotated[
        Literal["optimistic", "hybrid", "proven"],
        typer.Option(
            "--guarantee", help="How the result is secured; hybrid and proven: by zk-SNARKs, 8 files at most."
        ),
    ] = "optimistic",
    times: Annotated[
        str | None,
        typer.Option("--times", metavar="B,R,E,W", help="Seconds to bid, reveal, execute, challenge."),
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="The same key never makes a second job.")
    ] = None,
    wait_for: Annotated[bool, typer.Option("--wait", help="Wait until it is final, and print the answers.")] = False,
    timeout: _Timeout = 3_600,
    receipts: _Receipts = None,
    url: _Url = None,
    as_json: AsJson = False,
) -> None:
    """Ask for one job over FILES: the gateway posts it and pays for it. Prints the job's id."""
    with _client(settings, url) as gateway:
        status = gateway.submit(
            model,
            files,
            max_price=max_price,
            kind=kind,
            times=_times(times),
            idempotency_key=idempotency_key,
            guarantee=guarantee,
        )
        if wait_for:
            _finish(gateway, status.id, timeout, receipts, as_json)
        elif as_json:
            print_json(dict(status.raw))
        else:
            print_fields([("job", status.id), ("state", status.state)])


@app.command()
@with_settings(_KEY)
def show(settings: Settings, job: _JobId, url: _Url = None, as_json: AsJson = False) -> None:
    """Show a job: state, deadlines, bids, who was chosen and why, what is proven, and the gas of each transaction."""
    with _client(settings, url) as gateway:
        status = gateway.job(job)
    if as_json:
        print_json(dict(status.raw))
    else:
        _show(status)


@app.command()
@with_settings(_KEY)
def wait(
    settings: Settings,
    job: _JobId,
    timeout: _Timeout = 3_600,
    receipts: _Receipts = None,
    url: _Url = None,
    as_json: AsJson = False,
) -> None:
    """Wait until a job is final, then print the answers. Ends with an error when the job has no result that stands."""
    with _client(settings, url) as gateway:
        _finish(gateway, job, timeout, receipts, as_json)


@app.command("list")
@with_settings(_KEY)
def list_jobs(
    settings: Settings,
    state: Annotated[str | None, typer.Option("--state", help="Only jobs in this state, such as final.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 50,
    url: _Url = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs that the gateway sees on the chain, newest first."""
    with _client(settings, url) as gateway:
        found = gateway.jobs(limit, **({} if state is None else {"state": state}))
    if as_json:
        print_json([dict(status.raw) for status in found])
        return
    rows = [[one.id, one.state, one.item_count, _price(one), one.worker or ""] for one in found]
    print_table(["job", "state", "items", "price", "worker"], rows, empty="There are no jobs.")


def _client(settings: Settings, url: str | None) -> GatewayClient:
    """The gateway at `url`, or the one that the settings describe, with its write key."""
    own = settings.gateway
    key = None
    if own.write_key_file is not None:
        try:
            key = own.write_key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"The write key can't be read from {own.write_key_file}.") from error
    return GatewayClient(url or own.public_url or f"http://{own.host}:{own.port}", write_key=key)


def _times(text: str | None) -> dict[str, int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 4 or not all(part.isdigit() and part.isascii() for part in parts):
        raise typer.BadParameter("four whole numbers of seconds are wanted, such as 20,20,600,60", param_hint="--times")
    return dict(zip(("bidding", "reveal", "execution", "window"), map(int, parts), strict=True))


def _finish(gateway: GatewayClient, job: str, timeout: float, receipts: Path | None, as_json: bool) -> None:
    """Waits, fetches the answers and receipts, and prints them."""
    with status_console().status(f"{job}: asking") as spinner:
        done = gateway.wait(job, timeout=timeout, on_look=lambda look: spinner.update(f"{job}: {look.state}"))
        answers = list(gateway.answers(job))
        if receipts is not None:
            receipts.mkdir(parents=True, exist_ok=True)
            for one in answers:
                (receipts / f"{job}-{one.item}.json").write_bytes(gateway.receipt(job, one.item))
            note(f"{len(answers)} receipts are in {receipts}.")
    if as_json:
        print_json({"job": dict(done.raw), "answers": [dict(one.raw) for one in answers]})
        return
    _show(done)
    columns = ["item", "name", "answer", "verified", "secured by"]
    print_table(columns, map(_row, answers), empty="The job has no items.")


def _row(one: ItemAnswer) -> list[object]:
    if one.is_void:
        return [one.item, one.name or "", "void: shown to be wrong, not paid for", "NO", ""]
    verified = "yes" if one.verified else "NOT YET"
    return [one.item, one.name or "", json.dumps(brief_answer(one.answer))[:200], verified, brief_assurance(one.raw)]


def _show(status: JobStatus) -> None:
    raw = status.raw
    fields: list[tuple[str, object]] = [("job", status.id), ("state", status.state)]
    for error in filter(None, [raw.get("error")]):
        fields.append(("error", f"{error.get('code')}: {error.get('message')}"))
    if raw.get("model"):
        fields += [("model", raw["model"].get("name") or raw["model"].get("id")), ("items", status.item_count)]
    fields += [("price", _price(status)), ("worker", status.worker or "none yet")]
    fields += [(name.replace("_", " "), at) for name, at in (raw.get("deadlines") or {}).items() if at is not None]
    for bid in raw.get("bids", ()):
        price = "sealed" if bid["price"] is None else show_tokens(int(bid["price"]))
        fields.append(("bid", f"{bid['worker']} {bid['status']} {price}"))
    for attempt in raw.get("attempts", ()):
        missed = " (missed its deadline)" if attempt["missed"] else ""
        fields.append((f"attempt {attempt['number']}", f"{attempt['worker']}{missed}: {attempt['why']}"))
    fields += assurance_fields(raw)
    fields += dispute_fields(raw)
    fields += [(f"gas of {one['name']}", f"{one['gas']:,}") for one in raw.get("transactions", ())]
    print_fields(fields)


def _price(status: JobStatus) -> str:
    known: Any = status.raw.get("price") or status.raw.get("max_price")
    if known is None:
        return ""
    return show_tokens(int(known)) + ("" if status.raw.get("price") else " at most")
