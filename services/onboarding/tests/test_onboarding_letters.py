"""Every mail in both forms: complete, escaped, with its links, in the customer's own time."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from ytempire.events.journey import STEPS
from ytempire.onboarding.adapters.letter_writer import TemplateLetters

LETTERS = TemplateLetters()
VALUES = {
    "full_name": "Ada Lovelace",
    "public_url": "https://app.example",
    "token": "tok-123",
    "at": "2026-01-10T12:00:00+00:00",
    "plan": "starter",
    "price": "97.00 USD",
    "interval": "month",
    "no_trial": "",
    "won": "",
    "next_attempt_at": "2026-02-20T09:00:00+00:00",
    "channels": "5",
    "videos_per_day": "15",
    "trial_ends_at": "2026-01-17T23:30:00+00:00",
    "period_start": "2026-01-17T23:30:00+00:00",
    "period_end": "2026-02-17T23:30:00+00:00",
    "total": "115.43 USD",
    "tax": "18.43 USD",
    "net": "97.00 USD",
    "tax_percent": "19",
    "reverse_charge": "",
    "vat_id": "DE123456789",
    "country": "DE",
    "ends_at": "2026-03-17T23:30:00+00:00",
    "treatment": "vat",
    "percent": "19",
    "invoice_id": "in_1",
    "title": "Why bridges hum",
    "length": "1:02 minutes",
    "url": "https://www.youtube.com/watch?v=abc",
    "privacy": "unlisted",
    "differences": "",
    "ticket": "0190-1",
    "last": "",
    "about": "Mara Okafor",
    "role": "member",
    "expires_at": "2026-01-24T12:00:00+00:00",
}
EXPECTED = {
    "address_change_asked",
    "address_changed",
    "address_taken",
    "confirm_new_address",
    "dispute_closed",
    "dispute_opened",
    "first_video_ready",
    "invitation",
    "invoice_paid",
    "member_joined",
    "member_left",
    "member_removed",
    "password_changed",
    "payment_failed",
    "payment_recovered",
    "refund_issued",
    "reminder_channel_connection",
    "reminder_content_preferences",
    "reminder_email_verification",
    "reminder_first_video_generation",
    "reminder_niche_selection",
    "reminder_payment_setup",
    "reminder_subscription_selection",
    "set_new_password",
    "subscription_cancelled",
    "subscription_started",
    "subscription_paused",
    "subscription_resumed",
    "tax_changed",
    "ticket_billing_invoice",
    "ticket_billing_question",
    "ticket_cancel_subscription",
    "ticket_channel_disconnected",
    "ticket_content_quality",
    "ticket_feature_request",
    "ticket_login_problem",
    "ticket_no_sound",
    "ticket_publish_failed",
    "ticket_received",
    "ticket_refund_request",
    "ticket_technical_issue",
    "ticket_video_failed",
    "ticket_youtube_problem",
    "trial_ending",
    "verify_address",
    "video_published",
    "welcome",
}


UNGREETED = {"verify_address", "confirm_new_address", "reminder_email_verification", "invitation"}
"""They go where the account's owner may not be, whose name is nobody's business there; or it is a stranger's words."""


