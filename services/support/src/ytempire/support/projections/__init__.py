"""Read models of support."""

from ytempire.support.projections.health import HEALTH
from ytempire.support.projections.jobs import JOBS
from ytempire.support.projections.tickets import TICKETS

PROJECTIONS = (TICKETS, JOBS, HEALTH)

__all__ = ["HEALTH", "JOBS", "PROJECTIONS", "TICKETS"]
