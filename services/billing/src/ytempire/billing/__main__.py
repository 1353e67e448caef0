"""`python -m ytempire.billing`: run the service until told to stop."""

from ytempire.billing.bootstrap import DEFINITION
from ytempire.chassis import run

run(DEFINITION)
