"""Whether two samples could be of one kind: the rank test of Mann and Whitney, two-sided, normal approximation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import erfc, sqrt


def rank_test(one: Sequence[float], other: Sequence[float]) -> float:
    """How probable a difference in rank as large as the one found is if there is none; from some twenty values on."""
    n, m = len(one), len(other)
    counts = Counter([*one, *other])
    ranks, below = dict[float, float](), 0
    for value in sorted(counts):
        ranks[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    u = sum(ranks[value] for value in one) - n * (n + 1) / 2
    ties = sum(count**3 - count for count in counts.values())
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if variance == 0:
        return 1.0
    distance = max(0.0, abs(u - n * m / 2) - 0.5)
    return erfc(distance / sqrt(variance) / sqrt(2))
