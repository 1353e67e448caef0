"""`python -m ytempire.analytics`: run the service until told to stop."""

from ytempire.analytics.bootstrap import DEFINITION
from ytempire.chassis import run

run(DEFINITION)
