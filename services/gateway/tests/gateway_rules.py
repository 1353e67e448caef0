"""What the other services decide in the gateway's tests: short, and by visible words in the request."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from ytempire.events import Envelope, Event, Money
from ytempire.events.billing import (
    BillingAccessGranted,
    BillingAccessRejected,
    ChannelSlotReserved,
    DiscountGranted,
    EntitlementsChanged,
    InvoicePaymentRejected,
    PaymentMethodChanged,
    PaymentMethodChangeRejected,
    PaymentSetupRejected,
    PlanChangePreviewed,
    SubscriptionChanged,
    SubscriptionChangeRejected,
    SubscriptionStarted,
    TaxChanged,
    TaxChangeRejected,
    VideoSlotReserved,
)
from ytempire.events.gateway import (
    AccessLinkRequested,
    BillingAccessRequested,
    ChannelConnectionRequested,
    ChannelPreferencesSubmitted,
    DiscountRequested,
    EmailChangeRequested,
    EmailConfirmationRequested,
    EmailVerificationRequested,
    InvoicePaymentRequested,
    NicheChoiceRequested,
    NichesRequested,
    PasswordChangeRequested,
    PasswordResetRequested,
    PaymentMethodChangeRequested,
    PaymentSetupRequested,
    PlanChangePreviewRequested,
    PlanSelectionRequested,
    PreferencesSubmitted,
    PublishRequested,
    ReminderChoiceRequested,
    SignUpRequested,
    SubscriptionChangeRequested,
    TaxDetailsRequested,
    TicketRequested,
    VideoRequested,
)
from ytempire.events.media import VideoAccepted, VideoRejected
from ytempire.events.onboarding import (
    AccessLinkRejected,
    AccessLinkSent,
    ChannelPreferencesRejected,
    ChannelPreferencesSaved,
    EmailChanged,
    EmailChangeStarted,
    EmailConfirmationRejected,
    EmailVerificationRejected,
    EmailVerified,
    NicheChoiceRejected,
    NichesChosen,
    NichesRecommended,
    OnboardingStepCompleted,
    PasswordChanged,
    PasswordReset,
    PasswordResetRejected,
    PlanRejected,
    PlanSelected,
    PreferencesRejected,
    PreferencesSaved,
    ReminderChoiceRejected,
    RemindersChosen,
    SignUpAccepted,
    SignUpRejected,
    UserCreated,
)
from ytempire.events.publisher import ChannelConnected, ChannelConnectionRejected, PublishRejected, VideoScheduled
from ytempire.events.support import TicketCategorised, TicketOpened, TicketReplied
from ytempire.events.values import NicheScore, Sealed

Answers = list[tuple[str, list[Event]]]
DONE = datetime(2026, 11, 22, tzinfo=UTC)


def _step(user_id: str, step: str, following: str) -> Event:
    return OnboardingStepCompleted(user_id=user_id, step=step, next_step=following)


def sign_up(world: Any, event: SignUpRequested, _: Envelope) -> Answers:
    profile = world.openers["onboarding"].open(event.sealed, datetime.now(UTC))
    if event.email_digest in world.addresses:
        refusal = SignUpRejected(user_id=event.user_id, code="email_taken", field="email", message="It is taken.")
        return [("onboarding", [refusal])]
    world.addresses[event.email_digest] = event.user_id
    token = f"token-of-{profile['email']}"
    world.tokens[hashlib.sha256(token.encode()).hexdigest()] = event.user_id
    return [("onboarding", [SignUpAccepted(user_id=event.user_id)])]


def verify(world: Any, event: EmailVerificationRequested, _: Envelope) -> Answers:
    user_id = world.tokens.get(event.token_digest)
    if user_id is None:
        message = "This link is not valid any more. Sign up again to get a new one."
        return [("onboarding", [EmailVerificationRejected(code="token_unknown", field="token", message=message)])]
    digest = next(digest for digest, holder in world.addresses.items() if holder == user_id)
    return [
        (
            "onboarding",
            [
                UserCreated(user_id=user_id),
                EmailVerified(user_id=user_id, email_digest=digest),
                _step(user_id, "account_creation", "email_verification"),
                _step(user_id, "email_verification", "subscription_selection"),
            ],
        )
    ]


def send_link(world: Any, event: AccessLinkRequested, _: Envelope) -> Answers:
    user_id = world.addresses.get(event.email_digest)
    if user_id is None:
        return [("onboarding", [AccessLinkRejected(code="unknown_email", field="email", message="It is not known.")])]
    world.tokens[hashlib.sha256(f"link-of-{user_id}".encode()).hexdigest()] = user_id
    return [("onboarding", [AccessLinkSent(user_id=user_id, expires_at=datetime.now(UTC))])]


def reset_password(world: Any, event: PasswordResetRequested, _: Envelope) -> Answers:
    user_id = world.tokens.pop(event.token_digest, None)
    if user_id is None:
        message = "This link was used already."
        return [("onboarding", [PasswordResetRejected(code="used_token", field="token", message=message)])]
    return [("onboarding", [PasswordReset(user_id=user_id)])]


def change_password(_: Any, event: PasswordChangeRequested, __: Envelope) -> Answers:
    return [("onboarding", [PasswordChanged(user_id=event.user_id)])]


def change_email(world: Any, event: EmailChangeRequested, _: Envelope) -> Answers:
    email = world.openers["onboarding"].open(event.sealed, datetime.now(UTC))["email"]
    token = hashlib.sha256(f"confirm-{email}".encode()).hexdigest()
    world.tokens[token] = event.email_digest
    return [("onboarding", [EmailChangeStarted(user_id=event.user_id, expires_at=datetime.now(UTC))])]


def confirm_email(world: Any, event: EmailConfirmationRequested, _: Envelope) -> Answers:
    digest = world.tokens.pop(event.token_digest, None)
    if digest is None:
        refusal = EmailConfirmationRejected(
            user_id=event.user_id, code="unknown_token", field="token", message="We do not know this link."
        )
        return [("onboarding", [refusal])]
    return [("onboarding", [EmailChanged(user_id=event.user_id, email_digest=digest)])]


def plan(_: Any, event: PlanSelectionRequested, __: Envelope) -> Answers:
    if event.plan != "starter":
        message = "There is no plan of this name. Choose starter, growth or scale."
        refusal = PlanRejected(user_id=event.user_id, code="unknown_plan", field="plan", message=message)
        return [("onboarding", [refusal])]
    chosen = PlanSelected(
        user_id=event.user_id,
        plan="starter",
        price=Money.parse("97", "USD"),
        channels=5,
        videos_per_day=15,
        trial_days=7,
    )
    return [("onboarding", [chosen, _step(event.user_id, "subscription_selection", "payment_setup")])]


def payment(world: Any, event: PaymentSetupRequested, _: Envelope) -> Answers:
    world.opened.append(world.openers["billing"].open(event.sealed, datetime.now(UTC)))
    if "declined" in event.payment_method_id:
        refusal = PaymentSetupRejected(
            user_id=event.user_id,
            code="card_declined",
            field="payment_method_id",
            message="The bank declined the card. Use another one.",
        )
        return [("billing", [refusal])]
    started = SubscriptionStarted(
        user_id=event.user_id,
        subscription_id="sub_1",
        plan="starter",
        status="trialing",
        trial_ends_at=DONE + timedelta(days=7),
        period_start=DONE,
        period_end=DONE + timedelta(days=7),
        price=Money.parse("97", "USD"),
    )
    entitled = EntitlementsChanged(user_id=event.user_id, plan="starter", active=True, channels=5, videos_per_day=15)
    return [("billing", [started, entitled])]


def preview(_: Any, event: PlanChangePreviewRequested, __: Envelope) -> Answers:
    price = Money.parse("297", "USD")
    told = PlanChangePreviewed(
        user_id=event.user_id,
        plan=event.plan,
        interval=event.interval,
        due_now=Money.parse("133.33", "USD"),
        begins_at=DONE,
        price=price,
    )
    return [("billing", [told])]


def card(_: Any, event: PaymentMethodChangeRequested, __: Envelope) -> Answers:
    if "declined" in event.payment_method_id:
        text = "The bank declined the card. Use another one."
        refusal = PaymentMethodChangeRejected(
            user_id=event.user_id, code="card_declined", field="payment_method_id", message=text
        )
        return [("billing", [refusal])]
    changed = PaymentMethodChanged(user_id=event.user_id, brand="visa", last4="4242", exp_month=12, exp_year=2031)
    return [("billing", [changed])]


def discount(_: Any, event: DiscountRequested, __: Envelope) -> Answers:
    granted = DiscountGranted(
        user_id=event.user_id,
        code=event.discount_code.upper(),
        percent="20",
        amount=None,
        duration="repeating",
        months=3,
    )
    return [("billing", [granted])]


def tax(_: Any, event: TaxDetailsRequested, __: Envelope) -> Answers:
    if event.country == "XX":
        text = "VAT numbers are for countries of the European Union and Great Britain. Leave it out."
        refusal = TaxChangeRejected(user_id=event.user_id, code="vat_id_not_used", field="vat_id", message=text)
        return [("billing", [refusal])]
    changed = TaxChanged(user_id=event.user_id, country=event.country, treatment="vat", percent="19", vat_id="pending")
    return [("billing", [changed])]


def pay(_: Any, event: InvoicePaymentRequested, __: Envelope) -> Answers:
    text = "No invoice is open: there is nothing to pay."
    return [("billing", [InvoicePaymentRejected(user_id=event.user_id, code="nothing_due", field="", message=text)])]


def access(world: Any, event: BillingAccessRequested, _: Envelope) -> Answers:
    if event.invoice_id == "in_other":
        text = "There is no invoice with this id in your account."
        refusal = BillingAccessRejected(
            user_id=event.user_id, code="invoice_not_found", field="invoice_id", message=text
        )
        return [("billing", [refusal])]
    value = {"url": f"https://pay.example/{event.kind}?back={event.return_url}"}
    sealed = world.sealer.seal("gateway", value, datetime.now(UTC), timedelta(hours=1))
    return [("billing", [BillingAccessGranted(user_id=event.user_id, kind=event.kind, sealed=sealed)])]


def change(_: Any, event: SubscriptionChangeRequested, __: Envelope) -> Answers:
    if event.change == "resume":
        refusal = SubscriptionChangeRejected(
            user_id=event.user_id,
            code="not_cancelling",
            field="change",
            message="The subscription was not cancelled: it goes on by itself.",
        )
        return [("billing", [refusal])]
    ends = DONE + timedelta(days=30)
    changed = SubscriptionChanged(
        user_id=event.user_id,
        subscription_id="sub_1",
        plan="starter",
        status="active",
        period_start=DONE,
        period_end=ends,
        cancels_at=ends if event.change == "cancel_at_period_end" else None,
        next_plan=event.plan,
    )
    return [("billing", [changed])]


def niches(_: Any, event: NichesRequested, __: Envelope) -> Answers:
    found = tuple(
        NicheScore(
            niche_id=f"niche-{n}",
            name=f"Niche {n}",
            score=0.9 - n / 10,
            parts={"demand": 0.5},
            reason="It fits.",
            rpm_low_usd=1.0,
            rpm_high_usd=2.0,
        )
        for n in range(5)
    )
    return [("onboarding", [NichesRecommended(user_id=event.user_id, niches=found)])]


def choice(_: Any, event: NicheChoiceRequested, __: Envelope) -> Answers:
    if any(not niche.startswith("niche-") for niche in event.niche_ids):
        refusal = NicheChoiceRejected(
            user_id=event.user_id, code="unknown_niche", field="niche_ids", message="Choose recommended niches."
        )
        return [("onboarding", [refusal])]
    return [("onboarding", [NichesChosen(user_id=event.user_id, niche_ids=event.niche_ids)])]


def preferences(_: Any, event: PreferencesSubmitted, __: Envelope) -> Answers:
    if event.timezone == "Mars/Base":
        refusal = PreferencesRejected(
            user_id=event.user_id, code="unknown_timezone", field="timezone", message="There is no such zone."
        )
        return [("onboarding", [refusal])]
    saved = event.model_dump(exclude={"expected_version"})
    return [("onboarding", [PreferencesSaved(**saved, version=(event.expected_version or 0) + 1)])]


def channel_preferences(_: Any, event: ChannelPreferencesSubmitted, __: Envelope) -> Answers:
    who = {"user_id": event.user_id, "channel_id": event.channel_id}
    if event.expected_version == 9:
        message = "You changed version 9, but 1 is there now: read it, and save your changes to that."
        refusal = ChannelPreferencesRejected(**who, code="version_conflict", field="version", message=message)
        return [("onboarding", [refusal])]
    version = (event.expected_version or 0) + 1
    return [("onboarding", [ChannelPreferencesSaved(**who, preferences=event.preferences, version=version)])]


def reminders(world: Any, event: ReminderChoiceRequested, _: Envelope) -> Answers:
    if event.user_id is None and event.token_digest not in world.tokens:
        refusal = ReminderChoiceRejected(code="unknown_link", field="token", message="We do not know this link.")
        return [("onboarding", [refusal])]
    user_id = event.user_id or world.tokens[event.token_digest]
    return [("onboarding", [RemindersChosen(user_id=user_id, wanted=event.wanted)])]


def connect(world: Any, event: ChannelConnectionRequested, _: Envelope) -> Answers:
    secret = world.openers["publisher"].open(event.sealed, datetime.now(UTC))
    world.opened.append(secret)
    ids = {"user_id": event.user_id, "channel_id": event.channel_id}
    if secret["code"].startswith("bad"):
        refusal = ChannelConnectionRejected(
            **ids, code="channel_already_connected", field="channel_id", message="This channel is connected already."
        )
        return [("publisher", [refusal])]
    connected = ChannelConnected(
        **ids,
        niche_id=event.niche_id,
        youtube_channel_id="UC1",
        title="Plain Ledger",
        monetised=False,
        scopes=("youtube.upload",),
        analytics_grant=Sealed(recipient="analytics", key_id="k", ciphertext="c", expires_at=DONE),
    )
    return [("billing", [ChannelSlotReserved(**ids)]), ("publisher", [connected])]


def video(_: Any, event: VideoRequested, __: Envelope) -> Answers:
    ids = {"user_id": event.user_id, "video_id": event.video_id}
    topic = event.topic or ""
    if "later" in topic:
        return []
    if "refused" in topic:
        refusal = VideoRejected(
            **ids, code="daily_limit_reached", field="", message="Today's videos are used up. Try tomorrow."
        )
        return [("media", [refusal])]
    accepted = VideoAccepted(**ids, channel_id=event.channel_id, length_s=event.length_s)
    return [("billing", [VideoSlotReserved(**ids, day=datetime.now(UTC).date())]), ("media", [accepted])]


def publish(_: Any, event: PublishRequested, __: Envelope) -> Answers:
    ids = {"user_id": event.user_id, "video_id": event.video_id}
    if event.privacy == "private":
        refusal = PublishRejected(**ids, code="not_rendered", field="", message="The video is not finished yet.")
        return [("publisher", [refusal])]
    scheduled = VideoScheduled(**ids, channel_id=event.video_id, publish_at=DONE, privacy=event.privacy)
    return [("publisher", [scheduled])]


def ticket(world: Any, event: TicketRequested, _: Envelope) -> Answers:
    world.opened.append(world.openers["support"].open(event.sealed, datetime.now(UTC)))
    ids = {"user_id": event.user_id, "ticket_id": event.ticket_id}
    opened = TicketOpened(
        **ids,
        category="technical_issue",
        priority="high",
        status="open",
        estimated_response_at=DONE,
        auto_response="no_sound",
        job=None,
    )
    return [
        (
            "support",
            [
                opened,
                TicketCategorised(**ids, category="technical_issue", confidence=0.9),
                TicketReplied(**ids, template="no_sound", automatic=True),
            ],
        )
    ]


RULES = {
    SignUpRequested: sign_up,
    EmailVerificationRequested: verify,
    AccessLinkRequested: send_link,
    PasswordResetRequested: reset_password,
    PasswordChangeRequested: change_password,
    EmailChangeRequested: change_email,
    EmailConfirmationRequested: confirm_email,
    PlanSelectionRequested: plan,
    PaymentSetupRequested: payment,
    PlanChangePreviewRequested: preview,
    PaymentMethodChangeRequested: card,
    TaxDetailsRequested: tax,
    DiscountRequested: discount,
    InvoicePaymentRequested: pay,
    BillingAccessRequested: access,
    SubscriptionChangeRequested: change,
    NichesRequested: niches,
    NicheChoiceRequested: choice,
    PreferencesSubmitted: preferences,
    ChannelPreferencesSubmitted: channel_preferences,
    ReminderChoiceRequested: reminders,
    ChannelConnectionRequested: connect,
    VideoRequested: video,
    PublishRequested: publish,
    TicketRequested: ticket,
}
