"""GET /onboarding tells for each step what it waits for, what it needs and how it is revisited; and that is true."""

from __future__ import annotations

from typing import Any

import pytest

from ytempire.events.journey import STEPS, WAITS_FOR, missing
from ytempire.gateway.journey import GUIDES, steps_view


async def test_what_a_step_needs_is_what_its_route_takes(stranger: Any) -> None:
    document = (await stranger.http.get("/openapi.json")).json()
    assert tuple(GUIDES) == STEPS
    for step, guide in GUIDES.items():
        operation = document["paths"][f"/api/v1{guide.path}"][guide.method.lower()]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        body = document["components"]["schemas"][name]
        named = set(guide.fields)
        assert named <= body["properties"].keys(), step
        assert set(body.get("required", ())) <= {field for field, required in guide.fields.items() if required}, step
        if guide.again is not None:
            method, path = guide.again.split(" ")
            assert method.lower() in document["paths"][f"/api/v1{path}"], step


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
def test_a_step_is_done_open_or_locked(count: int) -> None:
    done = dict.fromkeys(STEPS[:count])
    states = {step["step"]: step["state"] for step in steps_view(done)}
    assert {step for step, state in states.items() if state == "done"} == set(done)
    assert {step for step, state in states.items() if state == "locked"} == {
        step for step in STEPS if step not in done and missing(step, done.keys())
    }
    if count < len(STEPS):
        assert states[STEPS[count]] == "open"


def test_a_step_waits_for_earlier_ones_alone() -> None:
    assert set(WAITS_FOR) == set(STEPS)
    for step, needed in WAITS_FOR.items():
        assert all(STEPS.index(other) < STEPS.index(step) for other in needed)


async def test_the_journey_shows_where_it_stands(person: Any) -> None:
    await person.post("/onboarding/plan", {"plan": "starter"})
    seen = await person.until("/onboarding", lambda o: o["next_step"] == "payment_setup")
    steps = {step["step"]: step for step in seen["steps"]}
    assert [step["state"] for step in seen["steps"]] == ["done"] * 3 + ["open", "open", "locked", "open", "locked"]
    assert steps["subscription_selection"]["completed_at"]
    assert steps["channel_connection"]["waits_for"] == ["payment_setup"]
    assert steps["payment_setup"]["needs"]["path"] == "/api/v1/onboarding/payment"
    assert steps["subscription_selection"]["revisit"]["by"] == {"method": "POST", "path": "/api/v1/onboarding/plan"}
    assert steps["email_verification"]["revisit"]["possible"] is False
