"""Claims and lines as people read them; made from the JSON that gateways and `atomic claim` tell."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from atomic_verify.cli.amounts import show_tokens

Field = tuple[str, object]


def dispute_fields(job: Mapping[str, Any]) -> list[Field]:
    """What disputes did to a job: void items, who showed them, claims and lines."""
    found: list[Field] = []
    result = job.get("result") or {}
    if result.get("slashed"):
        found.append(("slashed", f"convicted by {result['challenger']}: nothing stands, all is paid back"))
    elif job.get("state") == "slashed":
        found.append(("slashed", "too many jobs with void items: nothing stands, all is paid back"))
    found += [
        (
            f"item {void['item']}",
            f"void: {void['challenger']} showed it wrong; {_paid(void['charged'])} of the bond went to it",
        )
        for void in result.get("voids", ())
    ]
    found += [(f"claim {claim['id']}", brief_claim(claim)) for claim in job.get("claims", ())]
    found += [(f"line {line['id']}", brief_line(line)) for line in job.get("lines", ())]
    return found


def claim_fields(claim: Mapping[str, Any]) -> list[Field]:
    """All of one claim."""
    refutation = claim.get("refutation")
    trace = claim["trace"]
    found: list[Field] = [
        ("claim", claim["id"]),
        ("state", claim["state"]),
        ("job", claim["job"]),
        ("says", f"item {claim['item']} is wrong in output {claim['output']}, element {claim['element']}"),
        ("would", {"void": "make the item void", "slash": "slash the worker"}.get(claim["outcome"], claim["outcome"])),
        ("claimer", claim["claimer"]),
        ("worker", claim.get("worker") or "unknown"),
        ("trace", f"{trace['root']}, served as blob {trace['digest']}"),
        ("revealed", show_time(claim["revealed_at"])),
        ("upheld from", show_time(claim["upholdable_at"])),
    ]
    if claim["ended_at"] is not None:
        found.append(("ended", show_time(claim["ended_at"])))
    found.append(("bond", _paid(claim["bond"])))
    found.append(("cost", f"{_paid(claim['cost'])}, of which the worker paid {_paid(claim['charged'])}"))
    if refutation is not None:
        found += list(_refutation_fields(refutation))
    for line in claim.get("lines", ()):
        found.append((f"line {line['id']}", brief_line(line)))
        found += [(f"  round {one['number']}", _round(one)) for one in line["rounds"]]
    for one in claim.get("transactions", ()):
        found.append((f"gas of {one['name']}", f"{one['gas']:,} by {one['sender']} in {one['hash']}"))
    return found


def brief_claim(claim: Mapping[str, Any]) -> str:
    """A claim in one line."""
    what = f"{claim['state']}: {claim['claimer']} says that item {claim['item']} is wrong ({claim['outcome']})"
    if claim["state"] == "open":
        return f"{what}; refutable before {show_time(claim['upholdable_at'])}"
    refutation = claim.get("refutation")
    return what if refutation is None else f"{what}; {refutation['refuter']} refuted it ({refutation['why']})"


def brief_line(line: Mapping[str, Any]) -> str:
    """A line in one line."""
    about = f"the trace of claim {line['claim']}" if line["claim"] else f"the {line['subject']} of item {line['item']}"
    rounds = len(line["rounds"])
    what = f"{line['opener']} asks for {about}, {rounds} round{'s' if rounds != 1 else ''}"
    if line["end"] is not None:
        return f"{what}: ended {line['end']}"
    return f"{what}: the {line['turn']} has until {show_time(line['due'])}"


def show_time(at: int | None) -> str:
    """A second of the chain's clock, as people read it."""
    return "no time" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _refutation_fields(found: Mapping[str, Any]) -> Iterator[Field]:
    where = f" at step {found['step']}, element {found['element']}" if found["why"] == "broken" else ""
    yield "refuted", f"by {found['refuter']}: {found['why']}{where}"
    money = f"{_paid(found['reward'])} to the refuter, {_paid(found['to_worker'])} to the worker"
    yield "its bond", f"{money}, {_paid(found['burned'])} burned"


def _round(one: Mapping[str, Any]) -> str:
    leaves = sum(run["count"] for run in one["asks"])
    tensors = ", ".join(str(run["tensor"]) for run in one["asks"])
    asked = f"{leaves} leaves of tensor {tensors}"
    if one["answered_at"] is None:
        return f"{asked}; to be answered by {show_time(one['answer_by'])}"
    return f"{asked}; answered by {one['answerer']} for {_paid(one['paid'])}"


def _paid(amount: str | None) -> str:
    return f"{show_tokens(int(amount or 0))} tokens"
