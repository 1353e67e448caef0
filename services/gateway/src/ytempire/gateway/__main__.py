"""`python -m ytempire.gateway`: run the service until told to stop."""

from ytempire.chassis import run
from ytempire.gateway.bootstrap import DEFINITION

run(DEFINITION)
