"""Which answer a ticket gets at once. Only the names: the words of each are onboarding's, which sends all mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ytempire.support.domain.categories import Categorised

SURE_FROM = 0.4
"""Confidence below which only the receipt is confirmed."""

RESOLVES_FROM = 0.6
"""Confidence from which an answer may close a ticket."""


@dataclass(frozen=True)
class Answer:
    template: str
    resolves: bool = False
    """Whether it says all there is to say and promises no person."""


RECEIVED = Answer("received")

_BY_TOPIC: Mapping[str, Answer] = {
    "no_sound": Answer("no_sound"),
    "render_failed": Answer("video_failed"),
    "login": Answer("login_problem"),
    "invoice_howto": Answer("billing_invoice", resolves=True),
    "cancel": Answer("cancel_subscription"),
    "refund": Answer("refund_request"),
    "disconnected": Answer("channel_disconnected"),
    "reconnect_howto": Answer("channel_disconnected", resolves=True),
    "upload_failed": Answer("publish_failed"),
}
_BY_CATEGORY: Mapping[str, Answer] = {
    "technical_issue": Answer("technical_issue"),
    "billing_question": Answer("billing_question"),
    "content_quality": Answer("content_quality"),
    "youtube_problem": Answer("youtube_problem"),
    "feature_request": Answer("feature_request"),
}

TEMPLATES = tuple(sorted({a.template for a in (RECEIVED, *_BY_TOPIC.values(), *_BY_CATEGORY.values())}))
"""Every name a ``TicketReplied`` may carry."""


def answer_for(sorted_as: Categorised) -> Answer:
    """The answer that fits best: to the topic, else to the category, else the confirmation that it arrived."""
    if sorted_as.confidence < SURE_FROM:
        return RECEIVED
    return _BY_TOPIC.get(sorted_as.topic or "", _BY_CATEGORY[sorted_as.category])


def closes(answer: Answer, sorted_as: Categorised, priority: str, *, job_troubled: bool) -> bool:
    """Whether the answer settles the ticket: a plain how-to question without anything gone wrong."""
    calm = priority in ("low", "normal") and not job_troubled
    return answer.resolves and calm and sorted_as.confidence >= RESOLVES_FROM
