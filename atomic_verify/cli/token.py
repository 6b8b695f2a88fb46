"""`atomic token`: what an account owns, taking credit out of the market, and sending utility tokens."""

from typing import Annotated

import typer

from atomic_verify.cli.account import connect, open_account, whose
from atomic_verify.cli.amounts import parse_account, show_tokens
from atomic_verify.cli.flags import CHAIN, KEY, AsJson, Tokens, Whose, with_settings
from atomic_verify.cli.output import note, print_fields, print_json
from atomic_verify.config import Settings
from atomic_verify.protocol.primitives import Address, Amount

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Balances, credit, transfers.")

_Token = Annotated[
    str | None,
    typer.Option("--token", parser=parse_account, metavar="ADDRESS", help="By default the utility token."),
]


@app.command()
@with_settings(*CHAIN, "keystore")
def balance(
    settings: Settings,
    account: Whose = None,
    token: _Token = None,
    as_json: AsJson = False,
) -> None:
    """Show an account's coin, tokens, credit in the market, and stake."""
    owner = whose(settings, account)
    chain = connect(settings)
    asked = chain.deployment.utility_token if token is None else Address(token)
    decimals = chain.decimals_of(asked)
    stake = chain.stake_of(owner)
    amounts = {
        "coin": (chain.coin_of(owner), 18),
        "tokens": (chain.balance_of(owner, asked), decimals),
        "credit": (chain.credit_of(owner, asked), decimals),
        "stake": (stake.total, 18),
        "stake_locked": (stake.locked, 18),
    }
    if as_json:
        print_json({"account": owner, **{name: str(amount) for name, (amount, _) in amounts.items()}})
        return
    rows = [(name.replace("_", " "), show_tokens(amount, places)) for name, (amount, places) in amounts.items()]
    print_fields([("account", owner), *rows])


@app.command()
@with_settings(*KEY)
def withdraw(settings: Settings, token: _Token = None) -> None:
    """Take the account's whole credit out of the market: payments earned, refunds."""
    with open_account(settings) as me:
        asked = me.chain.deployment.utility_token if token is None else Address(token)
        credit = me.chain.credit_of(me.address, asked)
        me.act(me.chain.calls.withdraw(asked))
        note(f"{show_tokens(credit, me.chain.decimals_of(asked))} tokens were paid out to {me.address}.")


@app.command()
@with_settings(*KEY)
def transfer(
    settings: Settings,
    to: Annotated[str, typer.Argument(parser=parse_account, metavar="ADDRESS", help="Who receives.")],
    amount: Tokens,
) -> None:
    """Send utility tokens to another account."""
    with open_account(settings) as me:
        me.act(me.chain.calls.transfer_token(me.chain.deployment.utility_token, Address(to), Amount(amount)))
