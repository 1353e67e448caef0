from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ytempire.cli.environment import (
    ensure_provider_secrets,
    sandbox_environment,
    service_environment,
)
from ytempire.cli.keys import SEALED_RECEIVERS, SYMMETRIC_KEYS, ensure_platform_keys
from ytempire.cli.plan import PlatformPlan

SERVICES = ("gateway", "onboarding", "billing", "media", "publisher", "analytics", "support")


@pytest.fixture
def plan(tmp_path: Path) -> PlatformPlan:
    return PlatformPlan(
        var=tmp_path / "my var",
        http_port=8000,
        postgres_port=5433,
        postgres_socket_dir=tmp_path / "my var" / "socket",
        nats_port=4223,
        sandbox_port=8443,
        sandbox_smtp_port=8025,
        health_ports={service: 9000 + number for number, service in enumerate(SERVICES)},
        clock="virtual",
    )


def test_each_service_gets_its_own_identity_and_the_same_names(plan: PlatformPlan) -> None:
    environments = {service: service_environment(plan, service, {"PATH": "/bin"}) for service in SERVICES}
    for service, environment in environments.items():
        assert environment["YTEMPIRE_SERVICE"] == service
        assert environment["YTEMPIRE_NATS_USER"] == service
        assert environment["YTEMPIRE_NATS_PASSWORD_FILE"].endswith(f"/secrets/nats.{service}.password")
        assert environment["YTEMPIRE_DATABASE_PASSWORD_FILE"].endswith(f"/secrets/postgres.{service}.password")
        assert environment["YTEMPIRE_OWNER_DATABASE_URL"].startswith(f"postgresql://{service}_owner@/{service}?")
        assert environment["YTEMPIRE_HEALTH_PORT"] == str(plan.health_ports[service])
        assert environment["YTEMPIRE_CLOCK_URL"] == "https://localhost:8443/control/clock"
    names = {frozenset(environment) - {"YTEMPIRE_HTTP_PORT"} for environment in environments.values()}
    assert len(names) == 1
    assert [s for s, e in environments.items() if "YTEMPIRE_HTTP_PORT" in e] == ["gateway"]


def test_the_database_address_survives_a_space(plan: PlatformPlan) -> None:
    url = urlsplit(service_environment(plan, "billing", {})["YTEMPIRE_DATABASE_URL"])
    assert parse_qs(url.query) == {"host": [str(plan.postgres_socket_dir)], "port": ["5433"]}
    assert url.username == "billing"
    assert url.password is None


def test_only_named_settings_of_the_caller_pass(plan: PlatformPlan) -> None:
    caller = {
        "PATH": "/bin",
        "YTEMPIRE_STRIPE_URL": "https://api.stripe.com",
        "YTEMPIRE_DATABASE_URL": "postgresql://elsewhere",
        "YTEMPIRE_OPENAI_URL": "",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    environment = service_environment(plan, "billing", caller)
    assert environment["YTEMPIRE_STRIPE_URL"] == "https://api.stripe.com"
    assert environment["YTEMPIRE_OPENAI_URL"] == "https://localhost:8443/openai/v1"
    assert "elsewhere" not in environment["YTEMPIRE_DATABASE_URL"]
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_no_secret_stands_in_a_services_environment(plan: PlatformPlan) -> None:
    ensure_platform_keys(plan.secrets_dir)
    ensure_provider_secrets(plan.secrets_dir)
    secrets = {
        file.read_text().strip() for file in plan.secrets_dir.iterdir() if not file.name.endswith((".pub", "secret"))
    }
    secrets.add((plan.secrets_dir / "stripe.webhook.secret").read_text().strip())
    for service in SERVICES:
        assert secrets.isdisjoint(service_environment(plan, service, {}).values())


def test_the_sandbox_signs_with_the_secret_the_gateway_checks(plan: PlatformPlan) -> None:
    ensure_provider_secrets(plan.secrets_dir)
    environment = sandbox_environment(plan, {"SANDBOX_GOOGLE_QUOTA_LIMITS": "{}", "SANDBOX_PORT": "1"})
    file = service_environment(plan, "gateway", {})["YTEMPIRE_STRIPE_WEBHOOK_SECRET_FILE"]
    assert environment["SANDBOX_STRIPE_WEBHOOK_SECRET"] == Path(file).read_text().strip()
    assert environment["SANDBOX_STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert environment["SANDBOX_GATEWAY_URL"] == "http://127.0.0.1:8000"
    assert environment["SANDBOX_PORT"] == "8443"
    assert environment["SANDBOX_GOOGLE_QUOTA_LIMITS"] == "{}"


def test_every_key_the_services_read_is_made_once(plan: PlatformPlan) -> None:
    ensure_platform_keys(plan.secrets_dir)
    before = {file.name: file.read_text() for file in plan.secrets_dir.iterdir()}
    ensure_platform_keys(plan.secrets_dir)
    assert before == {file.name: file.read_text() for file in plan.secrets_dir.iterdir()}
    seals = {f"{s}.seal.{half}" for s in SEALED_RECEIVERS for half in ("key", "pub")}
    audits = {f"{s}.audit.{half}" for s in SERVICES for half in ("key", "pub")}
    assert set(before) == {*SYMMETRIC_KEYS, *seals, *audits}
    private = [file for file in plan.secrets_dir.iterdir() if file.suffix == ".key"]
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
