"""Every secret of a customer's journey, collected on the way, and where the platform left traces of it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import httpx
import psycopg
import pyotp
from psycopg import sql

from ytempire.bus import NatsAccess, connect
from ytempire.bus.connection import messages_of
from ytempire.cli.embedded.nats import ADMIN, password_file
from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Journey
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.stores import open_services
from ytempire.cli.timekeeper import Timekeeper
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.gateway.adapters.tokens import keyed
from ytempire.publisher.features.grants import Grants

_CARD_WITH_QUESTION = {"number": "4000002500003155", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
_SECRET_FIELDS = (
    *("password", "old_password", "new_password", "token", "access_token", "refresh_token"),
    *("secret", "recovery_codes", "challenge", "client_secret", "number", "verifier"),
)
_SECRET_QUERIES = ("code", "state", "token", "secret")
_LEAST = 10
"""A shorter text is found everywhere."""
_BEGINNINGS = (b"ya29.", b"eyJhbGciOi")
"""Access tokens live in memory only; any of them begins like this."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+")
_GREP = ("grep", "--recursive", "--text", "--only-matching", "--fixed-strings", "--with-filename", "--null", "--file")


class Walk:
    """A customer who does everything that has a secret in it; what goes over the wire is kept."""

    def __init__(self, plan: PlatformPlan) -> None:
        self.plan, self.secrets, self.operations = plan, set[str](), set[str]()
        self.journey = Journey(Browser(plan), plan)
        for http in (self.journey.browser.http, self.journey.browser.outside):
            http.event_hooks = {"request": [self._asked], "response": [self._answered]}
        self._cards = 0

    def close(self) -> None:
        self.journey.browser.close()

    def go(self, *, with_video: bool) -> None:
        """From sign-up to the first video."""
        journey, browser = self.journey, self.journey.browser
        journey.sign_up(_quiet)
        self._sessions()
        for step in (journey.subscribe, journey.choose_niches, journey.connect_channels, journey.save_preferences):
            step(_quiet)
        self._card_with_question()
        browser.post("/billing/access", {"kind": "portal"})
        invoice = browser.until(lambda: browser.get("/billing")["invoices"] and browser.get("/billing"), "An invoice")
        browser.post("/billing/access", {"kind": "invoice", "invoice_id": invoice["invoices"][0]["invoice_id"]})
        self._second_factor()
        self._new_password()
        self._new_address()
        self._invitation()
        self._invite()
        if with_video:
            for step in (journey.make_video, journey.publish, journey.ask_support):
                step(_quiet)
            # the links of its files open without a log-in
            browser.get(f"/videos/{journey.video_id}")

    def _sessions(self) -> None:
        """A wrong password, a second session, a refreshed and a spent token."""
        browser, who = self.journey.browser, self.journey.customer
        for body in (
            {"email": who.email, "password": "Not-the-right-one-77"},
            {"email": who.email, "password": who.password},
        ):
            granted = browser.http.post("/api/v1/auth/login", json=body)
        spent = granted.json()["refresh_token"]
        for _ in range(2):
            browser.http.post("/api/v1/auth/refresh", json={"refresh_token": spent})
        browser.http.get("/api/v1/me", headers={"Authorization": f"Bearer {granted.json()['access_token']}x"})

    def _second_factor(self) -> None:
        """Switched on with an app's code, used once with it and once with a recovery code, and off again."""
        browser, who = self.journey.browser, self.journey.customer
        secret = browser.post("/auth/second-factor", {"password": who.password, "label": who.email})["secret"]
        codes = browser.post("/auth/second-factor/confirm", {"code": pyotp.TOTP(secret).now()})["recovery_codes"]
        begun = browser.post("/auth/login", {"email": who.email, "password": who.password})
        browser.post("/auth/login/code", {"challenge": begun["challenge"], "code": codes[0]})
        browser.post("/auth/second-factor/off", {"password": who.password, "code": codes[1]})

    def _new_password(self) -> None:
        """Forgotten and chosen anew by a mail's link, then changed."""
        browser, who = self.journey.browser, self.journey.customer
        browser.post("/auth/password/forgot", {"email": who.email})
        forgotten, changed = (f"{uuid.uuid4().hex[:12]} Slow-River" for _ in range(2))
        browser.post("/auth/password/reset", {"token": self._token_of("/reset", who.email), "password": forgotten})
        browser.log_in(who.email, forgotten)
        browser.post("/auth/password", {"old_password": forgotten, "new_password": changed})
        who.password = changed

    def _new_address(self) -> None:
        """Another address, confirmed by the link that was sent to it."""
        browser, who = self.journey.browser, self.journey.customer
        other = f"other-{who.email}"
        browser.post("/auth/email", {"email": other, "password": who.password})
        browser.post("/auth/email/confirm", {"token": self._token_of("/confirm-email", other)})
        who.email = other
        browser.log_in(who.email, who.password)

    def _invite(self) -> None:
        """Somebody else, whose mail brings a link; every other mail that came is read as well."""
        browser, guest = self.journey.browser, f"guest-{self.journey.customer.email}"
        browser.post("/members/invitations", {"email": guest, "role": "accountant"})
        inbox = f"{browser.sandbox}/inbox/messages"

        def came() -> dict[str, Any] | None:
            listed = browser.outside.get(inbox, params={"to": guest}).json()
            return {"mails": listed} if (listed["messages"] if isinstance(listed, dict) else listed) else None

        browser.until(came, "The invitation")
        listed = browser.outside.get(inbox, params={"limit": 1000}).json()
        for message in listed["messages"] if isinstance(listed, dict) else listed:
            for link in browser.outside.get(f"{inbox}/{message['id']}").json()["links"]:
                self._keep_query(link)

    def _invitation(self) -> None:
        """Somebody is invited by a mail with a link, which is for their address and so not for ours."""
        browser, guest = self.journey.browser, f"guest-{uuid.uuid4().hex[:10]}@example.com"
        browser.post("/members/invitations", {"email": guest, "role": "member"})
        body, key = {"token": self._token_of("/invitation", guest)}, {"Idempotency-Key": uuid.uuid4().hex}
        refused = browser.http.post("/api/v1/invitations/accept", json=body, headers=key)
        assert refused.status_code == httpx.codes.NOT_FOUND, refused.text

    def _token_of(self, page: str, address: str) -> str:
        """What the link in the newest mail to an address brings to a page."""
        browser = self.journey.browser

        def found() -> dict[str, Any] | None:
            listed = browser.outside.get(f"{browser.sandbox}/inbox/messages", params={"to": address}).json()
            for message in listed["messages"] if isinstance(listed, dict) else listed:
                told = browser.outside.get(f"{browser.sandbox}/inbox/messages/{message['id']}").json()
                for link in told["links"]:
                    if urlsplit(link).path == page:
                        return {"token": dict(parse_qsl(urlsplit(link).query))["token"]}
            return None

        return str(browser.until(found, f"A mail with a link to {page}")["token"])

    def _card_with_question(self) -> None:
        """The bank asks the card's holder, in the provider's own form."""
        browser = self.journey.browser
        secret = browser.post("/billing/access", {"kind": "card"})["client_secret"]
        setup = secret.split("_secret_")[0]
        form = browser.outside.post(
            f"{browser.sandbox}/checkout/payment_methods", json={**_CARD_WITH_QUESTION, "setup": setup}
        )
        browser.outside.post(f"{browser.sandbox}/checkout/authenticate", data={"setup": setup}).raise_for_status()
        browser.post("/billing/card", {"payment_method_id": form.raise_for_status().json()["id"]})

    def change_card(self) -> None:
        """Something for the payment provider to give notice of."""
        self._cards += 1
        kind = ("pm_card_visa", "pm_card_mastercard")[self._cards % 2]
        self.journey.browser.post("/billing/card", {"payment_method_id": kind})

    def _asked(self, request: httpx.Request) -> None:
        self._keep_query(str(request.url))
        bearer = request.headers.get("authorization", "")
        self._keep(bearer.removeprefix("Bearer "))
        for cookie in request.headers.get("cookie", "").split("; "):
            self._keep(cookie.partition("=")[2])
        if request.headers.get("content-type") == "application/json":
            self._keep_fields(json.loads(request.content))

    def _answered(self, response: httpx.Response) -> None:
        response.read()
        self._keep_query(response.headers.get("location", ""))
        for cookie in response.cookies.values():
            self._keep(cookie)
        if response.headers.get("content-type", "").endswith("json"):
            told = response.json()
            self._keep_fields(told)
            if response.url.path.endswith("/billing/access"):
                self.secrets |= {told[name] for name in ("url", "pdf_url") if name in told}

    def _keep_fields(self, value: Any, name: str = "") -> None:
        match value:
            case dict():
                for key, inner in value.items():
                    self._keep_fields(inner, key)
            case list():
                for inner in value:
                    self._keep_fields(inner, name)
            case str() if name == "operation_id":
                self.operations.add(value)
            case str() if value.startswith(("https://", "http://", "otpauth://")):
                self._keep_query(value)
            case str() if name in _SECRET_FIELDS:
                self._keep(value)

    def _keep_query(self, url: str) -> None:
        for name, value in parse_qsl(urlsplit(url).query):
            if name in _SECRET_QUERIES:
                self._keep(value)

    def _keep(self, secret: str) -> None:
        if len(secret) >= _LEAST:
            self.secrets.add(secret)


