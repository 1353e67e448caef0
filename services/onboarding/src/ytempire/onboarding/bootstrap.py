"""Wiring."""

from __future__ import annotations

from zoneinfo import available_timezones

from pydantic import Field

import ytempire.onboarding
from ytempire.chassis import Definition, Host, Service, ServiceSettings
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.onboarding.adapters.address_check import is_address
from ytempire.onboarding.adapters.letter_writer import TemplateLetters
from ytempire.onboarding.adapters.niche_data import load_catalogue
from ytempire.onboarding.adapters.smtp import SmtpPostman
from ytempire.onboarding.adapters.tokens import SecretTokens
from ytempire.onboarding.features.accept_invitation import AcceptInvitation
from ytempire.onboarding.features.change_email import ChangeEmail
from ytempire.onboarding.features.choose_niches import ChooseNiches
from ytempire.onboarding.features.follow_members import FollowMembers
from ytempire.onboarding.features.forget_applicant import ForgetApplicant
from ytempire.onboarding.features.invite import InviteMember
from ytempire.onboarding.features.manage_members import ManageMembers
from ytempire.onboarding.features.note_progress import NoteProgress
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.features.recommend_niches import RecommendNiches
from ytempire.onboarding.features.remind_stuck import RemindStuck
from ytempire.onboarding.features.save_preferences import SavePreferences
from ytempire.onboarding.features.select_plan import SelectPlan
from ytempire.onboarding.features.send_access_link import SendAccessLink
from ytempire.onboarding.features.send_mail import SendMail
from ytempire.onboarding.features.set_password import SetPassword
from ytempire.onboarding.features.sign_up import SignUp
from ytempire.onboarding.features.tell_customer import TellCustomer
from ytempire.onboarding.features.tell_names import TellNames
from ytempire.onboarding.features.verify_email import VerifyEmail
from ytempire.onboarding.projections import PROJECTIONS
from ytempire.onboarding.reactions import lapse_reaction, mail_reaction, reminder_reaction
from ytempire.onboarding.subscribers import Features, subscriptions

KEK_FILE = "onboarding.kek.key"
"""Base64 of the 32-byte key that wraps each customer's own key."""


class Settings(ServiceSettings):
    """Beside what every service needs: where mail goes, and the address of the platform in its links."""

    public_url: str
    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)


async def build(host: Host[Settings]) -> Service:
    """Put the service together."""
    settings, store, now = host.settings, host.store, host.clock.now
    vault = Vault(store.pool, kek_file(settings.secrets_dir / KEK_FILE))
    letters, catalogue, queue, tokens = TemplateLetters(), load_catalogue(), QueueMail(store, vault), SecretTokens()
    tell, remind = TellCustomer(store, queue, letters, host.opener), RemindStuck(store, vault, tokens, now)
    follow = FollowMembers(queue, vault)
    features = Features(
        sign_up=SignUp(store, vault, host.opener, tokens, queue, is_address, now),
        verify_email=VerifyEmail(store, now),
        send_access_link=SendAccessLink(store, vault, tokens, now),
        set_password=SetPassword(store, now),
        change_email=ChangeEmail(store, vault, host.opener, tokens, queue, is_address, now),
        select_plan=SelectPlan(store),
        recommend_niches=RecommendNiches(store, catalogue),
        choose_niches=ChooseNiches(store, catalogue),
        save_preferences=SavePreferences(store, frozenset(available_timezones())),
        progress=NoteProgress(store),
        tell=tell,
        remind=remind,
        invite=InviteMember(store, vault, host.opener, host.sealer, tokens, is_address, now),
        accept=AcceptInvitation(store, now),
        members=ManageMembers(store, now),
        names=TellNames(store, vault, host.sealer, now),
    )
    postman = SmtpPostman(settings.smtp_host, settings.smtp_port)
    send = SendMail(store, vault, letters, postman, settings.public_url)
    return Service(
        subscriptions=subscriptions(features),
        reactions=(
            mail_reaction(send, tell, follow),
            reminder_reaction(remind),
            lapse_reaction(ForgetApplicant(vault)),
        ),
    )


DEFINITION = Definition("onboarding", Settings, PROJECTIONS, build, ytempire.onboarding.__file__)
