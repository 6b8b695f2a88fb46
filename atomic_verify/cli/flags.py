"""The settings that commands take as flags, each described once; a flag goes over the environment and the file.

`with_settings` gives a command the flags that it names and hands it the checked `Settings` in their place.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from atomic_verify.cli.amounts import parse_account, parse_tokens
from atomic_verify.config import load_settings

CHAIN: Final = ("rpc_url", "chain_id", "deployments_dir")
"""Flags of commands that read a chain."""
KEY: Final = (*CHAIN, "keystore", "password_file", "data_dir")
"""Flags of commands that send transactions."""
DAEMON: Final = (*KEY, "models_dir", "log_format", "log_level")
"""Flags of commands that run until they are stopped."""

_FLAGS: Final[Mapping[str, Any]] = {
    "rpc_url": Annotated[str | None, typer.Option("--rpc", metavar="URL", help="The chain's node.")],
    "chain_id": Annotated[int | None, typer.Option("--chain-id", help="The chain that the node must serve.")],
    "deployments_dir": Annotated[
        Path | None, typer.Option("--deployments", help="Folder with <chain id>.json: where the contracts stand.")
    ],
    "keystore": Annotated[Path | None, typer.Option("--keystore", help="Keystore file (v3) of the account.")],
    "password_file": Annotated[
        Path | None, typer.Option("--password-file", help="File with the keystore's password; asked for without it.")
    ],
    "data_dir": Annotated[Path | None, typer.Option("--data", help="Folder of this account's own records.")],
    "models_dir": Annotated[Path | None, typer.Option("--models", help="Folder of the installed models.")],
    "log_format": Annotated[Literal["console", "json"] | None, typer.Option("--log-format", help="How logs look.")],
    "log_level": Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None, typer.Option("--log-level", help="The least to be logged.")
    ],
    "allow_private_inputs": Annotated[
        bool | None,
        typer.Option("--allow-private-inputs", help="Fetch from private addresses too; for development only."),
    ],
    "worker__host": Annotated[str | None, typer.Option("--host", help="Address to listen on.")],
    "worker__port": Annotated[int | None, typer.Option("--port", help="Port for outputs and quotes.")],
    "worker__public_url": Annotated[
        str | None, typer.Option("--public-url", metavar="URL", help="Where others reach this worker.")
    ],
    "worker__provider": Annotated[
        Literal["auto", "cpu", "cuda"] | None, typer.Option("--provider", help="What executes models.")
    ],
    "watcher__host": Annotated[str | None, typer.Option("--host", help="Address to listen on.")],
    "watcher__port": Annotated[int | None, typer.Option("--port", help="Port for traces and the status.")],
    "watcher__public_url": Annotated[
        str | None, typer.Option("--public-url", metavar="URL", help="Where others reach this watcher.")
    ],
    "watcher__provider": Annotated[
        Literal["auto", "cpu", "cuda"] | None, typer.Option("--provider", help="What executes models.")
    ],
    "watcher__defend": Annotated[
        bool | None, typer.Option("--defend", help="Claim, refute and answer, with bonds; else it only reports.")
    ],
    "watcher__sample": Annotated[
        float | None, typer.Option("--sample", metavar="RATE", help="Share of jobs to look at, 0 to 1.")
    ],
    "gateway__host": Annotated[str | None, typer.Option("--host", help="Address to listen on.")],
    "gateway__port": Annotated[int | None, typer.Option("--port", help="Port to listen on.")],
    "gateway__public_url": Annotated[
        str | None, typer.Option("--public-url", metavar="URL", help="Where workers reach this gateway's blobs.")
    ],
    "gateway__write_key_file": Annotated[
        Path | None, typer.Option("--write-key-file", help="File with the key that writes must carry.")
    ],
}
_CONFIG: Final = Annotated[
    Path | None, typer.Option("--config", help="Settings file.", show_default="atomic.toml, if there is one")
]

DEFAULT_CLAIM_TIMES: Final = "10,20,20"
ClaimTimes = Annotated[
    str,
    typer.Option(
        "--claim-times",
        metavar="R,W,C",
        help="Development: seconds to reveal a claim, to refute it, and of each side's clock in a line.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs; amounts are base units.")]
# The values are parsed to Address and Amount; typer would show the NewTypes' whole names in the help.
Tokens = Annotated[int, typer.Argument(parser=parse_tokens, metavar="AMOUNT", help="Utility tokens, such as 1.5.")]
Whose = Annotated[
    str | None,
    typer.Argument(parser=parse_account, metavar="[ADDRESS]", help="By default the account of the keystore."),
]

Command = Callable[..., None]


def with_settings(*names: str) -> Callable[[Command], Command]:
    """Gives a command `--config` and the flags `names`; its first parameter receives the Settings that result."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(*, config: Path | None, **given: Any) -> None:
            flags = {name: given.pop(name) for name in names}
            command(load_settings(config, **_nested(flags)), **given)

        own = list(inspect.signature(command).parameters.values())[1:]
        added = [_parameter(name, _FLAGS[name]) for name in names] + [_parameter("config", _CONFIG)]
        # Keyword-only, since some of the command's own have no default; typer passes everything by name.
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + added
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def parse_claim_times(text: str) -> dict[str, int]:
    """The value of `--claim-times` as `presets.development` takes it. Raises typer.BadParameter."""
    parts = text.split(",")
    if len(parts) != 3 or not all(
        part.isdigit() and part.isascii() and len(part) < 10 and int(part) > 0 for part in parts
    ):
        raise typer.BadParameter(
            "three whole numbers of seconds are wanted, such as 10,20,20", param_hint="--claim-times"
        )
    return dict(zip(("claim_reveal_time", "refute_window", "line_clock"), map(int, parts), strict=True))


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _nested(flags: Mapping[str, Any]) -> dict[str, Any]:
    """`worker__port` as the setting `port` of the table `worker`."""
    found: dict[str, Any] = {}
    for name, value in flags.items():
        table, _, rest = name.partition("__")
        if rest:
            found.setdefault(table, {})[rest] = value
        else:
            found[name] = value
    return found
