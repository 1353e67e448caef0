import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from ytempire.cli.processes import ProcessSpec, ReadyCheck
from ytempire.cli.supervisor import Stage, StartFailed, Supervisor

# Tells its pid, then serves until it is told to stop.
SERVE = """
    import os, signal, sys, time
    from pathlib import Path
    def bye(*_):
        with open("events", "a") as events: events.write(f"stop {name}\\n")
        sys.exit(0)
    name = sys.argv[1]
    signal.signal(signal.SIGTERM, bye)
    with open("events", "a") as events: events.write(f"start {name}\\n")
    print("serving", os.getpid(), flush=True)
    Path(f"{name}.pid").write_text(str(os.getpid()))
    while True: time.sleep(60)
"""
STUBBORN = SERVE.replace("sys.exit(0)", "pass")
WITH_GRANDCHILD = SERVE.replace("    print(", "    os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '300')\n    print(")


def child(folder: Path, name: str, code: str, ready: ReadyCheck | None = None, **more: float) -> ProcessSpec:
    pid_file = folder / f"{name}.pid"
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-S", "-c", textwrap.dedent(code), name),
        env={"PATH": os.environ["PATH"]},
        ready=ready or (lambda: None if pid_file.exists() else "no pid yet"),
        cwd=folder,
        ready_seconds=more.get("ready_seconds", 10.0),
        stop_seconds=more.get("stop_seconds", 10.0),
    )


@asynccontextmanager
async def supervised(folder: Path, *stages: Stage) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(stages, folder / "log", None, lambda: None)
    ready = asyncio.Event()
    task = asyncio.create_task(supervisor.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield supervisor
    finally:
        supervisor.request_stop()
        await task


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        await asyncio.to_thread(time.sleep, 0.02)


def events(folder: Path) -> list[str]:
    return (folder / "events").read_text().splitlines()


async def test_stages_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    between: list[list[str]] = []
    first = Stage((child(tmp_path, "store", SERVE),), then=lambda: between.append(events(tmp_path)))
    second = Stage((child(tmp_path, "service", SERVE),))
    async with supervised(tmp_path, first, second) as supervisor:
        assert [one.state for one in supervisor.processes.values()] == ["ready", "ready"]
    assert between == [["start store"]]
    assert events(tmp_path) == ["start store", "start service", "stop service", "stop store"]
    assert "serving" in (tmp_path / "log" / "store.log").read_text()


async def test_what_dies_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    async with supervised(tmp_path, Stage((child(tmp_path, "service", SERVE),))) as supervisor:
        service = supervisor.processes["service"]
        for round_ in (1, 2):
            (tmp_path / "service.pid").unlink()
            os.kill(service.pid or 0, signal.SIGKILL)
            await until(lambda n=round_: service.restarts == n and service.state == "ready")
    log = (tmp_path / "log" / "service.log").read_text()
    assert "killed by SIGKILL; it starts again in 0.1 s" in log
    assert "killed by SIGKILL; it starts again in 0.5 s" in log
    assert events(tmp_path) == ["start service"] * 3 + ["stop service"]


async def test_children_of_a_killed_process_neither_live_on_nor_delay_its_restart(tmp_path: Path) -> None:
    async with supervised(tmp_path, Stage((child(tmp_path, "render", WITH_GRANDCHILD),))) as supervisor:
        render = supervisor.processes["render"]
        [encoder] = psutil.Process(render.pid).children()
        (tmp_path / "render.pid").unlink()
        os.kill(render.pid or 0, signal.SIGKILL)
        await until(lambda: render.restarts == 1 and render.state == "ready")
        assert not encoder.is_running() or encoder.status() == psutil.STATUS_ZOMBIE


async def test_what_never_comes_up_fails_the_start_with_its_last_words(tmp_path: Path) -> None:
    broken = "import sys; print('YTEMPIRE_CLOCK: unknown value'); sys.exit(4)"
    with pytest.raises(StartFailed, match="YTEMPIRE_CLOCK: unknown value") as caught:
        async with supervised(tmp_path, Stage((child(tmp_path, "store", SERVE), child(tmp_path, "billing", broken)))):
            pass
    assert "billing died 3 times before it was ready (ended with exit code 4)" in str(caught.value)
    assert events(tmp_path)[-1] == "stop store"


async def test_what_is_not_ready_in_time_fails_the_start_with_the_reason(tmp_path: Path) -> None:
    slow = child(tmp_path, "media", SERVE, ready=lambda: "503 migrations", ready_seconds=0.5)
    with pytest.raises(StartFailed, match=r"media was not ready after 0 s \(503 migrations\)"):
        async with supervised(tmp_path, Stage((slow,))):
            pass


async def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    spec = ProcessSpec("ghost", ("/nonexistent/ghost",), {}, ready=lambda: "never")
    with pytest.raises(StartFailed, match="/nonexistent/ghost"):
        async with supervised(tmp_path, Stage((spec,))):
            pass


async def test_what_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    async with supervised(tmp_path, Stage((child(tmp_path, "deaf", STUBBORN, stop_seconds=0.3),))) as supervisor:
        pid = supervisor.processes["deaf"].pid or 0
    assert not psutil.pid_exists(pid)
    assert "is killed" in (tmp_path / "log" / "deaf.log").read_text()


async def test_a_second_request_to_stop_does_not_wait(tmp_path: Path) -> None:
    async with supervised(tmp_path, Stage((child(tmp_path, "deaf", STUBBORN, stop_seconds=600),))) as supervisor:
        supervisor.request_stop()
        supervisor.request_stop()
    assert supervisor.processes["deaf"].state == "stopped"


async def test_stopping_while_it_still_starts(tmp_path: Path) -> None:
    slow = child(tmp_path, "media", SERVE, ready=lambda: "not yet", ready_seconds=600)
    supervisor = Supervisor([Stage((slow,))], tmp_path / "log", None, lambda: None)
    task = asyncio.create_task(supervisor.run(lambda: None))
    await until(lambda: (tmp_path / "media.pid").exists())
    supervisor.request_stop()
    await task
    assert events(tmp_path) == ["start media", "stop media"]


def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    program = f"""
        import asyncio
        from pathlib import Path
        from ytempire.cli.processes import ProcessSpec
        from ytempire.cli.supervisor import Stage, Supervisor
        spec = ProcessSpec("sleeper", ("sleep", "300"), {{"PATH": {os.environ["PATH"]!r}}}, ready=lambda: None)
        supervisor = Supervisor([Stage((spec,))], Path({str(tmp_path)!r}), None, lambda: None)
        asyncio.run(supervisor.run(lambda: print(supervisor.processes["sleeper"].pid, flush=True)))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    sleeper = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    psutil.wait_procs([sleeper], timeout=5)
    assert not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE
