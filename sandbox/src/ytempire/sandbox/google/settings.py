"""Settings of the Google stand-ins, read from the environment (prefix ``SANDBOX_GOOGLE_``)."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# Daily allowances of one Google Cloud project, in the form YouTube has published since 2026-06-01
# (developers.google.com/youtube/data/determine_quota_cost): uploads and searches are counted in calls, everything
# else shares one pool of units. Reset at midnight Pacific.
DEFAULT_LIMITS = {"uploads": 100, "searches": 100, "batch_stats": 10_000, "units": 10_000}
DEFAULT_COSTS = {
    "youtube.videos.insert": ("uploads", 1),
    "youtube.search.list": ("searches", 1),
    "youtube.videos.batchGetStats": ("batch_stats", 1),
    "youtube.captions.list": ("units", 50),
    "youtube.captions.insert": ("units", 400),
    "youtube.captions.update": ("units", 450),
    "youtube.captions.download": ("units", 200),
}
WRITE_UNITS, READ_UNITS = 50, 1


class GoogleSettings(BaseSettings):
    """Which OAuth client is known, and the project's allowances."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_GOOGLE_", extra="ignore")

    client_id: str = "sandbox-client"
    client_secret: SecretStr = SecretStr("sandbox-secret")
    redirect_uris: list[str] = []
    """Registered redirect URIs (JSON list in the environment); empty: any absolute http(s) address is accepted."""
    quota_limits: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_LIMITS))
    """Daily allowance by bucket: ``uploads``, ``searches``, ``batch_stats`` (calls) and ``units``."""
    processing_seconds: float = Field(default=2.0, ge=0)
    """Virtual seconds between the end of an upload and the end of its processing."""
    channel_uploads_per_day: int = Field(default=100, ge=1)
    """Uploads one channel may make in any 24 hours (``uploadLimitExceeded``)."""
    refresh_token_days: float | None = Field(default=None, gt=0)
    """Life of a refresh token in virtual days; 7 is what an OAuth app in "Testing" gets; None: no end."""


def quota_cost(method_id: str, http_method: str) -> tuple[str, int]:
    """Bucket and cost of one call of a method, for example ``("units", 50)``."""
    if method_id in DEFAULT_COSTS:
        return DEFAULT_COSTS[method_id]
    return "units", READ_UNITS if http_method == "GET" else WRITE_UNITS