class Reader(HTMLParser):
    """Reads what a person would see, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "br", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen.append(" ".join(data.split()))


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader


def test_every_template_is_there() -> None:
    assert set(LETTERS.names) == EXPECTED
    assert LETTERS.known("ticket_no_sound")
    assert not LETTERS.known("ticket_no_such_thing")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_letter_says_the_same_as_text_and_as_html(name: str) -> None:
    letter = LETTERS.write(name, VALUES, "UTC")
    page = read(letter.html)
    shown = " ".join(page.seen)
    assert letter.subject
    assert "\n" not in letter.subject
    assert ("Hello," if name in UNGREETED else "Hello Ada Lovelace,") in letter.text
    assert "\n\n\n" not in letter.text
    for line in letter.text.split("\n--\n")[0].splitlines():
        assert line.split(": ", 1)[-1].rstrip(":") in shown
    assert all(link in letter.text for link in page.links)
    assert "{{" not in letter.text + letter.html
    assert "width=device-width" in letter.html
    assert "max-width:560px" in letter.html


def test_the_verification_mail_carries_the_whole_link() -> None:
    letter = LETTERS.write("verify_address", VALUES, "UTC")
    assert "https://app.example/verify?token=tok-123" in letter.text
    assert read(letter.html).links == ["https://app.example/verify?token=tok-123"] * 2


def test_a_receipt_shows_net_tax_and_gross_or_says_who_owes_the_tax() -> None:
    taxed = LETTERS.write("invoice_paid", VALUES, "UTC").text
    for line in ("115.43 USD", "97.00 USD", "18.43 USD (19 %)", "DE123456789"):
        assert line in taxed
    assert "Reverse charge" not in taxed
    free = {"tax": "", "net": "", "tax_percent": "", "reverse_charge": "yes", "total": "97.00 USD"}
    text = LETTERS.write("invoice_paid", VALUES | free, "UTC").text
    assert "Reverse charge: You owe the VAT; no tax was charged." in text
    assert "(19 %)" not in text


@pytest.mark.parametrize(
    ("treatment", "vat_id", "says"),
    [
        ("vat", "none", "19 % of VAT is added"),
        ("vat", "pending", "being checked with its registry"),
        ("vat", "unverified", "does not know your VAT number"),
        ("reverse_charge", "verified", "Your VAT number is confirmed"),
        ("none", "none", "No tax is added"),
    ],
)
def test_a_change_of_tax_says_what_is_added_and_why(treatment: str, vat_id: str, says: str) -> None:
    letter = LETTERS.write("tax_changed", VALUES | {"treatment": treatment, "vat_id": vat_id}, "UTC")
    assert says in letter.text


def test_values_of_customers_never_become_markup() -> None:
    hostile = VALUES | {"full_name": "<script>alert(1)</script>", "title": "{{ token }}<b>"}
    letter = LETTERS.write("first_video_ready", hostile, "UTC")
    assert "<script" not in letter.html
    assert "&lt;b&gt;" in letter.html
    assert "{{ token }}" in letter.text
    assert "tok-123" not in letter.text


def test_a_title_with_line_breaks_cannot_add_headers() -> None:
    letter = LETTERS.write("first_video_ready", VALUES | {"title": "one\r\nBcc: x@y.example"}, "UTC")
    assert letter.subject == "Your first video is ready: one Bcc: x@y.example"


def test_days_are_the_customers_own() -> None:
    assert "17 January 2026 at 23:30 (UTC)" in LETTERS.write("trial_ending", VALUES, "UTC").text
    assert "18 January 2026 at 00:30 (Europe/Berlin)" in LETTERS.write("trial_ending", VALUES, "Europe/Berlin").text


def test_a_plan_without_a_trial_is_not_called_free() -> None:
    letter = LETTERS.write("subscription_started", VALUES | {"plan": "scale", "trial_ends_at": ""}, "UTC")
    assert letter.subject == "Your subscription has begun"
    assert "Free until" not in letter.text
    assert "17 February 2026" in letter.text


def test_a_failed_payment_says_whether_it_is_tried_again() -> None:
    assert "tried again on Friday, 20 February 2026" in LETTERS.write("payment_failed", VALUES, "UTC").text
    assert "not tried again" in LETTERS.write("payment_failed", VALUES | {"next_attempt_at": ""}, "UTC").text


@pytest.mark.parametrize(
    ("reason", "said"), [("card_had_trial", "This card was"), ("account_had_trial", "Your account had")]
)
def test_who_gets_no_trial_is_told_why(reason: str, said: str) -> None:
    letter = LETTERS.write("subscription_started", VALUES | {"trial_ends_at": "", "no_trial": reason}, "UTC")
    assert said in letter.text
    assert "charged today" in letter.text


def test_a_publication_that_differs_says_so() -> None:
    letter = LETTERS.write("video_published", VALUES | {"differences": "privacy is private"}, "UTC")
    assert "privacy is private" in letter.text
    assert "what we sent." not in letter.text


def test_a_value_that_is_missing_is_a_fault_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        LETTERS.write("verify_address", {"full_name": "Ada", "public_url": "https://app.example"}, "UTC")


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_reminder_leads_to_its_step_and_can_be_stopped(step: str) -> None:
    stop = "https://app.example/api/v1/mail/unsubscribe?token=tok"
    first = LETTERS.write(f"reminder_{step}", VALUES | {"unsubscribe_url": stop}, "UTC")
    wanted = "forgot" if step == "email_verification" else f"?step={step}"
    links = read(first.html).links
    assert f"https://app.example/{wanted}" in links
    assert stop in links
    assert f"Stop these reminders: {stop}" in first.text
    last = LETTERS.write(f"reminder_{step}", VALUES | {"last": "yes", "unsubscribe_url": stop}, "UTC")
    assert ("our last reminder" in last.text) == (step != "email_verification")


def test_other_mails_offer_nothing_to_stop() -> None:
    letter = LETTERS.write("welcome", VALUES, "UTC")
    assert "unsubscribe" not in letter.html + letter.text
    assert "Stop these" not in letter.html + letter.text


def test_an_invitation_says_what_the_role_is_and_carries_the_whole_link() -> None:
    letter = LETTERS.write("invitation", VALUES | {"role": "accountant"}, "UTC")
    assert "change nothing" in letter.text
    assert "24 January 2026 at 12:00 (UTC)" in letter.text
    assert "https://app.example/invitation?token=tok-123" in letter.text
    assert "make and publish videos" in LETTERS.write("invitation", VALUES, "UTC").text


@pytest.mark.parametrize("name", ["invitation", "member_joined", "member_left", "member_removed"])
def test_somebody_whose_name_cannot_be_told_is_somebody(name: str) -> None:
    letter = LETTERS.write(name, VALUES | {"about": ""}, "UTC")
    assert letter.subject.startswith(("Somebody", "A member", "You were removed from a YTEMPIRE account"))
    assert "  " not in letter.subject
