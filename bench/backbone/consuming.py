from bench.backbone.world import World
from bench.harness import Comparison

COMPARISONS: tuple[Comparison[World], ...] = ()
