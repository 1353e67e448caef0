"""Settings of the gateway beside those of every service."""

from __future__ import annotations

import base64
from pathlib import Path

from pydantic import Field

from ytempire.chassis import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Names are the environment variables without ``YTEMPIRE_``; times are seconds on the wall clock."""

    http_port: int = Field(ge=1, le=65535)
    public_url: str
    """Root under which browsers and providers reach this gateway, without a slash at the end."""
    google_auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_client_id: str = ""
    stripe_webhook_secret_file: Path | None = None
    card_form_url: str = ""

    answer_wait_s: float = Field(default=10.0, gt=0, le=60)
    """How long a request waits for the owner's decision before it is answered with 202."""
    body_s: float = Field(default=30.0, gt=0)
    """How long the body of a request may take to arrive."""
    access_token_s: int = Field(default=900, ge=60, le=86_400)
    refresh_token_s: int = Field(default=30 * 86_400, ge=3600)
    media_link_s: int = Field(default=6 * 3600, ge=60)
    consent_s: int = Field(default=600, ge=60)
    writes_per_s: float = Field(default=20.0, gt=0)
    write_burst: int = Field(default=50, ge=1)
    sign_ups_per_minute: int = Field(default=240, ge=1)
    """For each network address; also the limit of verifications."""
    login_failures: int = Field(default=8, ge=1)
    """Failed log-ins to one e-mail address, from one network or one known device, before anybody has to wait."""
    login_failures_by_address: int = Field(default=60, ge=1)
    """The same for one network address (the /64 of IPv6) and all e-mail addresses."""
    login_failures_everywhere: int = Field(default=30, ge=1)
    """The same for one e-mail address and all networks together."""
    log_ins_per_minute: int = Field(default=30, ge=1)
    """Sessions that one person may begin; each is kept for days and, once ended, in memory for hours."""
    code_failures: int = Field(default=5, ge=1)
    """The same for wrong codes of one second factor."""
    device_s: int = Field(default=365 * 86_400, ge=3600)
    """How long a device stays known after it logged in."""
    passwords_waiting: int = Field(default=300, ge=1)
    """Passwords that are hashed or wait for it; 25 ms of one core each. More are refused for the moment."""
    webhook_failures: int = Field(default=60, ge=1)
    """Notices with a wrong signature from one network address in fifteen minutes."""

    def key(self, name: str) -> bytes:
        """A symmetric key of the secrets folder, decoded."""
        return base64.b64decode(self.secret(name))

    def stripe_webhook_secret(self) -> bytes:
        """The secret that webhooks are signed with; empty where webhooks are off."""
        file = self.stripe_webhook_secret_file
        return file.read_bytes().strip() if file is not None and file.is_file() else b""
