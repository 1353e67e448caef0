"""`make chaos-journey`: journeys under `kill -9`, drawn from a printed seed; a run repeats from its seed.

Each journey must come to the same end as an undisturbed one, and by the sandbox's own journal the outside world must
have seen one upload, one subscription, one of each mail and each cost once.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.chaos.killer import MOMENTS, Killer

from ytempire.cli import detached
from ytempire.cli.commands.demo import walk
from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Customer
from ytempire.cli.plan import UpOptions
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.testing import temporary_var

BRIEF = Path(__file__).parents[2] / "examples/briefs/home-espresso.md"
EMAIL = "chaos@example.com"
JOURNEYS, RANDOM_KILLS = 10, 3
OUTCOMES = (
    "UserCreated", "PlanSelected", "SubscriptionStarted", "NichesChosen", "ChannelConnected", "PreferencesSaved",
    "VideoAccepted", "VideoRendered", "VideoPublished", "PublicationVerified", "TicketOpened", "OnboardingCompleted",
)  # fmt: skip
"""Events of which a journey leaves the same number, whatever was killed."""


@dataclass(frozen=True)
class Outcome:
    """What a journey came to."""

    killed: tuple[str, ...]
    hit: bool
    wrong: tuple[str, ...]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments.add_argument("--journeys", type=int, default=JOURNEYS)
    given = arguments.parse_args()
    print(f"seed {given.seed}", flush=True)
    expected, outcomes = None, []
    for number in range(given.journeys):
        draw = random.Random(given.seed * 1000 + number)
        moment = MOMENTS[number % len(MOMENTS)]
        with temporary_var() as var:
            outcome, came_to = one(var, draw, moment, expected)
        expected = expected or came_to
        outcomes.append(outcome)
        verdict = "; ".join(outcome.wrong) or "same end, everything once"
        print(f"journey {number + 1} ({moment}): killed {', '.join(outcome.killed) or 'nobody'}: {verdict}", flush=True)
    kills = Counter(name for o in outcomes for name in o.killed)
    missed = [m for i, m in enumerate(MOMENTS[: given.journeys]) if not outcomes[i].hit]
    good = sum(not o.wrong for o in outcomes)
    print(f"{good} of {len(outcomes)} journeys came to the same end; kills {dict(kills)}; moments missed {missed}")
    sys.exit(0 if good == len(outcomes) and not missed else 1)


def one(
    var: Path, draw: random.Random, moment: str, expected: dict[str, Any] | None
) -> tuple[Outcome, dict[str, Any] | None]:
    """One journey under fire."""
    state = detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning"))
    plan = plan_of(state)
    killer = Killer(var, plan, draw, moment, RANDOM_KILLS)
    browser = Browser(plan)
    try:
        killer.start(browser)
        # always the same person: what a channel earns in the sandbox depends on whose it is
        summary = walk(var, BRIEF.read_text(encoding="utf-8"), Console(quiet=True), Customer(EMAIL))
        came_to = essence(summary)
        wrong = [*differences(expected or came_to, came_to), *repeated(browser)]
    except Exception as error:
        # a journey that does not arrive is the finding
        came_to, wrong = None, [f"{type(error).__name__}: {error}"[:300]]
    finally:
        killer.stop()
        browser.close()
        running = running_state(var)
        detached.stop(Path(running["var"]))
    return Outcome(tuple(killer.killed), killer.hit, tuple(wrong)), came_to


def essence(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary without seconds, ids, times and what follows from the voice's own chance."""
    video, pnl = summary["video"], summary["pnl"]
    return {
        "video": {k: video[k] for k in ("title", "width", "height", "fps", "words")},
        "cost adds up": _micros(video["cost_usd"])
        == _micros(video["sandbox_bill_usd"]) + _micros(video["compute_usd"]),
        "publication": {k: summary["publication"][k] for k in ("verified", "differences", "privacy")},
        "revenue": pnl["revenue"],
        "subscription": pnl["subscription_cost"],
        "sources": summary["revenue_sources"],
        "support": {k: summary["support"][k] for k in ("category", "priority", "auto_response")},
        "events": {name: summary["events"].get(name, 0) for name in OUTCOMES},
        "audit": summary["audit"]["ok"],
        "rebuild": summary["rebuild"]["ok"],
    }


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Parts of the summary that are not as in the undisturbed journey."""
    return [f"{k} is {found[k]} instead of {expected[k]}" for k in expected if found[k] != expected[k]]


def repeated(browser: Browser) -> list[str]:
    """What the outside world saw more or less than once, by its own journal."""
    journal = browser.outside.get(f"{browser.sandbox}/control/journal").json()
    entries = journal["entries"] if isinstance(journal, dict) else journal
    details = [(e, e.get("detail") or {}) for e in entries]
    uploads = sum(1 for _, d in details if d.get("upload_complete") == "videos.insert" and d.get("made"))
    subscriptions = {d["id"] for _, d in details if d.get("object") == "subscription" and d.get("id")}
    inbox = browser.outside.get(f"{browser.sandbox}/inbox/messages").json()
    mails = Counter(
        (m["to"] if isinstance(m["to"], str) else ",".join(m["to"]), m["subject"])
        for m in (inbox["messages"] if isinstance(inbox, dict) else inbox)
    )
    charges = Counter(d["completion"] for e, d in details if d.get("completion") and e.get("cost_micros"))
    wrong = []
    if uploads != 1:
        wrong.append(f"{uploads} uploads")
    if len(subscriptions) != 1:
        wrong.append(f"{len(subscriptions)} subscriptions")
    wrong += [f"{count} mails {key[1]!r}" for key, count in mails.items() if count != 1]
    if sum(charges.values()) != 1:
        wrong.append(f"{sum(charges.values())} charges for text")
    return wrong


def _micros(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * 1_000_000 + int(fraction.ljust(6, "0"))


if __name__ == "__main__":
    main()
