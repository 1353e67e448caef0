"""`python -m ytempire.support`: run the service until told to stop."""

from ytempire.chassis import run
from ytempire.support.bootstrap import DEFINITION

run(DEFINITION)
