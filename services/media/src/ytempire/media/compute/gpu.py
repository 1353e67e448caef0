"""What the machine's graphics cards are doing, by NVML; no card and no driver are states, not errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pynvml
from pydantic import BaseModel, ConfigDict

GpuState = Literal["ready", "absent", "failed"]
_MILLI = 1000


class Gpu(BaseModel):
    """One card. None where the card does not tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    name: str
    uuid: str
    memory_total_bytes: int | None
    memory_used_bytes: int | None
    utilisation_percent: int | None
    temperature_celsius: int | None
    power_watts: float | None
    power_limit_watts: float | None
    encoder: bool
    """Whether the card has a video encoder that NVML reports on."""


class GpuFacts(BaseModel):
    """All cards of this machine, and why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: GpuState
    reason: str = ""
    gpus: tuple[Gpu, ...] = ()


@contextmanager
def _session() -> Iterator[None]:
    pynvml.nvmlInit()
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def read_gpus() -> GpuFacts:
    """Read every card once."""
    try:
        with _session():
            cards = tuple(_read(i) for i in range(pynvml.nvmlDeviceGetCount()))
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded, pynvml.NVMLError_NoPermission) as error:
        return GpuFacts(state="absent", reason=f"no NVIDIA driver to ask: {error}")
    except pynvml.NVMLError as error:
        return GpuFacts(state="failed", reason=f"the NVIDIA driver gave an error: {error}")
    if not cards:
        return GpuFacts(state="absent", reason="the NVIDIA driver reports no card")
    return GpuFacts(state="ready", gpus=cards)


def _ask(question: Callable[..., Any], *arguments: object) -> Any:
    """Ask the card; None where it does not support the question, which is normal for single fields."""
    try:
        return question(*arguments)
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_NoPermission, pynvml.NVMLError_FunctionNotFound):
        return None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _read(index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle)
    load = _ask(pynvml.nvmlDeviceGetUtilizationRates, handle)
    power = _ask(pynvml.nvmlDeviceGetPowerUsage, handle)
    limit = _ask(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    return Gpu(
        index=index,
        name=_text(pynvml.nvmlDeviceGetName(handle)),
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        memory_total_bytes=int(memory.total) if memory else None,
        memory_used_bytes=int(memory.used) if memory else None,
        utilisation_percent=int(load.gpu) if load else None,
        temperature_celsius=_ask(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
        power_watts=power / _MILLI if power is not None else None,
        power_limit_watts=limit / _MILLI if limit is not None else None,
        encoder=_ask(pynvml.nvmlDeviceGetEncoderUtilization, handle) is not None,
    )
