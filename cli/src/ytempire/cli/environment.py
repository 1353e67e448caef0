"""The settings contract: every environment variable of every process, as a pure function of the plan.

Services read nothing else. The same names hold in every profile; only addresses, sizes and secrets differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from ytempire.cli.embedded import nats, provision
from ytempire.cli.keys import ensure_secret, random_password
from ytempire.cli.plan import PlatformPlan

# What a process inherits from the person's shell: how to find programs, homes, time zones and text encodings.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")

# Settings the person may give in the environment of `ytempire up`; real keys replace the sandbox this way.
OVERRIDABLE = (
    "YTEMPIRE_LOG_LEVEL",
    "YTEMPIRE_OTLP_ENDPOINT",
    "YTEMPIRE_PUBLIC_URL",
    "YTEMPIRE_STRIPE_URL",
    "YTEMPIRE_STRIPE_KEY_FILE",
    "YTEMPIRE_STRIPE_WEBHOOK_SECRET_FILE",
    "YTEMPIRE_SELLER_COUNTRY",
    "YTEMPIRE_OPENAI_URL",
    "YTEMPIRE_OPENAI_KEY_FILE",
    "YTEMPIRE_GOOGLE_AUTH_URL",
    "YTEMPIRE_GOOGLE_TOKEN_URL",
    "YTEMPIRE_GOOGLE_CLIENT_ID",
    "YTEMPIRE_GOOGLE_CLIENT_SECRET_FILE",
    "YTEMPIRE_YOUTUBE_URL",
    "YTEMPIRE_YOUTUBE_ANALYTICS_URL",
    "YTEMPIRE_AWIN_URL",
    "YTEMPIRE_AWIN_TOKEN_FILE",
    "YTEMPIRE_AWIN_PUBLISHER_ID",
    "YTEMPIRE_SMTP_HOST",
    "YTEMPIRE_SMTP_PORT",
    "YTEMPIRE_CARD_FORM_URL",
)

SANDBOX_GOOGLE_CLIENT_ID = "sandbox-client"
SANDBOX_AWIN_PUBLISHER_ID = "110011"

# Keys towards the sandbox are fixed, as they are no secrets of anybody; the webhook secret signs, so it is random.
_PROVIDER_SECRETS: Mapping[str, Callable[[], str]] = {
    "stripe.key": lambda: "sk_test_sandbox",
    "stripe.webhook.secret": lambda: f"whsec_{random_password()}",
    "openai.key": lambda: "sk-sandbox",
    "google.client.secret": lambda: "sandbox-secret",
    "awin.token": lambda: "sandbox-awin-token",
}
PROVIDER_SECRET_NAMES = tuple(_PROVIDER_SECRETS)


def ensure_provider_secrets(secrets_dir: Path) -> None:
    """Write the keys towards the sandbox where none are yet."""
    for name, make in _PROVIDER_SECRETS.items():
        ensure_secret(secrets_dir / name, make)


def database_url(plan: PlatformPlan, role: str, database: str) -> str:
    """PostgreSQL URL through the private socket, without a password."""
    socket_dir = quote(str(plan.postgres_socket_dir), safe="")
    return f"postgresql://{role}@/{database}?host={socket_dir}&port={plan.postgres_port}"


def process_basics(inherited: Mapping[str, str]) -> dict[str, str]:
    """What every Python process of the platform needs from the caller's environment, and nothing else of it."""
    kept = {name: inherited[name] for name in _INHERITED if name in inherited}
    # One malloc arena per core would cost each of nine processes tens of megabytes.
    return {**kept, "TZ": "UTC", "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}


def _outside_world(plan: PlatformPlan) -> dict[str, str]:
    sandbox, secrets_dir = plan.sandbox_url, plan.secrets_dir
    return {
        "YTEMPIRE_STRIPE_URL": f"{sandbox}/stripe",
        "YTEMPIRE_STRIPE_KEY_FILE": str(secrets_dir / "stripe.key"),
        "YTEMPIRE_STRIPE_WEBHOOK_SECRET_FILE": str(secrets_dir / "stripe.webhook.secret"),
        "YTEMPIRE_OPENAI_URL": f"{sandbox}/openai/v1",
        "YTEMPIRE_OPENAI_KEY_FILE": str(secrets_dir / "openai.key"),
        "YTEMPIRE_GOOGLE_AUTH_URL": f"{sandbox}/google/oauth/o/oauth2/v2/auth",
        "YTEMPIRE_GOOGLE_TOKEN_URL": f"{sandbox}/google/oauth/token",
        "YTEMPIRE_GOOGLE_CLIENT_ID": SANDBOX_GOOGLE_CLIENT_ID,
        "YTEMPIRE_GOOGLE_CLIENT_SECRET_FILE": str(secrets_dir / "google.client.secret"),
        "YTEMPIRE_YOUTUBE_URL": f"{sandbox}/youtube/",
        "YTEMPIRE_YOUTUBE_ANALYTICS_URL": f"{sandbox}/youtubeanalytics/",
        "YTEMPIRE_AWIN_URL": f"{sandbox}/awin",
        "YTEMPIRE_AWIN_TOKEN_FILE": str(secrets_dir / "awin.token"),
        "YTEMPIRE_AWIN_PUBLISHER_ID": SANDBOX_AWIN_PUBLISHER_ID,
        "YTEMPIRE_SMTP_HOST": "127.0.0.1",
        "YTEMPIRE_SMTP_PORT": str(plan.sandbox_smtp_port),
        "YTEMPIRE_CARD_FORM_URL": f"{sandbox}/checkout/card",
    }


def _infrastructure(plan: PlatformPlan, service: str) -> dict[str, str]:
    owner, secrets_dir = provision.owner_role(service), plan.secrets_dir
    return {
        "YTEMPIRE_DATABASE_URL": database_url(plan, service, service),
        "YTEMPIRE_DATABASE_PASSWORD_FILE": str(provision.password_file(secrets_dir, service)),
        "YTEMPIRE_OWNER_DATABASE_URL": database_url(plan, owner, service),
        "YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE": str(provision.password_file(secrets_dir, owner)),
        "YTEMPIRE_NATS_URL": plan.nats_url,
        "YTEMPIRE_NATS_USER": service,
        "YTEMPIRE_NATS_PASSWORD_FILE": str(nats.password_file(secrets_dir, service)),
    }


def service_environment(plan: PlatformPlan, service: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of `python -m ytempire.<service>`.

    `inherited` is the caller's environment: from it come the basics of a process and the settings in `OVERRIDABLE`.
    """
    environment = {
        **process_basics(inherited),
        "YTEMPIRE_SERVICE": service,
        "YTEMPIRE_VAR": str(plan.var),
        "YTEMPIRE_PROFILE": "embedded",
        **_infrastructure(plan, service),
        "YTEMPIRE_HEALTH_PORT": str(plan.health_ports[service]),
        "YTEMPIRE_CLOCK": plan.clock,
        "YTEMPIRE_CLOCK_URL": f"{plan.sandbox_url}/control/clock",
        "YTEMPIRE_CA_BUNDLE": str(plan.ca_bundle),
        "YTEMPIRE_SECRETS_DIR": str(plan.secrets_dir),
        "YTEMPIRE_ASSETS_DIR": str(plan.var / "assets"),
        "YTEMPIRE_LOG_LEVEL": plan.log_level,
        "YTEMPIRE_TRACE_DIR": str(plan.var / "traces"),
        "YTEMPIRE_PUBLIC_URL": plan.public_url,
        **_outside_world(plan),
    }
    if service == "gateway":
        environment["YTEMPIRE_HTTP_PORT"] = str(plan.http_port)
    environment |= {name: inherited[name] for name in OVERRIDABLE if inherited.get(name)}
    return environment


def sandbox_environment(plan: PlatformPlan, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of `python -m ytempire.sandbox`; settings named `SANDBOX_*` of the caller pass through."""
    secret = (plan.secrets_dir / "stripe.webhook.secret").read_text(encoding="utf-8").strip()
    return {
        **process_basics(inherited),
        **{name: value for name, value in inherited.items() if name.startswith("SANDBOX_")},
        "SANDBOX_PORT": str(plan.sandbox_port),
        "SANDBOX_SMTP_PORT": str(plan.sandbox_smtp_port),
        "SANDBOX_STATE_DIR": str(plan.sandbox_dir),
        "SANDBOX_GATEWAY_URL": plan.public_url,
        "SANDBOX_STRIPE_WEBHOOK_SECRET": secret,
        "SANDBOX_GOOGLE_CLIENT_ID": SANDBOX_GOOGLE_CLIENT_ID,
        "SANDBOX_AWIN_PUBLISHER_ID": SANDBOX_AWIN_PUBLISHER_ID,
    }
