"""Everything that must be right before a worker takes work on, checked in the order in which a person would fix it.

Used before all steps. Each check that fails is one error with a stable code and what to do about it; nothing is sent
before the last check has passed, except the announcement of the endpoint at the end.
"""

import os
from collections.abc import Callable, Mapping
from getpass import getpass

from atomic_verify.assess.trial import require_livable
from atomic_verify.chain.client import Chain, ChainOptions
from atomic_verify.chain.constants import Constants
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.errors import KeystoreNotNamed
from atomic_verify.chain.keystore import Signer, load
from atomic_verify.config import ConfigInvalid, PricingSettings, Settings, TokenPricing
from atomic_verify.execution.derivation import derive_walled
from atomic_verify.execution.isolation import SandboxLimits
from atomic_verify.execution.providers import ExecutionSettings, Provider, activate
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sandbox import SandboxedSession
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel, ModelLibrary
from atomic_verify.models.derivation import derive_model
from atomic_verify.observability import get_logger
from atomic_verify.protocol.primitives import Address, Amount, parse_address
from atomic_verify.protocol.terms import DEVELOPMENT_CHAINS
from prover.bidding import Policy, Terms
from prover.errors import NoModelInstalled, StakeMissing
from prover.workshop import Engine, Workshop

MAX_SECONDS = 1_800.0
"""Estimated seconds of the longest job that is taken on."""


def open_signer(settings: Settings) -> Signer:
    """The worker's key. Raises KeystoreNotNamed, KeystoreMissing, KeystoreMalformed, PasswordMissing, WrongPassword."""
    if settings.keystore is None:
        raise KeystoreNotNamed(
            "No keystore is configured", hint="Make one with: atomic key new, and name it with --keystore."
        )
    path = settings.keystore
    return load(path, settings.password_file or (lambda: getpass(f"Password of {path}: ")))


def open_chain(settings: Settings) -> Chain:
    """The chain, with the deployment's contracts on it.

    Raises DeploymentMissing, DeploymentMalformed, ChainUnavailable, WrongChain, NotDeployed.
    """
    deployment = Deployment.load(settings.deployments_dir, settings.chain_id)
    return Chain.connect(settings.rpc_url, deployment, expected_chain_id=settings.chain_id, options=ChainOptions())


def require_stake(chain: Chain, worker: Address, constants: Constants) -> None:
    """Refuses to start a worker whose stake can't back the smallest bond. Raises StakeMissing."""
    stake, least = chain.stake_of(worker).total, constants.params.min_job_bond
    if stake < least:
        raise StakeMissing(
            f"{worker} has a stake of {stake} base units; the smallest job bond is {least}",
            hint="Add some with: atomic stake add AMOUNT. Every bid locks a bond out of it.",
            worker=worker,
            stake=str(stake),
            needed=str(least),
        )


def warn_without_coin(chain: Chain, worker: Address) -> None:
    """Says so when the worker has nothing to pay gas with; on some chains gas is free."""
    if chain.coin_of(worker) == 0:
        get_logger(__name__).warning("no_coin_for_gas", worker=worker, hint="Send it some of the chain's coin.")


def open_workshop(settings: Settings) -> Workshop:
    """The installed models, warm and measured on the wanted provider, none of which could ruin an honest worker.

    Raises NoModelInstalled, RuntimeMissing, ProviderUnavailable, ProviderInactive, ProgramMismatch, VoidOnlyMissing,
    TolerancesTooTight, and what deriving a model and sessions raise.
    """
    library = ModelLibrary(settings.models_dir)
    if len(library) == 0:
        raise NoModelInstalled(
            f"There is no model in {settings.models_dir}",
            hint="Build one with: atomic model build NAME, or name another folder with --models.",
        )
    for model in library:
        model.require_derived(derive_model if settings.worker.sandbox == "never" else derive_walled)
    workshop = Workshop({model.model_id: model for model in library}, _engines(settings))
    workshop.warm_up(require_livable)
    return workshop


def policy_of(settings: Settings, chain: Chain) -> Policy:
    """The pricing policy that the settings describe. Raises AddressMalformed for a token that is none."""
    worker = settings.worker
    return Policy(
        terms=_terms(worker.pricing, chain.deployment.utility_token),
        accept_undisputable=worker.accept_undisputable and chain.chain_id in DEVELOPMENT_CHAINS,
        max_items=worker.max_items,
        max_open_jobs=worker.max_jobs,
        max_seconds=MAX_SECONDS,
    )


def _terms(pricing: PricingSettings, utility_token: Address) -> Mapping[Address, Terms]:
    priced = {utility_token: _terms_of(pricing)}
    return priced | {parse_address(token): _terms_of(one) for token, one in pricing.tokens.items()}


def _terms_of(pricing: TokenPricing) -> Terms:
    return Terms(
        base=Amount(pricing.base_price),
        per_item=Amount(pricing.price_per_item),
        per_second=Amount(pricing.price_per_second),
        per_proof=Amount(pricing.price_per_proof),
    )


def _engines(settings: Settings) -> Callable[[InstalledModel], Engine]:
    """How models are run: on the wanted provider, behind walls where that is possible and not refused.

    A GPU can't be sandboxed: its driver's memory is out of the kernel's sight.
    """
    runtime = load_runtime()
    execution = ExecutionSettings(threads=settings.worker.threads)
    provider = activate(runtime, settings.worker.provider, execution)
    wanted = settings.worker.sandbox
    if wanted == "always" and provider is not Provider.CPU:
        raise ConfigInvalid(
            f"Models on {provider} can't be sandboxed",
            hint="Set worker.sandbox to auto, or worker.provider to cpu.",
            setting="worker.sandbox",
        )
    if wanted == "never" or provider is not Provider.CPU:
        return lambda model: Session(model.executable(), provider, execution, runtime)
    limits = _limits(settings.worker.threads or os.cpu_count() or 1)
    return lambda model: SandboxedSession(model.executable(), limits)


def _limits(threads: int) -> SandboxLimits:
    """Twice the time of the longest job that is taken on: what takes longer hangs."""
    seconds = 2 * MAX_SECONDS
    return SandboxLimits(seconds=seconds, cpu_seconds=int(seconds) * threads, threads=threads)
