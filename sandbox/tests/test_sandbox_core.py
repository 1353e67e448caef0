"""Clock, schedule, faults, journal, certificates, mail, and survival of a crash."""

import smtplib
import stat
import threading
import time
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from stripe_support import client

from ytempire.sandbox.clock import ClockError
from ytempire.sandbox.faults import Fault
from ytempire.sandbox.process import Addresses, SandboxError, SandboxProcess
from ytempire.sandbox.settings import SandboxSettings
from ytempire.sandbox.tls import make_ca
from ytempire.sandbox.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(SandboxSettings(state_dir=tmp_path))


def send(addresses: Addresses, subject: str, to: str = "ada@example.com") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hello@ytempire.example", to, subject
    mail["Message-ID"], mail["List-Unsubscribe"] = "<one@ytempire.example>", "<https://example.com/stop>"
    mail.set_content("Confirm: https://localhost:1/verify?token=abc.\n")
    mail.add_alternative("<p>Confirm <a href='https://localhost:1/verify?token=abc'>here</a></p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", addresses.smtp_port, timeout=10) as server:
        server.send_message(mail)


async def test_the_schedule_fires_in_order_and_sets_the_clock_on_the_way(world: World) -> None:
    start, fired = world.clock.now(), []

    async def handler(payload: dict[str, Any]) -> None:
        fired.append((payload["n"], round((world.clock.now() - start).total_seconds())))
        if payload["n"] == 1:
            world.schedule.at(start + timedelta(days=2), "thing", {"n": 9})

    world.schedule.on("thing", handler)
    for n in (3, 1):
        world.schedule.at(start + timedelta(days=n), "thing", {"n": n})
    assert await world.schedule.move_to(start + timedelta(days=30)) == 3
    assert fired == [(1, 86_400), (9, 2 * 86_400), (3, 3 * 86_400)]
    assert world.schedule.next_due() is None


async def test_a_failing_handler_is_tried_again_with_a_limit(world: World) -> None:
    tries = []

    async def handler(payload: dict[str, Any]) -> None:
        tries.append(world.clock.now())
        raise RuntimeError("not now")

    world.schedule.on("fails", handler)
    world.schedule.at(world.clock.now(), "fails", {})
    await world.schedule.move_to(world.clock.now() + timedelta(days=1))
    assert len(tries) == 5
    assert world.schedule.next_due() is None


def test_the_clock_never_goes_backwards_and_is_kept(world: World, tmp_path: Path) -> None:
    world.clock.advance(3600)
    with pytest.raises(ClockError):
        world.clock.set_offset(0)
    revision = world.clock.revision
    world.close()
    again = World(SandboxSettings(state_dir=tmp_path))
    assert (again.clock.offset_seconds, again.clock.revision) == (3600, revision)


def test_the_store_keeps_order_and_finds_by_fields(world: World) -> None:
    for n in (1, 2, 3):
        world.store.put("thing", str(n), {"n": n, "odd": n % 2 == 1, "deep": {"x": None if n == 1 else n}})
    world.store.put("thing", "1", {"n": 10, "odd": True, "deep": {"x": None}})
    assert [d["n"] for d in world.store.list("thing")] == [10, 2, 3]
    assert [d["n"] for d in world.store.list("thing", odd=True)] == [10, 3]
    assert [d["n"] for d in world.store.list("thing", deep__x=None)] == [10]
    with pytest.raises(KeyError), world.store.transaction():
        {}[str(world.store.delete("thing", "1"))]
    assert world.store.get("thing", "1")
    assert world.store.next_id("x_") != world.store.next_id("x_")


