import io
from pathlib import Path

from ytempire.cli import logs
from ytempire.cli.logs import Console, ProcessLog, tail


def test_pieces_become_whole_lines_with_the_name_in_front(tmp_path: Path) -> None:
    terminal = io.StringIO()
    log = ProcessLog("media", tmp_path, Console(terminal))
    for piece in (b"one\ntw", b"o\r\nthr\xc3", b"\xa4\nbad \xff byte\nrest"):
        log.feed(piece)
    log.close()
    lines = ["one", "two", "thrä", "bad \N{REPLACEMENT CHARACTER} byte", "rest"]
    assert tail(tmp_path / "media.log", 10) == lines
    assert terminal.getvalue().splitlines() == [f"media      │ {line}" for line in lines]


def test_colour_differs_by_process() -> None:
    terminal = io.StringIO()
    console = Console(terminal, colour=True)
    console.line("media", "a")
    console.line("billing", "b")
    first, second = terminal.getvalue().splitlines()
    assert first.startswith("\x1b[36mmedia")
    assert second.startswith("\x1b[32mbilling")


def test_only_what_is_worth_it_reaches_the_terminal(tmp_path: Path) -> None:
    terminal = io.StringIO()
    log = ProcessLog("nats", tmp_path, Console(terminal), worth_showing=lambda line: "ERR" in line)
    log.feed(b"[INF] fine\n[ERR] not fine\n")
    log.close()
    assert terminal.getvalue() == "nats       │ [ERR] not fine\n"
    assert len(tail(tmp_path / "nats.log", 10)) == 2


def test_files_are_rotated_by_size(tmp_path: Path) -> None:
    log = ProcessLog("media", tmp_path, None)
    line = b"x" * 99_999 + b"\n"
    for _ in range(int(2.5 * logs.MAX_FILE_BYTES / len(line))):
        log.feed(line)
    log.close()
    sizes = sorted(file.stat().st_size for file in tmp_path.glob("media.log*"))
    assert len(sizes) == 3
    assert sizes[-1] <= logs.MAX_FILE_BYTES


def test_a_full_disk_does_not_stop_the_log(tmp_path: Path) -> None:
    (tmp_path / "media.log").symlink_to("/dev/full")
    terminal = io.StringIO()
    log = ProcessLog("media", tmp_path, Console(terminal))
    log.feed(b"still shown\n")
    log.close()
    assert "still shown" in terminal.getvalue()


def test_a_closed_terminal_does_not_stop_the_log(tmp_path: Path) -> None:
    terminal = io.StringIO()
    terminal.close()
    log = ProcessLog("media", tmp_path, Console(terminal, colour=False))
    log.feed(b"kept\n")
    log.close()
    assert tail(tmp_path / "media.log", 1) == ["kept"]
