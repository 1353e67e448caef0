"""Values that several events share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ytempire.events.base import Value

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
"""A UUID (version 7 where we make it) in its canonical text form."""

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1, two letters."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 or HMAC-SHA-256 as hex."""

Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
"""An Ed25519 signature as hex."""


MemberRole = Literal["member", "accountant"]
"""What somebody may be in an account that is not their own."""


class Sealed(Value):
    """A one-time value for one receiver: only the holder of the receiver's private key can open it."""

    recipient: str
    """The service that may open it."""
    key_id: str
    ciphertext: str
    """Base64 of a NaCl sealed box around the JSON value."""
    expires_at: datetime


class AssetRef(Value):
    """A file of the asset store. Media never travels on the bus, only this."""

    key: str
    sha256: Digest
    bytes: int = Field(ge=0)
    media_type: str
    signature: str = ""
    """HMAC over key and sha256, made by media: only a signed reference is read by others."""


class Chapter(Value):
    """A chapter of a video for its description."""

    start_s: float
    title: str


class AffiliateLink(Value):
    """One affiliate offer with the sentence that discloses it."""

    network: str
    programme: str
    url: str
    text: str
    disclosure: str
    sub_id: str
    """What the network sends back with a sale (Awin's clickref): leads from the sale to the video."""


class NicheScore(Value):
    """One recommended niche with the parts its score is made of; every part is between 0 and 1."""

    niche_id: str
    name: str
    score: float
    parts: dict[str, float]
    points: dict[str, float] = Field(default_factory=dict)
    """What each part gives; they sum to the score."""
    reason: str
    rpm_low_usd: float
    rpm_high_usd: float
    profit_low_usd: float | None = None
    """What a video is expected to bring in its first year by advertising, less its cost: the 10th percentile."""
    profit_mid_usd: float | None = None
    profit_high_usd: float | None = None
    """The 90th percentile."""
    confidence: str | None = None
    """How good the published earnings are: low, medium, high."""


class QualityFinding(Value):
    code: str
    severity: str
    message: str
    at_s: float | None = None
