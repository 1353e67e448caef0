"""The table of calls is true: each row is driven by the vendor's SDK, and no call is missing in it."""

import re
from pathlib import Path

import pytest
import stripe
from stripe_support import client

from ytempire.sandbox.process import Addresses
from ytempire.sandbox.settings import SandboxSettings
from ytempire.sandbox.stripe.router import built
from ytempire.sandbox.world import World

TABLE = Path(__file__).parents[1] / "STRIPE.md"
ROW = re.compile(r"\| (GET|POST|DELETE) \| `/v1(\S+)` \| (faithful|simplified|501) \| (.*) \|")
ROWS = [found.groups() for line in TABLE.read_text(encoding="utf-8").splitlines() if (found := ROW.fullmatch(line))]


@pytest.fixture(scope="module")
def api(sandbox: Addresses) -> stripe.StripeClient:
    return client(sandbox.base_url, sandbox.ca)


def status(api: stripe.StripeClient, method: str, path: str) -> tuple[int, str]:
    """What the sandbox answers to a call about things that are not there, and the error's body."""
    try:
        return int(api.raw_request(method.lower(), f"/v1{path}").code), ""
    except stripe.StripeError as error:
        return int(error.http_status or 0), str(error.http_body)


def test_the_table_has_every_call_of_the_code_and_no_other(tmp_path: Path) -> None:
    world = World(SandboxSettings(state_dir=tmp_path))
    _, routes, _ = built(world)
    world.close()
    calls = {
        (method, re.sub(r"\(\?P<(\w+)>\[\^/\]\+\)", r"{\1}", known.pattern)) for method, known, _ in routes.entries
    }
    assert {(method, path) for method, path, how, _ in ROWS if how != "501"} == calls
    assert len(ROWS) == len({(method, path) for method, path, *_ in ROWS})


@pytest.mark.parametrize(("method", "path", "how", "text"), ROWS, ids=lambda part: str(part)[:40])
def test_a_row_is_true(api: stripe.StripeClient, method: str, path: str, how: str, text: str) -> None:
    code, body = status(api, method, re.sub(r"\{\w+\}", "nothing", path))
    assert (code == 501) == (how == "501")
    assert code != 501 or "not_implemented" in body
    assert bool(text) or how != "simplified", "a simplified call says how"


def test_whatever_else_is_asked_for_is_not_implemented(api: stripe.StripeClient) -> None:
    for method, path in (("GET", "/no_such_thing"), ("DELETE", "/invoices/in_1"), ("POST", "/a/b/c/d")):
        assert status(api, method, path)[0] == 501
