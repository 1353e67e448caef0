"""compose.yaml, as the real `docker compose config` understands it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ytempire.cli.containers import secret_names
from ytempire.cli.embedded.provision import SERVICES
from ytempire.cli.environment import OVERRIDABLE, service_environment
from ytempire.cli.plan import PlatformPlan

ROOT = Path(__file__).resolve().parents[2]
# Settings of the embedded profile that have no meaning in a container.
_EMBEDDED_ONLY = {"YTEMPIRE_SERVICE", "YTEMPIRE_TRACE_DIR"}
_SECRETS = "/run/ytempire/secrets"


def _compose_program() -> list[str]:
    beside = Path(sys.executable).with_name("docker-compose")
    if beside.exists():
        return [str(beside)]
    if found := shutil.which("docker-compose"):
        return [found]
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    pytest.skip("no docker compose program runs on this platform")


def _config(*options: str, **environment: str) -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("YTEMPIRE_", "COMPOSE_"))}
    done = subprocess.run(
        [*_compose_program(), "--file", str(ROOT / "compose.yaml"), *options, "config", "--format", "json"],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


@pytest.fixture(scope="module")
def everything() -> dict[str, Any]:
    """All services of all profiles, with the sandbox's settings."""
    return _config("--env-file", "deploy/sandbox.env", "--profile", "sandbox", "--profile", "observability")


@pytest.fixture(scope="module")
def outside() -> dict[str, Any]:
    """What `docker compose up` runs without any profile."""
    return _config("--env-file", os.devnull)


def _mounts(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["target"]: mount for mount in service.get("volumes", [])}


def test_config_is_quietly_accepted() -> None:
    command = [*_compose_program(), "--file", str(ROOT / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_platform_without_profiles_has_no_sandbox(outside: dict[str, Any]) -> None:
    assert set(outside["services"]) == {*SERVICES, "postgres", "nats", "secrets", "prepare"}
    assert "sandbox" not in json.dumps([outside["services"][name]["environment"] for name in SERVICES])


def test_only_the_gateway_publishes_a_port(outside: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in outside["services"].items() if service.get("ports")}
    assert set(published) == {"gateway"}
    assert [port["host_ip"] for port in published["gateway"]] == ["127.0.0.1"]


def test_the_sandbox_is_published_to_this_machine_alone(everything: dict[str, Any]) -> None:
    assert [port["host_ip"] for port in everything["services"]["sandbox"]["ports"]] == ["127.0.0.1"]


def test_every_container_is_locked_down(everything: dict[str, Any]) -> None:
    for name, service in everything["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= set(limits), name
        assert not service.get("privileged"), name
        assert "/var/run/docker.sock" not in _mounts(service), name


def test_every_lasting_container_restarts_and_tells_its_health(everything: dict[str, Any]) -> None:
    lasting = set(everything["services"]) - {"secrets", "prepare"}
    for name in lasting:
        assert everything["services"][name]["restart"] == "unless-stopped", name
    for name in lasting - {"collector"}:
        assert everything["services"][name]["healthcheck"]["test"], name


def test_services_get_the_settings_of_the_embedded_profile(everything: dict[str, Any], tmp_path: Path) -> None:
    plan = PlatformPlan(
        var=tmp_path,
        http_port=1,
        postgres_port=2,
        postgres_socket_dir=tmp_path,
        nats_port=3,
        sandbox_port=4,
        sandbox_smtp_port=5,
        health_ports=dict.fromkeys(SERVICES, 6),
    )
    for service in SERVICES:
        own = service_environment(plan, service, {})
        embedded = {name for name in own if name.startswith("YTEMPIRE_")} | set(OVERRIDABLE)
        given = {name for name in everything["services"][service]["environment"] if name.startswith("YTEMPIRE_")}
        assert given <= embedded, service
        needed = {name for name in embedded if not name.startswith(_OUTSIDE)} - _EMBEDDED_ONLY
        assert needed <= given, service


_OUTSIDE = tuple(
    f"YTEMPIRE_{name}" for name in ("STRIPE", "SELLER", "OPENAI", "GOOGLE", "YOUTUBE", "AWIN", "SMTP", "CARD_FORM")
)
"""What one service alone needs of the world outside."""


def test_each_service_can_read_the_secrets_its_settings_name_and_no_volume_of_another(
    everything: dict[str, Any],
) -> None:
    for service in SERVICES:
        definition = everything["services"][service]
        mounts = _mounts(definition)
        assert mounts[_SECRETS]["source"] == f"secrets-{service}"
        assert mounts[_SECRETS]["read_only"] is True
        named = {value for value in definition["environment"].values() if value and value.startswith(f"{_SECRETS}/")}
        assert {Path(value).name for value in named} <= set(secret_names(service)), service
        assert "keys" not in {mount["source"] for mount in mounts.values()}


def test_media_alone_writes_assets(everything: dict[str, Any]) -> None:
    users = {
        name: bool(mount.get("read_only"))
        for name in SERVICES
        for mount in everything["services"][name]["volumes"]
        if mount["source"] == "assets"
    }
    assert users == {"media": False, "publisher": True, "gateway": True}


def test_the_servers_are_on_a_network_without_a_way_out(everything: dict[str, Any]) -> None:
    assert everything["networks"]["inside"]["internal"] is True
    for name in ("postgres", "nats", "prepare"):
        assert set(everything["services"][name]["networks"]) == {"inside"}


def test_the_sandbox_settings_are_settings_that_compose_reads() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    lines = (ROOT / "deploy" / "sandbox.env").read_text(encoding="utf-8").splitlines()
    names = {line.split("=", 1)[0] for line in lines if "=" in line and not line.startswith("#")}
    read = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert names - {"COMPOSE_PROFILES"} <= read


def test_the_image_has_a_folder_of_the_right_owner_for_every_volume(everything: dict[str, Any]) -> None:
    dockerfile = (ROOT / "deploy" / "images" / "service.Dockerfile").read_text(encoding="utf-8")
    for service in ("secrets", "prepare", "media", "sandbox"):
        for target, mount in _mounts(everything["services"][service]).items():
            if mount["type"] == "volume" and not mount.get("read_only"):
                assert target.split("/")[3 if target.startswith("/run") else 4] in dockerfile, target
