"""Several people in one account: the mail, the link, the work, and the end of it, through the whole platform."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.acceptance.conftest import quiet

from ytempire.cli.journey.browser import Browser, Json, Refused
from ytempire.cli.journey.steps import Customer, Journey
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.timekeeper import Timekeeper

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def guest(plan: PlatformPlan) -> Iterator[Journey]:
    """Somebody else, who has no account yet."""
    browser = Browser(plan)
    yield Journey(browser, plan, customer=Customer(full_name="Ben Adeyemi"))
    browser.close()


def mail_to(browser: Browser, address: str, subject: str) -> Json:
    """The newest mail to an address with a subject."""

    def found() -> Json | None:
        listed = browser.outside.get(f"{browser.sandbox}/inbox/messages", params={"to": address}).json()
        for message in listed["messages"] if isinstance(listed, dict) else listed:
            if subject in message["subject"]:
                told: Json = browser.outside.get(f"{browser.sandbox}/inbox/messages/{message['id']}").json()
                return told
        return None

    return browser.until(found, f"The mail {subject!r}")


def token_of(mail: Json) -> str:
    link: str = next(link for link in mail["links"] if urlsplit(link).path == "/invitation")
    return parse_qs(urlsplit(link).query)["token"][0]


def refusal(browser: Browser, method: str, path: str, body: Json | None = None) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        browser.get(path) if method == "GET" else browser.post(path, body or {})
    return refused.value.problem["status"], refused.value.code


def test_somebody_is_invited_joins_works_and_is_removed(customer: Journey, guest: Journey) -> None:
    customer.subscribe(quiet)
    owner, account = customer.browser, customer.browser.get("/me")["user_id"]
    owner.post("/members/invitations", {"email": guest.customer.email, "role": "member"})
    mail = mail_to(owner, guest.customer.email, "invites you")
    assert mail["subject"] == "Ada Operator invites you to their YTEMPIRE account"
    (shown,) = owner.get("/members/invitations")["invitations"]
    assert shown["email"] == guest.customer.email

    guest.sign_up(quiet)
    joined = guest.browser.post("/invitations/accept", {"token": token_of(mail)})
    assert (joined["account_id"], joined["role"]) == (account, "member")
    mail_to(owner, customer.customer.email, "Ben Adeyemi joined your account")
    assert refusal(guest.browser, "POST", "/invitations/accept", {"token": token_of(mail)}) == (
        404,
        "invitation_not_found",
    )

    assert [named["full_name"] for named in owner.post("/members/names", {})["names"]] == ["Ben Adeyemi"]
    assert guest.browser.post("/members/names", {})["names"] == [{"user_id": account, "full_name": "Ada Operator"}]
    guest.browser.http.headers["Ytempire-Account"] = account
    recommended = guest.browser.post("/onboarding/niches", {"interests": ["cooking"]})["niches"]
    chosen = recommended[0]["niche_id"]
    guest.browser.post("/onboarding/niches/choice", {"niche_ids": [chosen]})
    assert owner.get("/onboarding")["chosen_niches"] == [chosen]
    assert refusal(guest.browser, "GET", "/billing") == (403, "not_allowed")
    assert refusal(guest.browser, "POST", "/billing/subscription", {"change": "cancel_now"}) == (403, "not_allowed")

    member = guest.browser.get("/me")["user_id"]
    owner.post(f"/members/{member}/role", {"role": "accountant"})
    # active where the card had its trial with another account
    assert guest.browser.get("/billing")["subscription"]["status"] in {"trialing", "active"}
    assert refusal(guest.browser, "POST", "/onboarding/niches", {"interests": ["cooking"]}) == (403, "not_allowed")

    owner.post(f"/members/{member}/remove", {})
    assert refusal(guest.browser, "GET", "/billing") == (404, "not_found")
    mail_to(owner, guest.customer.email, "You were removed from Ada Operator")
    del guest.browser.http.headers["Ytempire-Account"]
    assert guest.browser.get("/onboarding")["chosen_niches"] == []


def test_an_invitation_that_nobody_accepts_ends_by_itself(
    customer: Journey, guest: Journey, plan: PlatformPlan
) -> None:
    guest.sign_up(quiet)
    owner, clock = customer.browser, Timekeeper(plan)
    owner.post("/members/invitations", {"email": guest.customer.email, "role": "accountant"})
    token = token_of(mail_to(owner, guest.customer.email, "invites you"))
    clock.advance(timedelta(days=7, minutes=1), lambda at, share: None)
    clock.settle(0)
    customer.browser.log_in(customer.customer.email, customer.customer.password)
    guest.browser.log_in(guest.customer.email, guest.customer.password)
    assert owner.get("/members/invitations") == {"invitations": []}
    assert refusal(guest.browser, "POST", "/invitations/accept", {"token": token}) == (404, "invitation_not_found")
    owner.post("/members/invitations", {"email": guest.customer.email, "role": "accountant"})
