"""Webhook endpoints and the sender: signed, retried with a limit, and spoilt on demand by the fault plan."""

import hashlib
import hmac
import json
import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ytempire.sandbox.faults import Fault
from ytempire.sandbox.stripe.api import API_VERSION, Call, Routes
from ytempire.sandbox.stripe.errors import invalid
from ytempire.sandbox.stripe.objects import PAGING, Doc, Objects, page_of

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

PROVIDER = "stripe.webhook"
SECRETS = "stripe.webhook_secret"
DELIVER = "stripe.deliver"
WAITS_S = (1, 2, 4, 8, 15, 30, 60, 300, 3600, 6 * 3600, 24 * 3600)
"""Seconds of virtual time before each retry; after the last one the event is given up."""
TIMEOUT_S = 10.0
STALE_S = 3600
OUT_OF_ORDER_S = 3.0
PROVISIONED = "we_gateway"


def signature(secret: str, moment: int, body: str) -> str:
    """The ``Stripe-Signature`` header of a body."""
    signed = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


class Webhooks:
    """Sends events to the endpoints that want them, one entry of the schedule per delivery."""

    def __init__(self, objects: Objects) -> None:
        self._objects, self._world = objects, objects.world
        self._client: httpx.AsyncClient | None = None
        self._world.schedule.on(DELIVER, self._deliver)

    def provision(self) -> None:
        """The endpoint an operator would set up by hand: the gateway's, if there is a gateway and a secret."""
        settings = self._world.settings
        if not settings.gateway_url or settings.stripe_webhook_secret is None:
            return
        self._world.store.put(SECRETS, PROVISIONED, {"secret": settings.stripe_webhook_secret.get_secret_value()})
        self._objects.keep(
            _endpoint(f"{settings.gateway_url.rstrip('/')}/api/v1/webhooks/stripe", ["*"])
            | {"id": PROVISIONED, "object": "webhook_endpoint", "created": self._objects.now(), "livemode": False}
        )

    def listeners(self, type: str) -> list[str]:
        """Ids of the endpoints that get events of a type."""
        enabled = self._objects.all("webhook_endpoint", status="enabled")
        return [e["id"] for e in enabled if {"*", type} & set(e["enabled_events"])]

    def plan(self, event: Doc, endpoints: list[str]) -> None:
        """Send as soon as the request that caused the event is answered."""
        for endpoint in endpoints:
            payload = {"event": event["id"], "endpoint": endpoint, "attempt": 1}
            self._world.schedule.at(self._world.clock.now(), DELIVER, payload)

    async def _deliver(self, payload: dict[str, Any]) -> None:
        event = self._objects.find("event", payload["event"])
        endpoint = self._objects.find("webhook_endpoint", payload["endpoint"])
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            return
        taken = self._world.faults.take(PROVIDER, "POST", event["type"])
        hit: dict[str, Fault] = {fault.action: fault for fault in taken}
        wait = self._held_back(hit)
        if wait is not None:
            self._again(payload, wait, payload["attempt"])
            return
        status = 0 if "drop" in hit else await self._send(event, endpoint, payload, hit)
        if "duplicate" in hit:
            await self._send(event, endpoint, payload, {})
        if 200 <= status < 300:
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            self._objects.keep(event)
        elif payload["attempt"] <= len(WAITS_S):
            self._again(payload, WAITS_S[payload["attempt"] - 1], payload["attempt"] + 1)
        else:
            log.warning("webhook %s (%s) is given up after %d tries", event["id"], event["type"], payload["attempt"])

    def _held_back(self, hit: dict[str, Fault]) -> float | None:
        if "delay" in hit:
            return hit["delay"].delay_s
        return OUT_OF_ORDER_S if "reorder" in hit else None

    def _again(self, payload: dict[str, Any], wait_s: float, attempt: int) -> None:
        due = self._world.clock.now() + timedelta(seconds=wait_s)
        self._world.schedule.at(due, DELIVER, {**payload, "attempt": attempt})

    async def _send(self, event: Doc, endpoint: Doc, payload: dict[str, Any], hit: dict[str, Fault]) -> int:
        import httpx

        secret = (self._world.store.get(SECRETS, endpoint["id"]) or {}).get("secret", "")
        if "bad_signature" in hit:
            secret = secret[::-1]
        # Receivers compare this time with the wall clock, whatever the virtual one says.
        moment = int(self._world.clock.wall().timestamp()) - (STALE_S if "stale_timestamp" in hit else 0)
        body = json.dumps(event, indent=2)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": signature(secret, moment, body),
        }
        try:
            status = (await self._http().post(endpoint["url"], content=body, headers=headers)).status_code
        except httpx.HTTPError as error:
            log.info("webhook %s to %s: %s", event["type"], endpoint["url"], type(error).__name__)
            status = 0
        detail = {"event": event["id"], "endpoint": endpoint["id"], "attempt": payload["attempt"]}
        faults = {"faults": sorted(hit)} if hit else {}
        self._world.journal.record(PROVIDER, "POST", event["type"], status, None, {**detail, **faults})
        return status

    def _http(self) -> "httpx.AsyncClient":
        """One client for all deliveries; it trusts the system and the sandbox's own authority."""
        if self._client is not None:
            return self._client
        import ssl

        import httpx  # heavy, and needed only once there is a gateway to call

        context = ssl.create_default_context()
        own = self._world.settings.state_dir / "tls" / "ca.pem"
        if own.exists():
            context.load_verify_locations(own)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, verify=context)
        return self._client