def _quiet(now: str, share: float) -> None:
    """Nobody watches."""


async def searched(plan: PlatformPlan, walk: Walk) -> dict[str, Any]:
    """Look for every secret in every file, table and stream; then plant one everywhere and look again."""
    secrets = walk.secrets | _of_files(plan) | await _of_google(plan)
    needles = {form for secret in secrets for form in forms(secret)} | set(_BEGINNINGS)
    first = await _found(plan, needles)
    planted = sorted(walk.secrets)[-1]
    _plant(plan, walk, base64.b64encode(planted.encode()).decode())
    second = await _found(plan, needles)
    size = sum(file.stat().st_size for folder in _folders(plan).values() for file in _files(folder))
    return {
        "secrets": sum(first.values()),
        "found_in": dict(first),
        "of_secrets": len(secrets),
        "bytes": size,
        "planted": sorted({place.split("/")[0] for place in second - first}),
        "places": len(PLACES),
    }


PLACES = ("jetstream", "log", "postgres", "streams", "tables")
"""Where what is planted is found: in files of both servers, in a log, and in what the servers answer."""


def forms(text: str) -> set[bytes]:
    """A secret as it may be written: as it is, in JSON, in an address, in hexadecimal, in base64 at each alignment."""
    raw = text.encode()
    found = {raw, json.dumps(text)[1:-1].encode(), quote(text, safe="").encode(), quote_plus(text).encode()}
    found |= {raw.hex().encode(), raw.hex().upper().encode(), raw[::-1]}
    for skipped in range(3):
        encoded = base64.b64encode(b"\0" * skipped + raw)[4:-4]
        found |= {encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= _LEAST}


