"""The journey's summary for a person."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ytempire.cli.journey.browser import Json


def show(console: Console, summary: Json, written: Path) -> None:
    """Print what came of the journey."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    for label, text in _lines(summary):
        table.add_row(label, text)
    console.print()
    console.print(table)
    console.print(f"\nEverything in numbers: {written}")


def _lines(summary: Json) -> list[tuple[str, str]]:
    video, publication, pnl = summary["video"], summary["publication"], summary["pnl"]
    support, audit, rebuild = summary["support"], summary["audit"], summary["rebuild"]
    sources = ", ".join(f"{name} {value}" for name, value in summary["revenue_sources"].items()) or "none"
    memory = sum(summary["platform"]["pss_mb"].values())
    return [
        ("Video", f"{video['title']} ({video['duration_s']:.1f} s, {video['width']}x{video['height']}, "
                  f"{video['fps']:g} fps, {video['lufs']:.1f} LUFS, {len(video['templates'])} templates)"),
        ("File", video["path"]),
        ("Published", f"{publication['url']} ({publication['privacy']}, "
                      f"{'read back and verified' if publication['verified'] else 'NOT verified'})"),
        ("Cost of the video", f"{video['cost_usd']} USD = {video['provider_usd']} to providers "
                              f"+ {video['compute_usd']} own compute"),
        ("Revenue, 30 days", f"{pnl['revenue']} USD ({sources})"),
        ("Profit, 30 days", f"{pnl['profit']} USD after {pnl['costs']} for videos and {pnl['subscription_cost']} "
                            f"subscription; margin {pnl['margin'] or '-'} %, roi {pnl['roi'] or '-'} %"),
        ("Support", f"{support['category']}, priority {support['priority']}, "
                    f"answered with {support['auto_response'] or 'nothing yet'}"),
        ("Audit", f"{'whole' if audit['ok'] else 'BROKEN'}: {audit['events_checked']} events checked"),
        ("Rebuild", f"{len(rebuild['projections'])} read models "
                    f"{'equal to the live ones' if rebuild['ok'] else 'of which some DIFFER'}"),
        ("Platform", f"started in {summary['platform']['start_s']} s, {memory:.0f} MB in all when idle"),
    ]  # fmt: skip
