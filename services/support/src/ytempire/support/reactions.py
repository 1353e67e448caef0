"""Own events and the effects that follow them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.eventstore import Reaction
from ytempire.support.domain.events import ResponseDue
from ytempire.support.features.check_response import CheckResponse


def reactions(check: CheckResponse) -> Sequence[Reaction]:
    return (Reaction("support-responses", {ResponseDue: check.due}),)
