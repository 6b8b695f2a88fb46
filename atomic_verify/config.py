"""Settings: a file (`atomic.toml`) below the environment (`ATOMIC_*`) below flags; checked once, frozen after.

Nested settings are tables in the file and double underscores in the environment: `[worker] port = 8421` is
`ATOMIC_WORKER__PORT=8421`. Secrets are never settings: a keystore's password comes from a file or a prompt.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from atomic_verify.errors import AtomicError

DEFAULT_FILE = Path("atomic.toml")
ENV_PREFIX = "ATOMIC_"


class ConfigInvalid(AtomicError):
    """A setting is unknown, malformed or out of bounds, or the settings file can't be read."""

    code = "config-invalid"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GatewaySettings(_Section):
    """The requester's HTTP door."""

    host: str = "127.0.0.1"
    port: int = Field(8420, ge=0, le=65535)
    public_url: str | None = None
    """Where workers reach this gateway's blobs; by default http://host:port."""
    write_key_file: Path | None = None
    """Holds the key that writes must carry; required to bind to anything but the loopback."""
    max_body_bytes: int = Field(64 * 2**20, gt=0)


class TokenPricing(_Section):
    """What a worker asks in one payment token, in its base units; the sum of the four is the price."""

    base_price: int = Field(10**15, ge=0)
    price_per_item: int = Field(10**14, ge=0)
    price_per_second: int = Field(10**15, ge=0)
    price_per_proof: int = Field(5 * 10**15, ge=0)
    """For each item that is proven: checking one takes up to five times the gas of a job, which `base_price` pays."""


class PricingSettings(TokenPricing):
    """What a worker asks in utility tokens, and in the other payment tokens that it takes."""

    quote_seconds: int = Field(120, gt=0)
    """How long a signed quote is valid."""
    tokens: dict[str, TokenPricing] = {}
    """Prices in other payment tokens, by their address. Without an entry a token isn't accepted."""


class WorkerSettings(_Section):
    """The daemon that executes jobs."""

    host: str = "127.0.0.1"
    port: int = Field(8421, ge=0, le=65535)
    public_url: str | None = None
    """Where others reach this worker; by default http://host:port. It is announced on-chain."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(0, ge=0)
    """Threads of one inference; 0 leaves the choice to onnxruntime."""
    sandbox: Literal["auto", "always", "never"] = "auto"
    """Whether models run in a child process without keys and network; `auto`: on the CPU, for a GPU can't be walled."""
    max_items: int = Field(100_000, gt=0)
    max_jobs: int = Field(4, gt=0)
    """Jobs bid on or worked at the same time."""
    poll_seconds: float = Field(0.5, gt=0)
    withdraw_above: int = Field(0, ge=0)
    """Credit, in base units, above which the worker withdraws it."""
    prove: Literal["auto", "always", "never"] = "auto"
    """Whether to offer `hybrid` and `proven` jobs; `auto`: if EZKL is installed."""
    proof_seconds: float = Field(600.0, gt=0)
    """How long one proof may take before it is given up, and tried again."""
    proof_memory_mib: int = Field(8192, gt=0)
    """The memory that one proof may take."""
    accept_undisputable: bool = True
    """Whether to work on models that can't be disputed; the market allows them on development chains only."""
    pricing: PricingSettings = PricingSettings()


