"""Private events: they never leave this service's store. Personal fields in them are ciphertexts of the vault."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ytempire.events import Event
from ytempire.events.values import Digest, Id


class AddressReserved(Event, owner="onboarding", private=True):
    """A link was sent to an address by which a sign-up can make it its own, until ``lapses_at``. It is nobody's yet."""

    user_id: Id
    email_digest: Digest
    lapses_at: datetime


class AddressConfirmed(Event, owner="onboarding", private=True):
    """The address was proven and belongs to this account alone."""

    user_id: Id


class AddressReleased(Event, owner="onboarding", private=True):
    """The account has another address now; this one can be another account's from ``free_at`` on."""

    user_id: Id
    free_at: datetime


class ProfileRecorded(Event, owner="onboarding", private=True):
    """Who the customer is. Every field but the id is encrypted with the customer's own key."""

    user_id: Id
    email: str
    full_name: str
    company_name: str | None


class VerificationIssued(Event, owner="onboarding", private=True):
    """A link was made; its token is found in no event, only its digest is the stream's name."""

    user_id: Id
    email_digest: Digest
    expires_at: datetime


class PasswordLinkIssued(Event, owner="onboarding", private=True):
    """A link to a new password was made; its token's digest is the stream's name."""

    user_id: Id
    expires_at: datetime
    generation: int
    """How often password or address had been changed before."""


class EmailLinkIssued(Event, owner="onboarding", private=True):
    """A link was made by which an address becomes an account's new one; its token's digest is the stream's name."""

    user_id: Id
    email: str
    """Encrypted with the customer's key."""
    email_digest: Digest
    expires_at: datetime
    generation: int
    """How often password or address had been changed before."""


class SignUpLapsed(Event, owner="onboarding", private=True):
    """Nobody proved the address of a sign-up for so long that what was said in it is destroyed."""

    user_id: Id


class LinkUsed(Event, owner="onboarding", private=True):
    """A link was followed: it works once."""

    user_id: Id


class InvitationLetterWritten(Event, owner="onboarding", private=True):
    """An invitation goes to an address. The address is encrypted with the invitation's own key, which ends with it."""

    user_id: Id
    """Whose account it is."""
    invitation_id: Id
    email_digest: Digest
    address: str
    link_digest: Digest
    """Of the link in this letter: with a newer letter it is void."""
    written_at: datetime


class InvitationLinkIssued(Event, owner="onboarding", private=True):
    """A link was made; its token is found in no event, only its digest is the stream's name."""

    user_id: Id
    """Whose account it leads into."""
    invitation_id: Id


class JourneySubscriptionNoted(Event, owner="onboarding", private=True):
    """Billing started a subscription: from now on its plan is the account's plan."""

    user_id: Id
    subscription_id: str
    plan: str


class JourneyEntitlementNoted(Event, owner="onboarding", private=True):
    """Billing says which plan's rights the account has; they limit how many niches it may choose."""

    user_id: Id
    plan: str
    channels: int


class JourneySubscriptionEnded(Event, owner="onboarding", private=True):
    """A subscription is over: a plan may be chosen anew."""

    user_id: Id
    subscription_id: str


class JourneyStood(Event, owner="onboarding", private=True):
    """The journey waits for this step from ``since`` on; null when it is complete."""

    user_id: Id
    step: str | None
    since: datetime
    email_digest: Digest | None = None
    """Of the address whose link is awaited, as long as it is."""


class ReminderDue(Event, owner="onboarding", private=True):
    """A journey has stood still for so long that its customer is reminded. A timer's event."""

    user_id: Id
    step: str
    since: datetime
    number: int
    """Counts the reminders of this standstill, from 1."""


class ReminderGiven(Event, owner="onboarding", private=True):
    """The mail of a reminder was queued, in the same commit."""

    user_id: Id
    step: str
    since: datetime
    number: int


class RemindersEnded(Event, owner="onboarding", private=True):
    """Nobody is there to be reminded: the customer was erased."""

    user_id: Id


class UnsubscribeLinkIssued(Event, owner="onboarding", private=True):
    """A reminder has a link that stops them; its token is found in no event, only its digest is the stream's name."""

    user_id: Id


class MailVideoNoted(Event, owner="onboarding", private=True):
    """What a mail about a video needs to say of it."""

    video_id: Id
    user_id: Id
    title: str
    duration_s: float


class MailPublicationNoted(Event, owner="onboarding", private=True):
    """Where a published video is."""

    video_id: Id
    user_id: Id
    url: str


class MailQueued(Event, owner="onboarding", private=True):
    """A mail is to be sent. The address is looked up when it is sent."""

    mail_id: Id
    user_id: Id
    template: str
    data: dict[str, str] = Field(default_factory=dict)
    personal: dict[str, str] = Field(default_factory=dict)
    """Values that only the receiver may read, encrypted with the key of ``subject``."""
    to: str | None = None
    """Another address than the customer's, encrypted with the key of ``subject``."""
    subject: Id | None = None
    """Whose key encrypts ``to`` and ``personal``; the customer's unless it is said."""
    about: Id | None = None
    """A person the mail speaks of by name; the name is looked up when it is sent."""


class MailWithheld(Event, owner="onboarding", private=True):
    """A mail that will never be sent: the address was refused or its owner erased."""

    mail_id: Id
    user_id: Id
    template: str
    code: str
