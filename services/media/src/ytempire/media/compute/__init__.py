"""Own compute as a priced provider: what a stage used, what that costs, and what the graphics cards are doing."""

from ytempire.media.compute.gpu import Gpu, GpuFacts, read_gpus
from ytempire.media.compute.meter import ComputeMeter
from ytempire.media.compute.rates import (
    ComputeCost,
    CostLine,
    Rate,
    Resource,
    Usage,
    packaged_rates,
    price,
    rate_for,
)

__all__ = [
    "ComputeCost",
    "ComputeMeter",
    "CostLine",
    "Gpu",
    "GpuFacts",
    "Rate",
    "Resource",
    "Usage",
    "packaged_rates",
    "price",
    "rate_for",
    "read_gpus",
]
