"""Foreign events in: what onboarding decided of a sign-up. All else reaches the gateway through its read models."""

from __future__ import annotations

from ytempire.events.onboarding import SignUpRejected, UserCreated
from ytempire.eventstore import Handlers
from ytempire.gateway.features.sign_up import SignUp


def subscriptions(sign_up: SignUp) -> Handlers:
    return {UserCreated: sign_up.on_user_created, SignUpRejected: sign_up.on_rejected}
