"""Business time: who may move it, and in which direction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.chassis.clock import SystemClock, VirtualClock, next_daily
from ytempire.chassis.settings import ServiceSettings, load

MOVES = st.permutations([(revision, 3600.0 * revision) for revision in range(1, 6)])


@given(MOVES)
def test_rule_4_14_moves_that_are_heard_of_late_or_twice_never_set_time_back(moves: list[tuple[int, float]]) -> None:
    clock, heard = VirtualClock("https://nowhere.example", True), []
    clock.on_move(lambda: heard.append(clock.revision))
    last = clock.now()
    for revision, offset in [*moves, *moves]:
        clock.take(revision, offset)
        assert clock.now() >= last
        last = clock.now()
    assert clock.revision == 5
    assert clock.now() - datetime.now(UTC) > timedelta(hours=4, minutes=59)
    assert heard == sorted(set(heard))


def test_rule_4_14_a_message_that_overtakes_the_news_of_a_move_is_not_handled_before_it_happened() -> None:
    clock = VirtualClock("https://nowhere.example", True)
    happened = datetime.now(UTC) + timedelta(days=30)
    clock.observe(happened)
    assert happened <= clock.now() < happened + timedelta(minutes=1)
    clock.observe(happened - timedelta(days=3))
    clock.take(1, timedelta(days=30, hours=1).total_seconds())
    assert timedelta(0) < clock.now() - happened - timedelta(hours=1) < timedelta(minutes=1)


def test_nobody_moves_the_system_clock() -> None:
    clock = SystemClock()
    clock.on_move(lambda: pytest.fail("it was moved"))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_rule_4_14_production_refuses_virtual_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, Any] = {
        "VAR": tmp_path, "DATABASE_URL": "x", "DATABASE_PASSWORD_FILE": tmp_path, "OWNER_DATABASE_URL": "x",
        "OWNER_DATABASE_PASSWORD_FILE": tmp_path, "NATS_URL": "x", "NATS_USER": "x", "NATS_PASSWORD_FILE": tmp_path,
        "HEALTH_PORT": 1, "SECRETS_DIR": tmp_path, "ASSETS_DIR": tmp_path, "PROFILE": "kubernetes",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"YTEMPIRE_{name}", str(value))
    assert load(ServiceSettings, "billing").clock == "system"
    monkeypatch.setenv("YTEMPIRE_CLOCK", "virtual")
    with pytest.raises(SystemExit):
        load(ServiceSettings, "billing")
    assert "YTEMPIRE_CLOCK=virtual is for development" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-11-27T02:59:59+00:00", "2026-11-27T03:00:00+00:00"),
        ("2026-11-27T03:00:00+00:00", "2026-11-28T03:00:00+00:00"),
        ("2026-12-31T23:00:00-05:00", "2027-01-02T03:00:00+00:00"),
    ],
)
def test_daily_work_is_due_at_one_moment_of_the_day_always_ahead(after: str, due: str) -> None:
    assert next_daily(datetime.fromisoformat(after)) == datetime.fromisoformat(due)
