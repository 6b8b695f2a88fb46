"""`atomic stake`: a worker's deposit, from which the bonds of its jobs are taken."""

import typer

from atomic_verify.cli.account import connect, open_account, whose
from atomic_verify.cli.amounts import show_tokens
from atomic_verify.cli.flags import CHAIN, KEY, AsJson, Tokens, Whose, with_settings
from atomic_verify.cli.output import note, print_fields, print_json
from atomic_verify.config import Settings
from atomic_verify.protocol.primitives import Amount

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Deposit stake, and take it out again.")


@app.command()
@with_settings(*KEY)
def add(settings: Settings, amount: Tokens) -> None:
    """Deposit utility tokens as stake: approves the market for them if need be, then stakes."""
    with open_account(settings) as me:
        chain = me.chain
        if chain.allowance_of(me.address) < amount:
            me.act(chain.calls.approve(chain.deployment.utility_token, Amount(amount)))
        me.act(chain.calls.stake(Amount(amount)))
        note(f"{me.address} has {show_tokens(chain.free_stake_of(me.address))} tokens of free stake.")


@app.command()
@with_settings(*KEY)
def unbond(settings: Settings, amount: Tokens) -> None:
    """Start to take free stake out. It can be withdrawn after the unbonding time; asking again restarts the clock."""
    with open_account(settings) as me:
        me.act(me.chain.calls.unbond(Amount(amount)))
        note(f"Ready in {me.chain.unbonding_time():,} s; then: atomic stake withdraw")


@app.command()
@with_settings(*KEY)
def withdraw(settings: Settings) -> None:
    """Take the unbonded stake out."""
    with open_account(settings) as me:
        amount = me.chain.unbonding_of(me.address).amount
        me.act(me.chain.calls.withdraw_stake())
        note(f"{show_tokens(amount)} tokens were paid out to {me.address}.")


@app.command()
@with_settings(*CHAIN, "keystore")
def show(
    settings: Settings,
    account: Whose = None,
    as_json: AsJson = False,
) -> None:
    """Show a worker's stake and its record."""
    owner = whose(settings, account)
    chain = connect(settings)
    stake, leaving, record = chain.stake_of(owner), chain.unbonding_of(owner), chain.reputation_of(owner)
    amounts = {
        "total": stake.total,
        "locked": stake.locked,
        "free": chain.free_stake_of(owner),
        "unbonding": leaving.amount,
    }
    counts = {
        "final_jobs": record.final_jobs,
        "void_jobs": record.void_jobs,
        "slashed_jobs": record.slashed_jobs,
        "missed_jobs": record.missed_jobs,
    }
    if as_json:
        shown = {name: str(amount) for name, amount in amounts.items()}
        print_json({"account": owner, **shown, "unbonding_ready_at": leaving.ready_at, **counts})
        return
    rows = [(name, show_tokens(amount)) for name, amount in amounts.items()]
    if leaving.amount:
        rows.append(("unbonding ready at", str(leaving.ready_at)))
    print_fields([("account", owner), *rows, *((name.replace("_", " "), count) for name, count in counts.items())])