def database(plan: PlatformPlan, service: str) -> psycopg.Connection[Any]:
    """A service's database as its superuser sees it."""
    return psycopg.connect(
        host=str(plan.postgres_socket_dir),
        port=plan.postgres_port,
        user="postgres",
        password=(plan.secrets_dir / "postgres.superuser.password").read_text().strip(),
        dbname=service,
        autocommit=True,
    )


def _of_files(plan: PlatformPlan) -> set[str]:
    """Passwords and keys of the platform itself."""
    words = {w for file in plan.secrets_dir.iterdir() if file.suffix != ".pub" for w in file.read_text().split()}
    return {word for word in words if len(word) >= _LEAST and not _MOMENT.fullmatch(word)}


async def _of_google(plan: PlatformPlan) -> set[str]:
    """PKCE verifiers and refresh tokens: the one is computed, the other opened, each with the owner's own key."""
    digest_key = base64.b64decode((plan.secrets_dir / "gateway.digest.key").read_text())
    with database(plan, "gateway") as connection:
        consents = connection.execute("select operation_id, channel_id from oauth_states").fetchall()
    verifiers = {keyed(digest_key, "oauth-verifier", operation_id) for operation_id, _ in consents}
    async with open_services(plan, "publisher") as (publisher,):
        vault = Vault(publisher.store.pool, kek_file(plan.secrets_dir / "publisher.kek.key"))
        grants = Grants(publisher.store, vault)
        return verifiers | {await grants.token(channel_id) for _, channel_id in consents}


