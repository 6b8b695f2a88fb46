"""The Dockerfile and the compose file, checked without a container engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from atomic_verify.config import load_settings

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run([BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_runs_without_root_and_has_every_entry_point() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    named = {stage.splitlines()[0].split(" AS ")[1]: stage for stage in stages}
    assert re.search(r"^USER \d+", named["base"], re.MULTILINE)
    assert 'ENTRYPOINT ["atomic"]' in named["base"]
    for target in ("worker", "watcher", "gateway"):
        assert named[target].startswith("base AS ")
        assert f'CMD ["{target}", "run"]' in named[target]
        assert "USER" not in named[target]


def test_what_the_image_copies_reaches_the_builder() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    names = {name.replace("${VARIANT}", "cpu") for line in copied for name in line.split()}
    assert names - sent == set()
    assert [name for name in sent if not (ROOT / name).exists()] == []


def test_the_compose_file_fits_its_schema() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_names_settings_that_exist(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    sample = {"ATOMIC_CHAIN_ID": "31337"}
    for name, service in compose()["services"].items():
        with monkeypatch.context() as patched:
            for variable, value in service["environment"].items():
                patched.setenv(variable, sample.get(variable, value))
            settings = load_settings()
        assert settings.password_file == Path("/run/secrets/password"), name
        assert settings.watcher.defend == (name == "watcher")


def test_the_gateway_is_published_on_the_loopback_and_has_a_write_key() -> None:
    gateway = compose()["services"]["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in gateway["ports"])
    assert gateway["environment"]["ATOMIC_GATEWAY__WRITE_KEY_FILE"] == "/run/secrets/write_key"
