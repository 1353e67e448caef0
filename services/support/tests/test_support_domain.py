"""Rules of support: given what happened, when something is asked, then these events."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.events import SERVICES, Event, Money
from ytempire.events.support import (
    AlertRaised,
    AlertResolved,
    HealthChanged,
    TicketCategorised,
    TicketEscalated,
    TicketJob,
    TicketOpened,
    TicketRejected,
    TicketReplied,
    TicketResolved,
)
from ytempire.eventstore import new_id
from ytempire.support.domain import customer, health, job, money, ticket
from ytempire.support.domain.categories import Categorised
from ytempire.support.domain.events import (
    CustomerPlanNoted,
    CustomerVideoListed,
    ResponseDue,
    TicketAssessed,
    TicketTextKept,
    VideoJobAccepted,
    VideoJobFailed,
    VideoJobMeasured,
    VideoJobPublished,
    VideoJobPublishFailed,
    VideoJobRefused,
    VideoJobRendered,
    VideoJobRequested,
    VideoJobScheduled,
    VideoJobStageReached,
    VideoJobVerified,
)
from ytempire.support.domain.matching import best_match
from ytempire.support.domain.priority import FIRST_RESPONSE, PRIORITIES, Circumstances, prioritise, raised

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TICKET, USER, VIDEO, CHANNEL = new_id(), new_id(), new_id(), new_id()
NO_SOUND = Categorised("technical_issue", 0.9, "no_sound", {"technical_issue": 9.0})
INVOICE = Categorised("billing_question", 1.0, "invoice_howto", {"billing_question": 9.0})
PUBLISHED = TicketJob(video_id=VIDEO, status="published", stage="quality", platform_video_id="abc", lufs=-14.1)


ASKED = ticket.Open(
    ticket_id=TICKET,
    user_id=USER,
    subject="encrypted subject",
    message="encrypted message",
    sorted_as=NO_SOUND,
    signals=frozenset(),
    plan=None,
    known=None,
    at=NOW,
)
CIRCUMSTANCES = Circumstances("technical_issue", None, frozenset(), None, None, job_troubled=False)


def asked(**changes: Any) -> ticket.Open:
    return replace(ASKED, **changes)


def opened_of(events: Sequence[Event]) -> TicketOpened:
    return next(event for event in events if isinstance(event, TicketOpened))


def kinds(events: Sequence[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


class TestTicket:
    def test_a_published_video_without_sound_is_answered_and_stays_open_with_its_job(self) -> None:
        events = ticket.TICKET.decide(ticket.Ticket(), asked(known=ticket.KnownJob(PUBLISHED, troubled=False)))
        assert kinds(events) == [TicketTextKept, TicketAssessed, TicketCategorised, TicketOpened, TicketReplied]
        assert opened_of(events) == TicketOpened(
            ticket_id=TICKET,
            user_id=USER,
            category="technical_issue",
            priority="high",
            status="open",
            estimated_response_at=NOW + timedelta(hours=4),
            auto_response="no_sound",
            job=PUBLISHED,
        )
        assert events[-1] == TicketReplied(ticket_id=TICKET, user_id=USER, template="no_sound", automatic=True)

    def test_an_urgent_ticket_is_escalated_at_once(self) -> None:
        events = ticket.TICKET.decide(ticket.Ticket(), asked(signals=frozenset({"account_at_risk"})))
        assert kinds(events)[-1] is TicketEscalated
        assert opened_of(events).estimated_response_at == NOW + timedelta(hours=1)

    def test_an_answer_that_settles_the_matter_resolves_the_ticket_and_sets_no_timer(self) -> None:
        events = ticket.TICKET.decide(ticket.Ticket(), asked(sorted_as=INVOICE))
        assert opened_of(events).status == "resolved"
        assert events[-1] == TicketResolved(ticket_id=TICKET, user_id=USER, resolution="auto_response")
        assert ticket.timers(ticket.Ticket(), events)[0] == ()

    def test_the_same_ticket_is_opened_once(self) -> None:
        state = ticket.TICKET.fold(ticket.TICKET.decide(ticket.Ticket(), asked()))
        assert ticket.TICKET.decide(state, asked()) == []
        assert ticket.TICKET.decide(state, ticket.Reject(TICKET, USER, ticket.VIDEO_NOT_FOUND)) == []

    def test_a_refused_ticket_stays_refused(self) -> None:
        events = ticket.TICKET.decide(ticket.Ticket(), ticket.Reject(TICKET, USER, ticket.VIDEO_NOT_FOUND))
        assert isinstance(events[0], TicketRejected)
        assert (events[0].code, events[0].field) == ("video_not_found", "video_id")
        assert ticket.TICKET.decide(ticket.TICKET.fold(events), asked()) == []

    def test_an_open_ticket_waits_for_its_answer(self) -> None:
        events = ticket.TICKET.decide(ticket.Ticket(), asked())
        (timer,), cancelled = ticket.timers(ticket.Ticket(), events)
        assert (timer.due, timer.stream) == (NOW + timedelta(hours=24), f"ticket-{TICKET}")
        assert timer.event == ResponseDue(ticket_id=TICKET, user_id=USER)
        assert cancelled == ()

    def test_a_late_answer_is_escalated_one_step_and_once(self) -> None:
        given_ = [*ticket.TICKET.decide(ticket.Ticket(), asked()), ResponseDue(ticket_id=TICKET, user_id=USER)]
        state = ticket.TICKET.fold(given_)
        escalated = TicketEscalated(ticket_id=TICKET, user_id=USER, priority="high")
        assert ticket.TICKET.decide(state, ticket.EscalateOverdue()) == [escalated]
        assert ticket.TICKET.decide(ticket.evolve(state, escalated), ticket.EscalateOverdue()) == []

    def test_an_urgent_ticket_that_nobody_answers_is_escalated_again(self) -> None:
        given_ = ticket.TICKET.decide(ticket.Ticket(), asked(signals=frozenset({"account_at_risk"})))
        state = ticket.TICKET.fold([*given_, ResponseDue(ticket_id=TICKET, user_id=USER)])
        assert kinds(ticket.TICKET.decide(state, ticket.EscalateOverdue())) == [TicketEscalated]

    @pytest.mark.parametrize(
        "settled",
        [
            TicketReplied(ticket_id=TICKET, user_id=USER, template="by_hand", automatic=False),
            TicketResolved(ticket_id=TICKET, user_id=USER, resolution="fixed"),
        ],
    )
    def test_an_answered_ticket_is_not_escalated(self, settled: Event) -> None:
        given_ = [*ticket.TICKET.decide(ticket.Ticket(), asked()), settled]
        state = ticket.TICKET.fold(given_)
        assert ticket.timers(ticket.TICKET.fold(given_[:-1]), [settled]) == ((), (f"response-{TICKET}",))
        late = ticket.evolve(state, ResponseDue(ticket_id=TICKET, user_id=USER))
        assert ticket.TICKET.decide(late, ticket.EscalateOverdue()) == []

    @pytest.mark.parametrize(
        ("subject", "message", "code", "field"),
        [
            ("", "text", "subject_empty", "subject"),
            (" \t", "text", "subject_empty", "subject"),
            ("s" * 201, "text", "subject_too_long", "subject"),
            ("subject", "", "message_empty", "message"),
            ("subject", "\n \n", "message_empty", "message"),
            ("subject", "m" * 10_001, "message_too_long", "message"),
        ],
    )
    def test_texts_that_are_refused(self, subject: str, message: str, code: str, field: str) -> None:
        refusal = ticket.refusal_of(subject, message)
        assert refusal is not None
        assert (refusal.code, refusal.field) == (code, field)
        assert refusal.message.endswith(".")

    def test_texts_of_the_greatest_length_are_taken(self) -> None:
        assert ticket.refusal_of("s" * 200, "m" * 10_000) is None


class TestPriority:
    @pytest.mark.parametrize(
        ("circumstances", "expected", "reasons"),
        [
            ({}, "normal", ()),
            ({"category": "feature_request"}, "low", ()),
            ({"category": "feature_request", "signals": {"hurry"}, "plan": "scale"}, "normal", ("scale_plan", "hurry")),
            ({"signals": {"no_hurry"}}, "low", ("no_hurry",)),
            ({"signals": {"hurry", "no_hurry"}}, "high", ("hurry",)),
            ({"category": "billing_question", "signals": {"money_lost"}}, "high", ("money_lost",)),
            ({"signals": {"money_lost"}, "plan": "scale"}, "urgent", ("money_lost", "scale_plan")),
            ({"signals": {"account_at_risk"}}, "urgent", ("account_at_risk",)),
            ({"signals": {"nothing_published"}}, "high", ("nothing_published",)),
            ({"job_troubled": True}, "high", ("job_failed",)),
            ({"job_status": "published", "topic": "no_sound"}, "high", ("published_video_affected",)),
            ({"job_status": "rendered", "topic": "no_sound"}, "normal", ()),
            ({"plan": "growth"}, "normal", ()),
            (
                {"signals": {"account_at_risk", "hurry"}, "job_troubled": True, "plan": "scale"},
                "urgent",
                ("account_at_risk", "job_failed", "scale_plan", "hurry"),
            ),
        ],
    )
    def test_rules(self, circumstances: dict[str, Any], expected: str, reasons: tuple[str, ...]) -> None:
        found = prioritise(replace(CIRCUMSTANCES, **circumstances))
        assert (found.name, found.reasons) == (expected, reasons)

    def test_the_more_urgent_the_sooner(self) -> None:
        assert [FIRST_RESPONSE[p].total_seconds() / 3600 for p in PRIORITIES] == [72, 24, 4, 1]
        assert [raised(p) for p in PRIORITIES] == ["normal", "high", "urgent", "urgent"]


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


WHO = {"video_id": VIDEO, "user_id": USER}
MEASURED = VideoJobMeasured(
    **WHO, at=at(6), passed=True, lufs=-14.05, true_peak_dbtp=-1.2, findings=("static_picture: 4 s without motion",)
)
LIFE: list[tuple[job.Fact, str]] = [
    (VideoJobRequested(**WHO, channel_id=CHANNEL, at=at(0)), "requested"),
    (VideoJobAccepted(**WHO, channel_id=CHANNEL, at=at(1)), "accepted"),
    (VideoJobStageReached(**WHO, at=at(2), stage="script", percent=10), "rendering"),
    (VideoJobStageReached(**WHO, at=at(5), stage="quality", percent=98), "rendering"),
    (MEASURED, "rendering"),
    (VideoJobRendered(**WHO, at=at(7), duration_s=61.0), "rendered"),
    (VideoJobScheduled(**WHO, at=at(8)), "scheduled"),
    (VideoJobPublishFailed(**WHO, at=at(9), code="quota", message="No quota."), "publish_failed"),
    (VideoJobScheduled(**WHO, at=at(10)), "scheduled"),
    (VideoJobPublished(**WHO, at=at(11), platform_video_id="yt1", privacy="public"), "published"),
    (VideoJobVerified(**WHO, at=at(12), platform_video_id="yt1", verified=True, differences=()), "published"),
]


def after(facts: Sequence[job.Fact]) -> job.Job:
    state = job.Job()
    for fact in facts:
        for event in job.JOB.decide(state, job.Note(fact)):
            state = job.JOB.evolve(state, event)
    return state


class TestJob:
    def test_its_life(self) -> None:
        for count, (_, status) in enumerate(LIFE, start=1):
            assert after([fact for fact, _ in LIFE[:count]]).status == status

    @settings(max_examples=60, deadline=None)
    @given(st.randoms(use_true_random=False), st.integers(0, len(LIFE)))
    def test_order_and_repetition_do_not_matter(self, draw: random.Random, repeated: int) -> None:
        facts = [fact for fact, _ in LIFE]
        shuffled = facts + facts[:repeated]
        draw.shuffle(shuffled)
        assert job.snapshot(after(shuffled), VIDEO) == job.snapshot(after(facts), VIDEO)

    def test_what_a_ticket_carries(self) -> None:
        assert job.snapshot(after([fact for fact, _ in LIFE]), VIDEO) == TicketJob(
            video_id=VIDEO,
            status="published",
            stage="quality",
            platform_video_id="yt1",
            lufs=-14.05,
            findings=(
                "quality gate: passed",
                "sound: -14.1 LUFS integrated, -1.2 dBTP true peak",
                "static_picture: 4 s without motion",
                "quota: No quota.",
                "YouTube: read back and as sent",
            ),
        )

    @pytest.mark.parametrize(
        ("fact", "status", "line"),
        [
            (
                VideoJobFailed(**WHO, at=at(3), stage="narration", code="voice_missing", message="No voice."),
                "failed",
                "voice_missing: No voice.",
            ),
            (VideoJobRefused(**WHO, at=at(3), code="no_slot", message="Full."), "refused", "no_slot: Full."),
        ],
    )
    def test_a_failed_job_says_why(self, fact: job.Fact, status: str, line: str) -> None:
        state = after([LIFE[0][0], fact])
        assert (state.status, state.troubled) == (status, True)
        assert line in job.snapshot(state, VIDEO).findings

    def test_a_publication_that_differs_is_trouble(self) -> None:
        verified = VideoJobVerified(
            **WHO, at=at(12), platform_video_id="yt1", verified=False, differences=("privacy is private",)
        )
        state = after([*(fact for fact, _ in LIFE[:10]), verified])
        assert state.troubled
        assert "YouTube differs: privacy is private" in job.snapshot(state, VIDEO).findings

    def test_nothing_known_belongs_to_nobody(self) -> None:
        assert job.Job().user_id is None
        assert after([LIFE[3][0]]).user_id == USER


def listed(minute: int) -> CustomerVideoListed:
    return CustomerVideoListed(user_id=USER, video_id=new_id(), at=at(minute))


class TestCustomer:
    def test_videos_are_kept_newest_first_whatever_order_they_come_in(self) -> None:
        videos = [listed(minute) for minute in (3, 1, 2)]
        state = customer.CUSTOMER.fold(videos)
        assert all(newer.at > older.at for newer, older in pairwise(state.newest))
        repeated = customer.ListVideo(USER, videos[0].video_id, at(9))
        assert customer.CUSTOMER.decide(state, repeated) == []

    def test_only_the_newest_are_remembered(self) -> None:
        state = customer.CUSTOMER.fold([listed(minute) for minute in range(50)])
        assert [video.at for video in state.newest] == [at(minute) for minute in range(49, 29, -1)]

    def test_a_plan_that_is_told_late_does_not_replace_a_newer_one(self) -> None:
        newer = CustomerPlanNoted(user_id=USER, plan="scale", active=True, at=at(5))
        state = customer.CUSTOMER.fold([newer])
        assert state.active_plan == "scale"
        assert customer.CUSTOMER.decide(state, customer.NotePlan(USER, "starter", True, at(1))) == []
        ended = customer.CUSTOMER.decide(state, customer.NotePlan(USER, "scale", False, at(6)))
        assert customer.CUSTOMER.fold([newer, *ended]).active_plan is None


class TestMatching:
    def test_the_newest_video_the_complaint_can_be_about(self) -> None:
        failed = VideoJobFailed(**WHO, at=at(3), stage="render", code="x", message="y")
        jobs = {
            "in the making": after([LIFE[0][0], LIFE[1][0]]),
            "failed": after([LIFE[0][0], failed]),
            "published": after([fact for fact, _ in LIFE]),
        }
        assert best_match(jobs, NO_SOUND) == "published"
        assert best_match(jobs, Categorised("technical_issue", 1.0, "render_failed", {})) == "failed"
        assert best_match(jobs, Categorised("youtube_problem", 1.0, None, {})) == "published"
        assert best_match(jobs, Categorised("technical_issue", 1.0, None, {})) == "in the making"
        assert best_match({"only": jobs["failed"]}, NO_SOUND) == "only"
        assert best_match({}, NO_SOUND) is None


def observe(*silent: str, alert: str = "") -> health.Observe:
    return health.Observe(frozenset(silent), alert or new_id())


class TestHealth:
    def test_all_is_well_and_nothing_is_said(self) -> None:
        assert health.HEALTH.decide(health.Health(), observe()) == []

    def test_one_silent_service_is_a_warning(self) -> None:
        changed, alert = health.HEALTH.decide(health.Health(), observe("media"))
        assert changed == HealthChanged(healthy_percent=86, unhealthy=("media",))
        assert isinstance(alert, AlertRaised)
        assert alert.level == "warning"
        assert "media" in alert.message

    def test_worse_is_critical_and_better_resolves(self) -> None:
        log: list[Event] = []
        for silent in (("media",), ("media",), ("media", "billing"), ("billing",), ()):
            log += health.HEALTH.decide(health.HEALTH.fold(log), observe(*silent))
        assert kinds(log) == [
            HealthChanged,
            AlertRaised,
            HealthChanged,
            AlertResolved,
            AlertRaised,
            HealthChanged,
            AlertResolved,
            AlertRaised,
            HealthChanged,
            AlertResolved,
        ]
        assert [alert.level for alert in log if isinstance(alert, AlertRaised)] == ["warning", "critical", "warning"]
        assert health.HEALTH.fold(log) == health.Health()

    def test_another_silent_service_of_the_same_weight_keeps_the_alert(self) -> None:
        state = health.HEALTH.fold(health.HEALTH.decide(health.Health(), observe("media")))
        assert kinds(health.HEALTH.decide(state, observe("billing"))) == [HealthChanged]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.sets(st.sampled_from(SERVICES))))
    def test_there_is_an_alert_exactly_while_something_is_silent(self, observations: list[set[str]]) -> None:
        state = health.Health()
        for silent in observations:
            for event in health.HEALTH.decide(state, observe(*silent)):
                state = health.HEALTH.evolve(state, event)
            assert set(state.unhealthy) == silent
            assert (state.alert is not None) == bool(silent)


def heard(*amounts: str) -> money.Hear:
    differences = [Money.parse(amount, "USD") for amount in amounts]
    return money.Hear([date(2026, 11, 20)] if amounts else [], differences, new_id())


def test_books_that_differ_raise_one_alert_until_they_agree() -> None:
    log: list[Event] = []
    for command in (heard("1.50"), heard("2.00"), heard()):
        log += money.decide(money.BOOKS.fold(log), command)
    first, over, second, end = log
    assert isinstance(first, AlertRaised)
    assert isinstance(second, AlertRaised)
    assert (first.level, over, end) == (
        "critical",
        AlertResolved(alert_id=first.alert_id),
        AlertResolved(alert_id=second.alert_id),
    )
    assert "1.5 USD" in first.message
    assert "2026-11-20" in first.message
    assert money.decide(money.BOOKS.fold(log), heard()) == []


def test_the_same_difference_heard_twice_is_one_alert() -> None:
    command = heard("1.50")
    raised = money.decide(money.Books(), command)
    assert money.decide(money.BOOKS.fold(raised), command) == []