def _plant(plan: PlatformPlan, walk: Walk, text: str) -> None:
    """Put a secret, encoded, where customers' words go in clear, and into a log."""
    body = {"interests": [text[i : i + 90] for i in range(0, len(text), 90)], "experience": "beginner"}
    walk.journey.browser.post("/onboarding/niches", body)
    with (plan.log_dir / "gateway.log").open("a") as log:
        log.write(f"{text}\n")


async def _found(plan: PlatformPlan, needles: set[bytes]) -> Counter[str]:
    """How often anything was found, by place and file."""
    Timekeeper(plan).settle(0)
    with database(plan, "postgres") as connection:
        connection.execute("checkpoint")
    with tempfile.TemporaryDirectory(prefix="ytest-traces-") as name:
        work = Path(name)
        patterns = work / "patterns"
        patterns.write_bytes(b"\n".join(sorted(needles)) + b"\n")
        for dump in ("tables", "streams"):
            (work / dump).mkdir()
        _dump_tables(plan, work / "tables")
        await _dump_streams(plan, work / "streams")
        folders = {**_folders(plan), "tables": work / "tables", "streams": work / "streams"}
        return Counter(place for label, folder in folders.items() for place in _grep(patterns, label, folder))


def _grep(patterns: Path, label: str, folder: Path) -> Iterator[str]:
    """Each finding as place and file. A search that fails is no search."""
    done = subprocess.run(
        [*_GREP, str(patterns), str(folder)],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    # 1: nothing found; 2 besides findings: a file that went away meanwhile, such as a temporary one
    if done.returncode > 1 and b"No such file" not in done.stderr:
        raise RuntimeError(done.stderr.decode())
    for line in done.stdout.splitlines():
        file, _, _ = line.partition(b"\0")
        yield f"{label}/{Path(file.decode()).name}"


def _folders(plan: PlatformPlan) -> dict[str, Path]:
    """Everything that is written, but the secrets' own folder, the server's settings and the world outside."""
    named = {name: plan.var / name for name in ("postgres", "log", "traces", "assets", "run")}
    return {**named, "jetstream": plan.var / "nats" / "jetstream"}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _dump_tables(plan: PlatformPlan, folder: Path) -> None:
    """Every row of every table of every service."""
    listed = "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    for service in plan.services:
        with database(plan, service) as connection, (folder / service).open("wb") as file:
            for schema, table in connection.execute(listed).fetchall():
                rows = sql.SQL("copy (select t::text from {} t) to stdout").format(sql.Identifier(schema, table))
                with connection.cursor().copy(rows) as copy:
                    for block in copy:
                        file.write(block)


async def _dump_streams(plan: PlatformPlan, folder: Path) -> None:
    """Every message of every stream, with its headers."""
    client = await connect(NatsAccess(plan.nats_url, ADMIN, password_file(plan.secrets_dir, ADMIN)), "traces")
    for service in plan.services:
        with (folder / service).open("wb") as file:
            async for message in messages_of(client.jetstream(), service):
                file.write(b"\n".join((message.subject.encode(), json.dumps(message.headers).encode(), message.data)))
                file.write(b"\n")
    await client.close()