class WatcherSettings(_Section):
    """The daemon that re-executes what others commit."""

    host: str = "127.0.0.1"
    port: int = Field(8422, ge=0, le=65535)
    public_url: str | None = None
    """Where others reach this watcher; by default http://host:port. With `defend` it is announced on-chain."""
    provider: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(0, ge=0)
    sandbox: Literal["auto", "always", "never"] = "auto"
    poll_seconds: float = Field(1.0, gt=0)
    withdraw_above: int = Field(0, ge=0)
    """Credit, in base units, above which the watcher withdraws it."""
    defend: bool = False
    """Whether it claims, refutes and answers, with bonds from its account; else it reports and needs no wallet."""
    sample: float = Field(1.0, ge=0, le=1)
    """The share of jobs that is looked at."""
    seed: str = ""
    """Chooses which jobs those are; by default the account, or the data folder's name."""
    tidy: bool = False
    """Whether it also does what is nobody's duty: burns others' stale seals, upholds, lapses, finalizes."""
    max_claims: int = Field(8, gt=0)
    """Claims on one job at most; each void item is one."""
    tries: int = Field(5, gt=0)
    """Failures to fetch a job's data after which it counts as withheld."""
    max_bytes: int = Field(2**30, gt=0)
    """Of one input, result or trace; larger ones aren't fetched."""
    margin_seconds: int | None = Field(None, ge=0)
    """Before a deadline: acts aren't begun that could come too late. By default 2 on a development chain, else 300."""
    patience_seconds: int | None = Field(None, ge=0)
    """After a commit before data is demanded on the chain. By default 10 on a development chain, else 3,600."""
    grace_seconds: int | None = Field(None, ge=0)
    """Left to others for what is theirs to do. By default 5 on a development chain, else 3,600."""


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    rpc_url: str = "http://127.0.0.1:8545"
    chain_id: int = Field(31337, gt=0)
    deployments_dir: Path = Path("deployments")
    data_dir: Path = Path("data")
    models_dir: Path = Path("build/models")
    keystore: Path | None = None
    password_file: Path | None = None
    """Holds the keystore's password; without it the password is asked for."""
    database_url: str | None = None
    """By default a SQLite file in data_dir; postgresql+psycopg://... to scale."""
    blobs_url: str | None = None
    """By default a folder in data_dir; any fsspec URL such as s3://bucket/prefix."""
    allow_private_inputs: bool = False
    """Whether to fetch from private addresses. For development: a stranger's URI could reach into your network."""
    confirmations: int = Field(1, ge=1)
    """Blocks, the transaction's own included, after which a transaction counts as final."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    gateway: GatewaySettings = GatewaySettings()
    worker: WorkerSettings = WorkerSettings()
    watcher: WatcherSettings = WatcherSettings()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'atomic.sqlite').resolve()}"

    @property
    def blobs(self) -> str:
        return self.blobs_url or str((self.data_dir / "blobs").resolve())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over the environment over the file that `load_settings` names; no other source."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(file: Path | None = None, **flags: Any) -> Settings:
    """The settings of a process. `flags` that are None were not given; nested ones are dicts.

    Without `file`, `atomic.toml` is read if there is one. Raises ConfigInvalid, naming the setting and where it stands.
    """
    path = file or DEFAULT_FILE
    if file is not None and not file.is_file():
        raise ConfigInvalid(f"There is no settings file {file}.", hint="Check the path.", file=str(file))
    given = _without_none(flags)
    _refuse_unknown_variables()

    class SettingsOfFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return SettingsOfFile(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        keys = [str(part) for part in first["loc"]]
        name, place = ".".join(keys), _place(keys, given, path)
        raise ConfigInvalid(
            f"The setting {name!r} is wrong: {first['msg']}.", hint=f"It is set {place}.", setting=name, place=place
        ) from None
    except (OSError, ValueError) as error:
        message = f"The settings can't be read: {error}."
        raise ConfigInvalid(message, hint=f"Check {path} and the ATOMIC_ variables.", file=str(path)) from error


def _without_none(flags: dict[str, Any]) -> dict[str, Any]:
    nested = {name: _without_none(value) if isinstance(value, dict) else value for name, value in flags.items()}
    return {name: value for name, value in nested.items() if value is not None and value != {}}


def _refuse_unknown_variables() -> None:
    """A misspelled variable would otherwise change nothing and say nothing."""
    for variable in os.environ:
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        name = variable[len(ENV_PREFIX) :].lower().split("__")[0]
        if name not in Settings.model_fields:
            raise ConfigInvalid(
                f"The environment sets {variable}, but there is no setting {name!r}.", setting=name, place=variable
            )


def _place(keys: list[str], flags: dict[str, Any], path: Path) -> str:
    """Where the value of a setting came from, in words; a table given in parts may come from several places."""
    value: Any = flags
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            break
        value = value[key]
    else:
        return "by a flag"
    names = {ENV_PREFIX + "__".join(keys[:length]).upper() for length in range(1, len(keys) + 1)}
    found = [variable for variable in os.environ if variable.upper() in names]
    return f"in the environment by {found[0]}" if found else f"in the file {path}"
