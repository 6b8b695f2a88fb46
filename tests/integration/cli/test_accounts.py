"""Keys, tokens, stake, deployments and models through the command line, on a real chain."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from atomic_verify.chain import keystore
from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer, free_port
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.sender import TransactionSender
from atomic_verify.cli.amounts import TOKEN
from atomic_verify.protocol.intents import Intent
from atomic_verify.storage.database import open_database
from atomic_verify.storage.intents import SqlIntentStore
from tests.integration.cli.conftest import PASSWORD, Shell

NOBODY = "0x000000000000000000000000000000000000dEaD"


@pytest.fixture
def person(make_shell: Callable[[int], Shell], bank: Shell) -> Shell:
    """Somebody with 100 tokens."""
    made = make_shell(3)
    bank("token", "transfer", made.address, "100")
    return made


def test_a_new_key_is_encrypted_and_its_owners_alone(bank: Shell, tmp_path: Path) -> None:
    file = tmp_path / "keys" / "new.json"
    made = bank.json("key", "new", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bank.json("key", "show", str(file))["address"] == made["address"]
    assert bank.json("key", "show", str(file), "--unlock")["address"] == made["address"]
    assert keystore.load(file, PASSWORD).address == made["address"]


def test_a_key_is_never_overwritten(bank: Shell) -> None:
    file = bank.folder / "key.json"
    before = file.read_bytes()
    assert "error keystore-exists:" in bank("key", "new", str(file), code=1).stderr
    assert file.read_bytes() == before


def test_a_wrong_password_or_keystore_is_refused(bank: Shell, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("no\n")
    shown = bank("token", "withdraw", "--password-file", str(tmp_path / "wrong"), code=1)
    assert "error keystore-password-wrong:" in shown.stderr
    assert "error keystore-missing:" in bank("token", "withdraw", "--keystore", "nowhere.json", code=1).stderr
    (tmp_path / "bad.json").write_text("{}")
    assert "error keystore-malformed:" in bank("key", "show", str(tmp_path / "bad.json"), code=1).stderr


def test_nobody_is_asked_for_a_password_where_nobody_is(bank: Shell) -> None:
    del bank.environment["ATOMIC_PASSWORD_FILE"]
    assert "error keystore-password-missing:" in bank("token", "withdraw", code=1).stderr


def test_a_command_that_acts_needs_a_key(bank: Shell) -> None:
    del bank.environment["ATOMIC_KEYSTORE"]
    assert "error keystore-not-named:" in bank("token", "withdraw", code=1).stderr
    assert "error keystore-not-named:" in bank("token", "balance", code=1).stderr
    assert "error keystore-not-named:" in bank("key", "show", code=1).stderr


def test_tokens_are_transferred_and_shown(person: Shell) -> None:
    person("token", "transfer", NOBODY, "1.25")
    found = person.json("token", "balance")
    assert int(found["tokens"]) == person.chain.balance_of(person.address) < 100 * TOKEN
    assert int(found["coin"]) > 0
    assert int(person.json("token", "balance", NOBODY)["tokens"]) >= 1.25 * TOKEN
    assert "1.25" in person("token", "balance", NOBODY).stdout


def test_more_than_one_has_is_refused(person: Shell) -> None:
    before = person.chain.balance_of(person.address)
    shown = person("token", "transfer", NOBODY, "1e9", code=1)
    assert "error revert-erc20-insufficient-balance:" in shown.stderr
    assert person.chain.balance_of(person.address) == before


def test_there_is_no_credit_to_withdraw(person: Shell) -> None:
    assert "error revert-nothing-to-withdraw:" in person("token", "withdraw", code=1).stderr


def test_stake_goes_in_and_out(person: Shell, anvil: Anvil) -> None:
    before = int(person.json("stake", "show")["free"])
    person("stake", "add", "40")
    assert int(person.json("stake", "show")["free"]) == before + 40 * TOKEN
    person("stake", "unbond", "15")
    found = person.json("stake", "show")
    assert int(found["free"]) == before + 25 * TOKEN
    assert int(found["unbonding"]) == 15 * TOKEN
    assert "error revert-nothing-unbonded:" in person("stake", "withdraw", code=1).stderr
    snapshot = anvil.request("evm_snapshot")
    anvil.mine_blocks(1, seconds=person.chain.unbonding_time() + 1)
    tokens = person.chain.balance_of(person.address)
    person("stake", "withdraw")
    assert person.chain.balance_of(person.address) == tokens + 15 * TOKEN
    assert "unbonding" in person("stake", "show", person.address).stdout
    anvil.request("evm_revert", snapshot)


def test_more_stake_than_is_free_cannot_leave(person: Shell) -> None:
    assert "error revert-insufficient-free-stake:" in person("stake", "unbond", "1e6", code=1).stderr


def test_a_model_is_built_published_and_listed(bank: Shell, models_dir: Path) -> None:
    assert bank.json("model", "build", "models/mlp")["name"] == "mlp"
    assert bank.json("model", "build", "mlp")["folder"] == str(models_dir / "mlp")
    before = {one["name"]: one["published"] for one in bank.json("model", "list", "--chain")}
    bank("model", "publish", "mlp")
    found = {one["name"]: one for one in bank.json("model", "list", "--chain")}
    assert (before["mlp"], found["mlp"]["published"]) == (False, True)
    assert "published already" in bank("model", "publish", found["mlp"]["id"]).stderr
    assert "mlp" in bank("model", "list").stdout


def test_an_unknown_model_is_refused(bank: Shell) -> None:
    assert "error model-unknown:" in bank("model", "publish", "gpt", code=1).stderr
    assert "error model-file-missing:" in bank("model", "build", "gpt", code=1).stderr


def test_contracts_are_deployed_and_recorded(bank: Shell, tmp_path: Path) -> None:
    with Anvil(AnvilOptions()) as other:
        made = bank.json("deploy", "--rpc", other.url, "--deployments", str(tmp_path / "made"))
        record = Deployment.load(tmp_path / "made" / "31337.json", 31337)
        assert json.loads(json.dumps(record.to_json())) == made
        found = bank("token", "balance", "--rpc", other.url, "--deployments", str(tmp_path / "made"))
        assert "1,000,000,000" in found.stdout


def test_a_public_chain_is_deployed_to_only_when_meant(bank: Shell, tmp_path: Path) -> None:
    with Anvil(AnvilOptions(chain_id=10)) as other:
        asked = ["deploy", "--rpc", other.url, "--deployments", str(tmp_path / "made")]
        assert "error wrong-chain:" in bank(*asked, code=1).stderr
        assert "error deployment-refused:" in bank(*asked, "--chain-id", "10", code=1).stderr
        assert "error deployment-refused:" in bank(*asked, "--chain-id", "10", "--public", code=1).stderr
        assert not (tmp_path / "made").exists()
        other.fund(development_signer(0).address)
        bank(*asked, "--chain-id", "10", "--public", "--preset", "public", "--fee-recipient", NOBODY)
        assert Deployment.load(tmp_path / "made" / "10.json", 10).preset == "public"


@pytest.mark.parametrize("command", [["token", "balance"], ["stake", "add", "1"], ["model", "publish", "mlp"]])
def test_no_chain_a_wrong_chain_and_no_contracts_are_told_apart(bank: Shell, command: list[str]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert "error deployment-missing:" in bank(*command, "--chain-id", "5", code=1).stderr
    with Anvil(AnvilOptions(chain_id=1337)) as other:
        assert "error wrong-chain:" in bank(*command, "--rpc", other.url, code=1).stderr
    with Anvil(AnvilOptions()) as empty:
        assert "error not-deployed:" in bank(*command, "--rpc", empty.url, code=1).stderr
    assert "error chain-unavailable:" in bank(*command, "--rpc", nobody, code=1).stderr


def test_a_killed_commands_work_is_gone_on_with(person: Shell) -> None:
    """A crash after the intent is on disk and before it is sent: the next command finishes it, once."""
    chain, call = person.chain, person.chain.calls.transfer_token(person.deployment.utility_token, NOBODY, TOKEN)
    with open_database(f"sqlite:///{person.folder}/data/atomic.sqlite") as database:
        store = SqlIntentStore(database)
        with TransactionSender(chain, development_signer(3), store, person.folder / "data") as sender:
            store.add(
                Intent(31337, sender.address, "cli:killed", call.name, call.to, "0x" + call.data.hex(), 0, 1.0, 1.0)
            )
    before = chain.balance_of(person.address)
    assert "Went on with what an earlier command began" in person("token", "withdraw", code=1).stderr
    person("token", "transfer", NOBODY, "2")
    assert chain.balance_of(person.address) == before - 3 * TOKEN
