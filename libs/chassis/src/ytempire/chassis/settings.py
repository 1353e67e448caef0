"""Settings of a service process: typed, from environment variables, validated at start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ytempire.bus import NatsAccess

T = TypeVar("T", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """What every service needs. Each name is the variable without its prefix ``YTEMPIRE_``."""

    model_config = SettingsConfigDict(env_prefix="YTEMPIRE_", extra="ignore", frozen=True)

    service: str
    profile: Literal["embedded", "compose", "kubernetes"] = "embedded"
    var: Path
    database_url: str
    database_password_file: Path
    owner_database_url: str
    owner_database_password_file: Path
    nats_url: str
    nats_user: str
    nats_password_file: Path
    health_port: int = Field(ge=1, le=65535)
    clock: Literal["system", "virtual"] = "system"
    clock_url: str = ""
    ca_bundle: Path | None = None
    secrets_dir: Path
    assets_dir: Path
    log_level: str = "INFO"
    trace_dir: Path | None = None
    otlp_endpoint: str = ""

    @model_validator(mode="after")
    def _real_time_in_production(self) -> Self:
        if self.profile == "kubernetes" and self.clock == "virtual":
            raise ValueError("YTEMPIRE_CLOCK=virtual is for development and demonstrations: production needs system")
        return self

    def dsn(self) -> str:
        """The application role's connection string with its password."""
        return _with_password(self.database_url, self.database_password_file)

    def owner_dsn(self) -> str:
        return _with_password(self.owner_database_url, self.owner_database_password_file)

    def nats(self) -> NatsAccess:
        return NatsAccess(self.nats_url, self.nats_user, self.nats_password_file)

    def secret(self, name: str) -> bytes:
        """A secret file of the secrets folder.

        :raises FileNotFoundError: naming the file.
        """
        return (self.secrets_dir / name).read_bytes().strip()


def load(kind: type[T], service: str) -> T:
    """Read the settings or end the process with a sentence for each variable that is wrong."""
    try:
        return kind(service=service)
    except ValidationError as error:
        for problem in error.errors():
            name = "".join(f" YTEMPIRE_{part}".upper() for part in problem["loc"])
            print(f"{service}: setting{name}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from error


def _with_password(url: str, password_file: Path) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(url, password=password_file.read_text().strip())
