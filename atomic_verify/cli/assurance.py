"""What of a result is proven and what is optimistic, as people read it; made from the JSON that gateways tell."""

from collections.abc import Mapping
from typing import Any

from atomic_verify.cli.disputes import Field, show_time

DEVELOPMENT = "development SRS: somebody may know its secret, so the proof is worth nothing on its own"


def assurance_fields(job: Mapping[str, Any]) -> list[Field]:
    """A job's: its decisions, their proof, and until when the rest can be disputed. Nothing for an optimistic job."""
    told = job.get("assurance") or {}
    if told.get("guarantee") in (None, "optimistic"):
        return []
    found: list[Field] = [("guarantee", told["guarantee"])]
    proven, rest = told.get("proven"), told.get("optimistic")
    if proven is None:
        found.append(("proven", "nothing yet"))
        if rest is None:
            return found
    else:
        for one in proven["decisions"]:
            found.append((f"item {one['item']}", f"decision {one['decision']} is proven, {_sure(one)}"))
        found.append(("proof", f"{proven['by']}, checked by {proven['verifier']} in {proven['transaction']}"))
        if proven.get("srs") == "development":
            found.append(("warning", DEVELOPMENT))
    found.append(("optimistic", _optimistic(rest)))
    return found


def brief_assurance(item: Mapping[str, Any]) -> str:
    """An item's, in a table's cell."""
    told = item.get("assurance") or {}
    proven, optimistic = told.get("proven"), told.get("optimistic")
    if proven is None:
        return "optimistic"
    label = proven.get("label")
    words = f"decision {proven['decision']}{'' if label is None else f' ({label})'} proven, {_sure(proven)}"
    return words if optimistic is None else f"{words}; the rest optimistic"


def _sure(decision: Mapping[str, Any]) -> str:
    return "certain" if decision["certain"] else "within tolerance"


def _optimistic(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "nothing: proven in all of it"
    names = ", ".join(told["outputs"]) if told["outputs"] else "outputs"
    if told["final"]:
        return f"{names}: final, nobody showed them to be wrong"
    if told["until"] is None:
        return f"{names}: not final"
    return f"{names}: can be shown to be wrong until they are final, at {show_time(told['until'])} at the earliest"
