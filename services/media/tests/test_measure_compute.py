"""Own compute: measured, priced exactly, and a machine without a graphics card."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from ytempire.media.compute import ComputeMeter, Rate, Usage, packaged_rates, price, rate_for, read_gpus

DAY = date(2026, 11, 22)


def test_an_hour_of_a_core_costs_its_list_price() -> None:
    cost = price(Usage(cpu_ms=3_600_000, gpu_ms=3_600_000, storage_byte_days=30 << 30, egress_bytes=1 << 30), DAY)
    assert {line.resource: line.usd_micro for line in cost.lines} == {
        "cpu": 42_500, "gpu": 1_006_000, "storage": 23_000, "egress": 90_000,
    }  # fmt: skip
    assert cost.usd_micro == sum(line.usd_micro for line in cost.lines)


@pytest.mark.parametrize(("cpu_ms", "micro"), [(0, 0), (42, 0), (43, 1), (127, 1), (128, 2), (85, 1)])
def test_a_price_is_rounded_half_up_once(cpu_ms: int, micro: int) -> None:
    exact = Decimal(cpu_ms) * Decimal("0.0425") * 1_000_000 / 3_600_000
    assert price(Usage(cpu_ms=cpu_ms), DAY).usd_micro == micro
    assert abs(exact - micro) <= Decimal("0.5")


def test_the_rate_of_the_day_counts() -> None:
    old = Rate(resource="cpu", unit="core-hour", usd_per_unit=Decimal(1), effective_from=date(2020, 1, 1), source="a")
    new = old.model_copy(update={"usd_per_unit": Decimal(2), "effective_from": date(2026, 6, 1)})
    assert rate_for("cpu", date(2026, 5, 31), (new, old)).usd_per_unit == 1
    assert rate_for("cpu", date(2026, 6, 1), (old, new)).usd_per_unit == 2
    with pytest.raises(LookupError, match="no price for cpu on 2019-12-31"):
        rate_for("cpu", date(2019, 12, 31), (old,))


def test_every_packaged_rate_has_a_source() -> None:
    assert {r.resource for r in packaged_rates()} == {"cpu", "gpu", "storage", "egress"}
    assert all(r.source.startswith("https://") for r in packaged_rates())


def test_the_meter_counts_own_work_and_that_of_children() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    with ComputeMeter() as meter:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert meter.usage.cpu_ms >= 290
    assert meter.usage.wall_ms >= 290
    assert meter.usage.peak_rss_bytes > 1_000_000
    assert meter.cost(DAY).usd_micro >= 3


def test_usages_add_up() -> None:
    total = Usage(cpu_ms=1, wall_ms=5, peak_rss_bytes=9) + Usage(cpu_ms=2, gpu_ms=3, peak_rss_bytes=4)
    assert total == Usage(cpu_ms=3, gpu_ms=3, wall_ms=5, peak_rss_bytes=9)


def test_a_machine_without_a_card_is_a_state() -> None:
    facts = read_gpus()
    assert facts.state in {"ready", "absent"}
    assert (facts.state == "ready") == bool(facts.gpus)
    assert facts.gpus or facts.reason