def test_faults_skip_then_hit_then_are_spent(world: World) -> None:
    world.faults.add(Fault(provider="youtube", method="PUT", path="upload", action="status", skip=1, count=2))
    hits = [bool(world.faults.take("youtube", "PUT", "/upload/x")) for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert not world.faults.take("stripe", "PUT", "/upload/x")
    world.faults.add(Fault(provider="youtube", action="provider", name="locked_private"))
    assert world.faults.switched("youtube", "other") is None
    assert world.faults.switched("youtube", "locked_private")
    assert world.faults.switched("youtube", "locked_private") is None


def test_certificates_are_made_once_with_private_keys(tmp_path: Path) -> None:
    files = make_ca(tmp_path)
    first = {name: path.read_bytes() for name, path in files.items()}
    assert make_ca(tmp_path) == files
    assert first == {name: path.read_bytes() for name, path in files.items()}
    assert all(stat.S_IMODE(files[name].stat().st_mode) == 0o600 for name in ("ca_key", "key"))


def test_the_clock_can_be_watched_and_moved(web: httpx.Client) -> None:
    seen = web.get("/control/clock").json()
    waited: list[dict[str, Any]] = []
    watcher = threading.Thread(
        target=lambda: waited.append(web.get("/control/clock", params={"after": seen["revision"]}).json())
    )
    watcher.start()
    time.sleep(0.1)
    assert not waited
    moved = web.post("/control/clock", json={"advance_seconds": 60}).json()
    watcher.join(5)
    assert waited[0]["revision"] > seen["revision"]
    assert moved["offset_seconds"] == pytest.approx(seen["offset_seconds"] + 60, abs=0.1)
    assert web.post("/control/clock", json={"now": seen["now"]}).status_code == 409
    assert web.post("/control/clock", json={}).status_code == 422
    assert web.post("/control/clock", json={"now": "2099-01-01T00:00:00"}).status_code == 422
    assert web.post("/control/clock", json={"advance_seconds": -1}).status_code == 422


def test_http_faults_delay_answer_and_break(web: httpx.Client) -> None:
    headers = {"authorization": "Bearer sk-test"}
    web.post("/control/faults", json={"provider": "openai", "action": "delay", "delay_s": 0.3})
    begun = time.monotonic()
    assert web.get("/openai/v1/models", headers=headers).status_code == 200
    assert time.monotonic() - begun >= 0.3
    rule = {"provider": "openai", "action": "status", "status": 429, "headers": {"Retry-After": "7"}, "count": 1}
    made = web.post("/control/faults", json=rule).json()
    refused = web.get("/openai/v1/models", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert web.get("/control/faults").json()[-1]["hits"] == 1
    assert web.delete(f"/control/faults/{made['id']}").status_code == 204
    web.post("/control/faults", json={"provider": "openai", "action": "drop"})
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/openai/v1/models", headers=headers)
    line = web.get("/control/journal", params={"provider": "openai"}).json()[-1]
    assert (line["status"], line["detail"]["faults"]) == (0, ["drop"])
    assert web.post("/control/faults", json={"provider": "x", "action": "delay", "path": "("}).status_code == 422
    web.delete("/control/faults")


def test_a_duplicated_request_takes_effect_twice(sandbox: Addresses, web: httpx.Client) -> None:
    rule = {"provider": "stripe", "method": "POST", "path": "customers", "action": "duplicate"}
    web.post("/control/faults", json=rule)
    api = client(sandbox.base_url, sandbox.ca)
    api.v1.customers.create({"email": "twice@example.com"})
    # The SDK sends an idempotency key with each POST, so that even a doubled request makes one customer.
    assert len(api.v1.customers.list({"email": "twice@example.com"}).data) == 1
    web.delete("/control/faults")


def test_mails_are_kept_as_sent(sandbox: Addresses, web: httpx.Client) -> None:
    for _ in range(2):
        send(sandbox, "Please confirm: <é>", "grace@example.com")
    found = web.get("/inbox/messages", params={"to": "GRACE@example.com"}).json()
    assert found["count"] == 2
    assert len({mail["message_id"] for mail in found["messages"]}) == 1
    mail = web.get(f"/inbox/messages/{found['messages'][0]['id']}").json()
    assert mail["links"] == ["https://localhost:1/verify?token=abc"]
    assert ["List-Unsubscribe", "<https://example.com/stop>"] in mail["headers"]
    assert "href" in mail["html"]
    shown = web.get(f"/inbox/{mail['id']}").text
    assert "sandbox=" in shown
    assert "&lt;é&gt;" in shown
    assert mail["id"] in web.get("/inbox").text
    assert web.get("/inbox/messages/mail_none").status_code == 404


def test_a_refused_mail_is_not_kept(sandbox: Addresses, web: httpx.Client) -> None:
    rule = {"provider": "smtp", "path": "no@example.com", "action": "status", "status": 451}
    web.post("/control/faults", json=rule)
    with pytest.raises(smtplib.SMTPDataError):
        send(sandbox, "x", "no@example.com")
    assert web.get("/inbox/messages", params={"to": "no@example.com"}).json()["count"] == 0


def test_the_overview_names_everything(web: httpx.Client) -> None:
    text = web.get("/").text
    for word in ("stripe", "openai", "youtube", "awin", "Inbox", "Card form", "Bill", "Fault plan"):
        assert word in text


def test_state_survives_a_crash(tmp_path: Path) -> None:
    process = SandboxProcess(tmp_path)
    addresses = process.start()
    made = client(addresses.base_url, addresses.ca).v1.customers.create({"email": "kept@example.com"})
    process.kill()
    addresses = process.start()
    try:
        assert client(addresses.base_url, addresses.ca).v1.customers.retrieve(made.id).email == "kept@example.com"
    finally:
        process.stop()
    assert not (tmp_path / "sandbox.json").exists()


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, sandbox: Addresses) -> None:
    with pytest.raises(SandboxError, match="SANDBOX_PORT"):
        SandboxProcess(tmp_path, port=str(sandbox.port)).start()


def test_a_reset_forgets_and_seeds_again(world: World) -> None:
    world.seed(lambda: world.store.put("seed", "one", {"x": 1}))
    world.store.put("thing", "1", {})
    world.journal.record("x", "GET", "/", 200, 5)
    world.clock.advance(60)
    world.reset()
    assert world.store.list("thing") == []
    assert world.store.list("seed") == [{"x": 1}]
    assert world.journal.bill() == {}
    assert world.clock.offset_seconds == 0
