"""The set-up steps of the compose profile: secrets by receiver, roles, streams, trust."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ytempire.cli.containers import hand_out, make_secrets, nats_configuration, secret_names, write_trust
from ytempire.cli.embedded.provision import SERVICES
from ytempire.cli.environment import PROVIDER_SECRET_NAMES
from ytempire.cli.problems import PlatformProblem

_REAL = {
    "YTEMPIRE_GOOGLE_CLIENT_ID": "client",
    "YTEMPIRE_AWIN_PUBLISHER_ID": "1",
    "YTEMPIRE_SMTP_HOST": "mail.example",
}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    keys, given, out = (tmp_path / name for name in ("keys", "given", "out"))
    given.mkdir()
    return keys, given, out


def test_each_receiver_gets_exactly_what_it_reads(folders: tuple[Path, Path, Path]) -> None:
    keys, given, out = folders
    make_secrets(keys, given, sandbox=True, settings={})
    hand_out(keys, out)
    for receiver in (*SERVICES, "postgres", "sandbox"):
        assert {file.name for file in (out / receiver).iterdir()} == set(secret_names(receiver))
    assert [file.name for file in (out / "nats").iterdir()] == ["nats-server.conf"]


def test_no_private_key_of_one_service_reaches_another(folders: tuple[Path, Path, Path]) -> None:
    keys, given, out = folders
    make_secrets(keys, given, sandbox=True, settings={})
    hand_out(keys, out)
    for service in SERVICES:
        foreign = {other for other in SERVICES if other != service}
        for file in (out / service).iterdir():
            owner = file.name.split(".")[0]
            assert owner not in foreign or file.name.endswith(".pub"), f"{service} reads {file.name}"


def test_a_second_run_keeps_secrets_and_removes_what_is_no_longer_read(folders: tuple[Path, Path, Path]) -> None:
    keys, given, out = folders
    make_secrets(keys, given, sandbox=True, settings={})
    hand_out(keys, out)
    before = (out / "billing" / "nats.billing.password").read_text()
    (out / "billing" / "publisher.kek.key").write_text("left over")
    make_secrets(keys, given, sandbox=True, settings={})
    hand_out(keys, out)
    assert (out / "billing" / "nats.billing.password").read_text() == before
    assert not (out / "billing" / "publisher.kek.key").exists()


def test_keys_that_were_given_replace_the_earlier_ones(folders: tuple[Path, Path, Path]) -> None:
    keys, given, out = folders
    make_secrets(keys, given, sandbox=True, settings={})
    for name in PROVIDER_SECRET_NAMES:
        (given / name).write_text(f"real {name}\n")
    make_secrets(keys, given, sandbox=False, settings=_REAL)
    hand_out(keys, out)
    assert (out / "billing" / "stripe.key").read_text() == "real stripe.key\n"


def test_a_missing_provider_key_is_named(folders: tuple[Path, Path, Path]) -> None:
    keys, given, _ = folders
    for name in set(PROVIDER_SECRET_NAMES) - {"openai.key"}:
        (given / name).write_text("real")
    with pytest.raises(PlatformProblem, match=r"put openai\.key into deploy/secrets"):
        make_secrets(keys, given, sandbox=False, settings=_REAL)


def test_a_missing_setting_is_named(folders: tuple[Path, Path, Path]) -> None:
    keys, given, _ = folders
    for name in PROVIDER_SECRET_NAMES:
        (given / name).write_text("real")
    with pytest.raises(PlatformProblem, match="write YTEMPIRE_SMTP_HOST into"):
        make_secrets(keys, given, sandbox=False, settings={**_REAL, "YTEMPIRE_SMTP_HOST": ""})


def test_nats_always_flushes_to_disk_and_keeps_its_monitoring_to_itself(tmp_path: Path) -> None:
    configuration = nats_configuration(tmp_path)
    assert configuration["jetstream"] == {"store_dir": "/data/jetstream", "sync_interval": "always"}
    assert configuration["http"] == "127.0.0.1:8222"
    users = {user["user"]: user for user in configuration["authorization"]["users"]}
    assert set(users) == {"admin", *SERVICES}
    assert all("permissions" in users[service] for service in SERVICES)
    json.dumps(configuration)


def test_trust_has_the_system_and_the_sandbox(tmp_path: Path) -> None:
    bundle, authority = tmp_path / "bundle.pem", tmp_path / "ca.pem"
    write_trust(bundle, authority)
    alone = bundle.read_text()
    authority.write_text("-----BEGIN CERTIFICATE-----\nsandbox\n")
    write_trust(bundle, authority)
    assert bundle.read_text() == f"{alone}\n{authority.read_text()}"
