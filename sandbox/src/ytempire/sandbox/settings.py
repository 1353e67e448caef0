"""Settings of the sandbox, read from the environment (prefix ``SANDBOX_``)."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """Where the sandbox listens, keeps its state, and whom it calls back.

    Port 0 means "any free port"; the real one stands in ``sandbox.json`` of the state
    directory and in :attr:`port` once the server has bound its sockets.
    """

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    smtp_port: int = Field(default=8025, ge=0, le=65535)
    state_dir: Path = Path("var/sandbox")
    gateway_url: str = ""
    """Root of the platform's gateway, to which webhooks and redirects go; empty: none are sent."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    host_name: str = "localhost"
    """A further name under which it is reached: the certificate that is made here holds for it too."""
    stripe_webhook_secret: SecretStr | None = None
    """Signing secret of the webhook endpoint that is provisioned for ``gateway_url``."""

    @property
    def base_url(self) -> str:
        """Root of every stand-in, without a trailing slash."""
        return f"https://localhost:{self.port}"

    @property
    def database(self) -> Path:
        """SQLite file that holds the world's state."""
        return self.state_dir / "world.sqlite3"