def _endpoint(url: str, enabled_events: list[str]) -> Doc:
    return {
        "url": url,
        "enabled_events": enabled_events,
        "status": "enabled",
        "api_version": API_VERSION,
        "application": None,
        "description": None,
        "metadata": {},
    }


def add_routes(routes: Routes, objects: Objects) -> None:
    """``/v1/webhook_endpoints``."""

    def create(call: Call) -> Doc:
        params = call.params.only("url", "enabled_events", "api_version", "description", "metadata", "connect")
        events = params.texts("enabled_events")
        if not events:
            raise invalid("Missing required param: enabled_events.", "enabled_events", "parameter_missing")
        version = params.text("api_version")
        if version not in (None, API_VERSION):
            raise invalid(f"Invalid API version: this sandbox sends {API_VERSION} only.", "api_version")
        fields = _endpoint(_url(params.needed("url")), events)
        doc = objects.make(
            "webhook_endpoint",
            **{**fields, "description": params.text("description"), "metadata": params.metadata()},
        )
        secret = f"whsec_{secrets.token_urlsafe(24)}"
        objects.world.store.put(SECRETS, doc["id"], {"secret": secret})
        return {**doc, "secret": secret}

    def update(call: Call) -> Doc:
        params = call.params.only("url", "enabled_events", "disabled", "description", "metadata")
        doc = objects.get("webhook_endpoint", call.ids["id"])
        if params.has("url"):
            doc["url"] = _url(params.needed("url"))
        if params.has("enabled_events"):
            doc["enabled_events"] = params.texts("enabled_events")
        if params.has("disabled"):
            doc["status"] = "disabled" if params.flag("disabled") else "enabled"
        if params.has("description"):
            doc["description"] = params.text("description")
        doc["metadata"] = params.metadata(doc["metadata"])
        objects.keep(doc)
        return doc

    def listed(call: Call) -> Doc:
        found = objects.all("webhook_endpoint")
        return page_of(found, call.params.only(*PAGING), "/v1/webhook_endpoints")

    def delete(call: Call) -> Doc:
        return objects.delete(objects.get("webhook_endpoint", call.ids["id"]))

    routes.add("POST", "/webhook_endpoints", create)
    routes.add("GET", "/webhook_endpoints", listed)
    routes.add("GET", "/webhook_endpoints/{id}", lambda call: objects.get("webhook_endpoint", call.ids["id"]))
    routes.add("POST", "/webhook_endpoints/{id}", update)
    routes.add("DELETE", "/webhook_endpoints/{id}", delete)


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    return text
