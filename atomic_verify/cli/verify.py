"""`atomic verify`: check a receipt without trusting who handed it out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import DeploymentMissing
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.chain.rpc import Rpc
from atomic_verify.cli.amounts import parse_account, parse_digest
from atomic_verify.cli.answers import answer_of
from atomic_verify.cli.flags import AsJson, with_settings
from atomic_verify.cli.output import console, print_json, status_console
from atomic_verify.config import Settings
from atomic_verify.errors import AtomicError
from atomic_verify.models.library import ModelLibrary
from atomic_verify.receipts import (
    ProofFinding,
    Receipt,
    Report,
    SnarkCheck,
    Verdict,
    load_receipt,
    verify_offline,
    verify_on_chain,
)
from circuits.errors import CircuitFailed, ProofInvalid
from circuits.prover import Circuit
from circuits.runner import INSTALL, is_available
from prover.equipment import keys_folder

app = typer.Typer(add_completion=False)


@app.command()
@with_settings("deployments_dir", "models_dir")
def verify(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="RECEIPT", exists=True, dir_okay=False, help="The receipt's file.")],
    rpc: Annotated[str | None, typer.Option("--rpc", metavar="URL", help="A node of its chain, to ask.")] = None,
    root: Annotated[
        bytes | None,
        typer.Option("--root", parser=parse_digest, metavar="0x..", help="The committed root, known from elsewhere."),
    ] = None,
    market: Annotated[
        str | None,
        typer.Option("--market", parser=parse_account, metavar="ADDRESS", help="The market that you trust."),
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(
            "--verifier",
            parser=parse_account,
            metavar="ADDRESS",
            help="The contract that checks a zk-SNARK, if not the receipt's; it must have the model's verifier code.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a receipt, and say in plain words what was and what wasn't verified. A wrong receipt ends with an error.

    With --rpc it is checked against the chain, with --root against a root that you know, without either only against
    itself. The market is compared with --market, or with the deployment record of the receipt's chain if there is one.
    The zk-SNARK of a proven decision is checked by a contract of the chain, and by EZKL where it is installed with the
    model.
    """
    receipt = load_receipt(file)
    report = _offline(settings, receipt, root)
    if rpc is not None:
        trusted = market or _recorded_market(settings, receipt.chain_id)
        on_chain = verify_on_chain(receipt, ReceiptChain(Rpc(rpc)), trusted_market=trusted, verifier=verifier)
        report = _merged(report, on_chain)
    answer, why_not = _recompute(settings, receipt)
    if as_json:
        print_json(
            {
                "receipt": str(file),
                "final": report.final,
                "verdict": report.verdict.value,
                "verified": [check.words for check in report.verified],
                "unverified": [check.words for check in report.unverified],
                "proof": None if report.proof is None else _proof_json(report.proof),
                "meaning": list(report.meaning),
                "answer": answer,
            }
        )
        return
    _print(report, answer, why_not)


_ENDS: Final[Mapping[Verdict, str]] = {
    Verdict.GOOD: "The result is final and stands.",
    Verdict.VOID: "The item is void: it was shown to be wrong, and is not paid for.",
    Verdict.SLASHED: "The worker was slashed: the result does not stand, and all is paid back.",
    Verdict.OPEN: "The result is not final yet.",
    Verdict.UNKNOWN: "The result is not known to be final.",
}


def _offline(settings: Settings, receipt: Receipt, root: bytes | None) -> Report:
    """What can be told without a chain; of the SNARK only with EZKL and the model, and nothing where EZKL fails."""
    check, why_not = _snark_check(settings, receipt)
    try:
        return verify_offline(receipt, root, snark=check, why_not=why_not)
    except CircuitFailed as error:
        return verify_offline(receipt, root, why_not=f"EZKL failed to check it here: {error.message.rstrip('.')}.")


def _snark_check(settings: Settings, receipt: Receipt) -> tuple[SnarkCheck | None, str]:
    """What checks SNARKs on this machine, or why nothing does and what to do about it."""
    if receipt.proof is None or receipt.proof.snark is None:
        return None, ""
    if not is_available():
        return None, f"no chain was asked, and EZKL isn't installed. Give --rpc URL, or: {INSTALL}."
    try:
        model = ModelLibrary(settings.models_dir).get(receipt.model)
        circuit = Circuit.open(model, cache=keys_folder(model, settings.data_dir))
    except AtomicError as error:
        return (
            None,
            f"no chain was asked, and here: {error.message.rstrip('.')}. Give --rpc URL, or: atomic model build NAME.",
        )

    def check(snark: bytes, instances: Sequence[int]) -> bool:
        try:
            with status_console().status("EZKL checks the SNARK"):
                circuit.verify(snark, instances)
        except ProofInvalid:
            return False
        except (AtomicError, OSError) as error:
            raise CircuitFailed(str(error)) from error
        return True

    return check, ""


def _merged(offline: Report, on_chain: Report) -> Report:
    """Both reports; what the chain told is no longer unverified."""
    extra = tuple(check for check in offline.verified if check not in on_chain.verified)
    proof = on_chain.proof
    if proof is not None and offline.proof is not None:
        proof = replace(proof, checked_by=offline.proof.checked_by + proof.checked_by)
    return replace(on_chain, verified=on_chain.verified + extra, proof=proof)


def _proof_json(found: ProofFinding) -> dict[str, Any]:
    unit = 2.0**-found.step.output_scale
    return {
        "kind": found.step.kind.name.lower(),
        "decision": found.decision,
        "certain": found.is_certain,
        "lead": found.lead * unit,
        "margin": found.step.certain_margin * unit,
        "srs": "development" if found.step.development else "ceremony",
        "checked_by": list(found.checked_by),
    }


def _recorded_market(settings: Settings, chain_id: int) -> str | None:
    try:
        return Deployment.load(settings.deployments_dir / f"{chain_id}.json", chain_id).market
    except DeploymentMissing:
        return None


def _recompute(settings: Settings, receipt: Receipt) -> tuple[dict[str, Any] | None, str]:
    """The typed answer from the receipt's own tensors, or why there is none."""
    try:
        model = ModelLibrary(settings.models_dir).get(receipt.model)
    except AtomicError:
        return None, f"the model {receipt.model} isn't installed here, so the tensors were not turned into an answer"
    try:
        answer = answer_of(receipt, model)
    except AtomicError as error:
        return None, f"the tensors have no valid answer under the model's schema: {error.message}"
    return answer, "the tensors are too large for a receipt: fetch them, and compare their roots"


def _print(report: Report, answer: dict[str, Any] | None, why_not: str) -> None:
    out = console()
    out.print("[bold green]Verified[/]")
    for check in report.verified:
        out.print(f"  + {check.words}", markup=False)
    if report.unverified or answer is None:
        out.print("[bold yellow]Not verified[/]")
    for check in report.unverified:
        out.print(f"  - {check.words}", markup=False)
    if answer is None:
        out.print(f"  - The typed answer: {why_not}.", markup=False)
    else:
        out.print("[bold]The answer, made from the tensors in the receipt[/]")
        for name, value in answer.items():
            out.print(f"  {name}: {value}", markup=False)
    if report.meaning:
        out.print("[bold]What is proven[/]")
    for words in report.meaning:
        out.print(f"  {words}", markup=False)
    out.print(_ENDS[report.verdict], style="bold")
