"""Foreign events in: what onboarding decided of passwords and addresses. All else reaches the gateway through its
read models."""

from __future__ import annotations

from ytempire.events.onboarding import EmailChanged, EmailVerified, PasswordChanged, PasswordReset
from ytempire.eventstore import Handlers
from ytempire.gateway.features.change_email import ChangeEmail
from ytempire.gateway.features.set_password import SetPassword


def subscriptions(set_password: SetPassword, change_email: ChangeEmail) -> Handlers:
    return {
        EmailVerified: set_password.on_decided,
        PasswordReset: set_password.on_decided,
        PasswordChanged: set_password.on_decided,
        EmailChanged: change_email.on_changed,
    }
