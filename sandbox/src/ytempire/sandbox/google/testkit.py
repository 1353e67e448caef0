"""For tests and demonstrations: a person at the consent page, and the vendor's SDK set up against a sandbox.

Everything here goes over https through the public addresses, as the platform's own code does.
"""

import base64
import hashlib
import json
import secrets
import ssl
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import google_auth_httplib2
import httplib2
import httpx
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

from ytempire.sandbox.google.scopes import FORCE_SSL, MONETARY, PREFIX

REDIRECT = "http://127.0.0.1:9/oauth/callback"
ALL_SCOPES = (PREFIX + "youtube.upload", FORCE_SSL, PREFIX + "yt-analytics.readonly", MONETARY)


class _Form(HTMLParser):
    """Collects what a browser would send for the page's first form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", list[tuple[str, str]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        elif tag == "input" and found.get("name"):
            skipped = found.get("type") in ("radio", "checkbox") and "checked" not in found
            if not skipped:
                self.fields.append((str(found["name"]), found.get("value") or ""))


class ConsentRefusedError(RuntimeError):
    """The consent page did not lead back to the app; the message is the page's text."""


def answer_consent(
    auth_url: str,
    ca: str,
    account: str,
    channel: str = "fresh",
    *,
    action: str = "approve",
    scopes: Iterable[str] | None = None,
    new_title: str = "",
) -> str:
    """Open the consent page, fill in its form and return the address the browser is sent back to.

    ``channel``: ``fresh``, ``established``, ``another`` or a channel id. ``scopes`` keeps only these check boxes.
    Raises :class:`ConsentRefusedError` when the page refuses.
    """
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), timeout=30) as browser:
        page = browser.get(auth_url)
        if page.status_code != 200:
            raise ConsentRefusedError(page.text)
        form = _Form(page.text)
        own = {"account": account, "channel": channel, "new_title": new_title}
        sent = [(name, own.get(name, value)) for name, value in form.fields if name != "scope"]
        kept = [value for name, value in form.fields if name == "scope" and (scopes is None or value in set(scopes))]
        body = urlencode([*sent, *(("scope", value) for value in kept), ("action", action)])
        answer = browser.post(
            urljoin(auth_url, form.action or auth_url),
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    if answer.status_code != 302:
        raise ConsentRefusedError(answer.text)
    return answer.headers["location"]


def service(base_url: str, ca: str, credentials: Credentials, api: str = "youtube", version: str = "v3") -> Any:
    """A service object of google-api-python-client whose every call goes to the sandbox."""
    document = json.loads(get_static_doc(api, version))
    document["rootUrl"] = document["baseUrl"] = f"{base_url}/{api.lower()}/"
    document.pop("mtlsRootUrl", None)
    http = httplib2.Http(ca_certs=ca, timeout=30)
    # 308 is "go on" of a resumable upload, no redirect.
    http.redirect_codes = http.redirect_codes - {308}
    return build_from_document(document, http=google_auth_httplib2.AuthorizedHttp(credentials, http=http))


@dataclass
class Connection:
    """A channel connected through the consent page, with its tokens."""

    base_url: str
    ca: str
    tokens: dict[str, Any]
    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)

    def credentials(self) -> Credentials:
        """Credentials that refresh themselves at the sandbox."""
        # google-auth says it is typed, but this constructor has no annotations.
        make: Any = Credentials
        made: Credentials = make(
            token=self.tokens["access_token"],
            refresh_token=self.tokens.get("refresh_token"),
            token_uri=f"{self.base_url}/google/oauth/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            scopes=self.tokens["scope"].split(),
        )
        return made

    @property
    def youtube(self) -> Any:
        """YouTube Data API v3."""
        return service(self.base_url, self.ca, self.credentials())

    @property
    def analytics(self) -> Any:
        """YouTube Analytics API v2."""
        return service(self.base_url, self.ca, self.credentials(), "youtubeAnalytics", "v2")


def auth_url(base_url: str, challenge: str, scopes: Iterable[str] = ALL_SCOPES, **extra: str) -> str:
    """Address of the consent page for the sandbox's own client."""
    query = {
        "client_id": "sandbox-client",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": " ".join(scopes),
        "state": "state-1",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **extra,
    }
    return f"{base_url}/google/oauth/o/oauth2/v2/auth?{urlencode(query)}"


def connect(
    base_url: str, ca: str, account: str, channel: str = "fresh", scopes: Iterable[str] = ALL_SCOPES
) -> Connection:
    """Go through consent and token exchange for one channel."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = answer_consent(auth_url(base_url, challenge, scopes), ca, account, channel)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": REDIRECT,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "code_verifier": verifier,
    }
    context = ssl.create_default_context(cafile=ca)
    answer = httpx.post(f"{base_url}/google/oauth/token", data=form, verify=context, timeout=30)
    answer.raise_for_status()
    return Connection(base_url, ca, answer.json())


def write_mp4(path: Path, seconds: float = 60.0, width: int = 1920, height: int = 1080, payload: int = 700_000) -> Path:
    """A file with the headers of an MP4 of this length and size and random media data."""

    def box(kind: bytes, *content: bytes) -> bytes:
        body = b"".join(content)
        return struct.pack(">I4s", len(body) + 8, kind) + body

    def track(handler: bytes, wide: int, high: int) -> bytes:
        head = box(b"tkhd", bytes(76), struct.pack(">II", wide << 16, high << 16))
        return box(b"trak", head, box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))

    length = box(b"mvhd", bytes(12), struct.pack(">II", 1000, round(seconds * 1000)), bytes(80))
    movie = box(b"moov", length, track(b"vide", width, height), track(b"soun", 0, 0))
    path.write_bytes(box(b"ftyp", b"isom", bytes(4), b"isomavc1") + movie + box(b"mdat", secrets.token_bytes(payload)))
    return path
