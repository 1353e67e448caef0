"""`ytempire demo`: the main job, end to end, from an e-mail address to a published video and its profit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ytempire.cli import detached
from ytempire.cli.auditing import audit_platform
from ytempire.cli.commands.status import live_memory
from ytempire.cli.journey.browser import Browser, Json, Refused
from ytempire.cli.journey.show import show
from ytempire.cli.journey.steps import Customer, Journey, Tell
from ytempire.cli.journey.summary import summarise
from ytempire.cli.plan import UpOptions
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.rebuilding import rebuild_platform
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.state import running_pid

DEFAULT_DEMO_VAR = Path("var/demo")
_FAILED = 1

T = TypeVar("T")
Step = tuple[str, Callable[[Tell], None]]


def demo(
    brief: Annotated[Path | None, typer.Option(help="A text to make the video about.")] = None,
    var: Annotated[Path, typer.Option(help="Folder of the demo's own platform and its results.")] = DEFAULT_DEMO_VAR,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the platform running afterwards.")] = False,
) -> None:
    """Run the whole journey on a platform of its own and show what came of it."""
    text = read_brief_file(brief) if brief is not None else None
    var = var.resolve()
    if running_pid(var) is not None:
        raise PlatformProblem(f"A platform runs on {var} already: stop it with `ytempire down --var {var}`.")
    console = Console()
    try:
        with console.status("starting PostgreSQL, NATS, the sandbox and seven services"):
            detached.start(UpOptions(var=var, port=0, clock="virtual"))
        summary = walk(var, text, console)
    except Refused as refused:
        raise PlatformProblem(f"The platform refused: {refused}") from refused
    finally:
        if not keep:
            with console.status("stopping what was started"):
                detached.stop(var)
    if not (summary["audit"]["ok"] and summary["rebuild"]["ok"] and summary["publication"]["verified"]):
        raise typer.Exit(_FAILED)


def walk(var: Path, brief: str | None, console: Console, customer: Customer | None = None) -> Json:
    """The journey on a running platform; writes `summary.json` and the video below `var` and shows them.

    Without a `customer` a new one walks, so that it can be walked again on the same `var`.
    """
    state = running_state(var)
    plan = plan_of(state)
    journey = Journey(Browser(plan), plan, brief, customer or Customer())
    memory = live_memory(state)
    seconds: dict[str, float] = {}
    steps: list[Step] = [
        ("sign up", journey.sign_up),
        ("plan and payment", journey.subscribe),
        ("niches", journey.choose_niches),
        ("channels", journey.connect_channels),
        ("preferences", journey.save_preferences),
        ("video", journey.make_video),
        ("publish", journey.publish),
        ("thirty days", journey.pass_a_month),
        ("support", journey.ask_support),
    ]
    with _progress(console) as progress:
        for name, step in steps:
            _run(progress, name, step, seconds)
        audits = _timed(progress, "audit", seconds, lambda: asyncio.run(audit_platform(plan)))
        rebuilt = _timed(
            progress, "rebuild", seconds, lambda: asyncio.run(rebuild_platform(plan, lambda service, done: None))
        )
    path = _download(journey, var)
    summary = summarise(journey, seconds, state, memory, audits, rebuilt, path)
    target = var / "summary.json"
    target.write_text(json.dumps(summary, indent=2, default=str) + "\n", encoding="utf-8")
    show(console, summary, target)
    journey.browser.close()
    return summary


def read_brief_file(path: Path) -> str:
    """The brief's text. Raises `PlatformProblem` with one sentence if no video can be made from it."""
    from ytempire.media.writer.brief import read_brief
    from ytempire.media.writer.errors import BriefError

    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlatformProblem(f"The brief {path} cannot be read: {error.strerror}.") from error
    try:
        read_brief(data)
    except BriefError as error:
        raise PlatformProblem(f"The brief {path} cannot be used: {error}") from error
    return data.decode("utf-8-sig")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[now]}"),
        console=console,
        disable=not console.is_terminal,
    )


def _run(progress: Progress, name: str, step: Callable[[Tell], None], seconds: dict[str, float]) -> None:
    task = progress.add_task(name, total=1.0, now="")

    def tell(now: str, share: float) -> None:
        progress.update(task, completed=share, now=now)

    begin = time.monotonic()
    step(tell)
    _done(progress, task, name, begin, seconds)


def _timed(progress: Progress, name: str, seconds: dict[str, float], work: Callable[[], T]) -> T:
    task = progress.add_task(name, total=1.0, now="")
    begin = time.monotonic()
    result = work()
    _done(progress, task, name, begin, seconds)
    return result


def _done(progress: Progress, task: TaskID, name: str, begin: float, seconds: dict[str, float]) -> None:
    seconds[name] = round(time.monotonic() - begin, 2)
    progress.update(task, completed=1.0, now="")
    if not progress.console.is_terminal:
        # bars are drawn for people only; a log gets a line for each step
        progress.console.print(f"{name}: {seconds[name]:.1f} s")


def _download(journey: Journey, var: Path) -> Path:
    """The video and its thumbnail, as the customer's player gets them."""
    links = journey.video()["links"]
    for name, suffix in (("file", "mp4"), ("thumbnail", "jpg"), ("captions", "srt")):
        target = var / f"video.{suffix}"
        with journey.browser.http.stream("GET", links[name]) as answered, target.open("wb") as out:
            answered.raise_for_status()
            for block in answered.iter_bytes():
                out.write(block)
    return var / "video.mp4"
