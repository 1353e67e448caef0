"""Settings of the Awin stand-in, read from the environment (prefix ``SANDBOX_AWIN_``)."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AwinSettings(BaseSettings):
    """The one publisher account there is."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_AWIN_", extra="ignore")

    token: SecretStr = SecretStr("sandbox-awin-token")
    publisher_id: int = 110011
    calls_per_minute: int = Field(default=20, ge=1)
    """Awin's documented limit for each user."""
