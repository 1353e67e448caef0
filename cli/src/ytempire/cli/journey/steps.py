"""The ten steps, each through the public API alone. What a step learned is kept for the later ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from ytempire.cli.journey.browser import Browser, Json
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.timekeeper import Timekeeper

VIDEO_SECONDS = 60
"""Length asked for; the writer aims a little higher, so that at least this much is heard."""
ADVANCE = timedelta(days=30)
_RENDER_S = 900.0
_CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
_TICKET = {"subject": "No sound", "message": "my video has no sound"}

Tell = Callable[[str, float], None]
"""What is happening, and the share of the step that is done."""


@dataclass
class Customer:
    """Who walks the journey."""

    email: str = field(default_factory=lambda: f"operator-{uuid.uuid4().hex[:10]}@example.com")
    password: str = field(default_factory=lambda: f"{uuid.uuid4().hex[:12]} Quiet-River")
    full_name: str = "Ada Operator"
    company: str = "Riverside Media"


@dataclass
class Journey:
    """One walk. `brief` is the text the video is made about; without one, the niche's own facts are used."""

    browser: Browser
    plan: PlatformPlan
    brief: str | None = None
    customer: Customer = field(default_factory=Customer)
    niches: list[Json] = field(default_factory=list)
    channels: list[Json] = field(default_factory=list)
    video_id: str = ""
    ticket: Json = field(default_factory=dict)
    pnl: Json = field(default_factory=dict)
    revenue: Json = field(default_factory=dict)
    clock_steps: int = 0

    def sign_up(self, tell: Tell) -> None:
        who = self.customer
        self.browser.post(
            "/auth/signup",
            {"email": who.email, "full_name": who.full_name, "company_name": who.company},
        )
        tell("waiting for the mail", 0.4)
        found = self.browser.until(self.verification_link, "The verification mail")
        token = parse_qs(urlsplit(found["link"]).query)["token"][0]
        self.browser.post("/auth/verify", {"token": token, "password": who.password})
        tell("logging in", 0.8)
        self.browser.log_in(who.email, who.password)

    def subscribe(self, tell: Tell) -> None:
        self.browser.post("/onboarding/plan", {"plan": "starter"})
        tell("paying by card", 0.4)
        self.pay(tell)

    def pay(self, tell: Tell) -> None:
        form = self.browser.outside.post(f"{self.browser.sandbox}/checkout/payment_methods", json=_CARD)
        card = form.raise_for_status().json()
        self.browser.post(
            "/onboarding/payment",
            {
                "payment_method_id": card["id"],
                "billing_name": self.customer.full_name,
                "billing_email": self.customer.email,
            },
        )

    def choose_niches(self, tell: Tell) -> None:
        found = self.browser.post(
            "/onboarding/niches",
            {"interests": ["budgeting", "astronomy"], "experience": "beginner", "budget_usd": 100},
        )
        self.niches = list(found["niches"])
        tell(f"{len(self.niches)} niches scored", 0.6)
        chosen = [niche["niche_id"] for niche in self.niches[:2]]
        self.browser.post("/onboarding/niches/choice", {"niche_ids": chosen})

    def connect_channels(self, tell: Tell) -> None:
        for number, kind in enumerate(("fresh", "established")):
            begun = self.browser.post("/channels/connect", {"niche_id": self.niches[number]["niche_id"]})
            self.browser.follow_google(begun["consent_url"], self.customer.email, kind)
            tell(f"channel {number + 1} connected", (number + 1) / 2)
        self.channels = self.browser.until(self._connected, "The connection of two channels")["channels"]

    def save_preferences(self, tell: Tell) -> None:
        self.browser.post(
            "/onboarding/preferences",
            {"video_style": "educational", "video_length_s": VIDEO_SECONDS, "timezone": "UTC"},
        )

    def make_video(self, tell: Tell) -> None:
        channel = next(c for c in self.channels if c["monetised"])
        body: Json = {"channel_id": channel["channel_id"], "length_s": VIDEO_SECONDS}
        if self.brief is not None:
            body["brief"] = self.brief
        self.video_id = self.browser.post("/videos/generate", body)["video_id"]

        def rendered() -> Json | None:
            status = self.browser.get(f"/videos/status/{self.video_id}")
            tell(str(status["stage"] or "waiting"), status["percent"] / 100)
            if status["status"] in ("failed", "rejected"):
                reason = (status["failure"] or {}).get("message", "no reason given")
                raise PlatformProblem(f"The video could not be made: {reason}")
            return status if status["status"] == "rendered" else None

        self.browser.until(rendered, "The video", _RENDER_S)

    def publish(self, tell: Tell) -> None:
        self.browser.post(f"/videos/{self.video_id}/approve", {})
        self.browser.post(f"/videos/{self.video_id}/publish", {"privacy": "public"})

        def verified() -> Json | None:
            publication = self.video()["publication"] or {}
            tell(str(publication.get("status") or "uploading"), 0.7 if publication.get("published_at") else 0.4)
            if publication.get("status") == "failed":
                raise PlatformProblem("The video could not be published: see the files in var/log.")
            return publication if publication.get("verified") is not None else None

        self.browser.until(verified, "The publication", 120)

    def pass_a_month(self, tell: Tell) -> None:
        keeper = Timekeeper(self.plan)
        self.clock_steps = keeper.advance(ADVANCE, lambda at, share: tell(at.strftime("%Y-%m-%d %H:%M"), share))
        # a session does not last a month, and its token follows the wall clock: log in as anybody would
        self.browser.log_in(self.customer.email, self.customer.password)
        today = keeper.now().date()
        first = (today - ADVANCE).isoformat()
        self.pnl = self.browser.get("/pnl", **{"from": first, "to": today.isoformat()})
        self.revenue = self.browser.get("/revenue", **{"from": first, "to": today.isoformat()})

    def ask_support(self, tell: Tell) -> None:
        opened = self.browser.post("/tickets", {**_TICKET, "video_id": self.video_id})

        def categorised() -> Json | None:
            ticket = self.browser.get(f"/tickets/{opened['ticket_id']}")
            return ticket if ticket["category"] else None

        self.ticket = self.browser.until(categorised, "The answer of support")

    def video(self) -> Json:
        """Everything about the video as the customer sees it."""
        return self.browser.get(f"/videos/{self.video_id}")

    def verification_link(self) -> Json | None:
        """The link of the verification mail, once it has come."""
        inbox = self.browser.outside.get(
            f"{self.browser.sandbox}/inbox/messages", params={"to": self.customer.email}
        ).raise_for_status()
        listed = inbox.json()
        messages = listed["messages"] if isinstance(listed, dict) else listed
        for message in messages:
            found = self.browser.outside.get(f"{self.browser.sandbox}/inbox/messages/{message['id']}").json()
            for link in found["links"]:
                if "verify" in link and "token=" in link:
                    return {"link": link}
        return None

    def _connected(self) -> Json | None:
        found = self.browser.get("/channels")
        connected = [c for c in found["channels"] if c["status"] == "connected"]
        return {"channels": connected} if len(connected) == 2 else None
