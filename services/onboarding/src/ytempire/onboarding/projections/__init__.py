"""Read models of this service."""

from ytempire.onboarding.projections.journeys import JOURNEYS

PROJECTIONS = (JOURNEYS,)

__all__ = ["JOURNEYS", "PROJECTIONS"]
