"""`python -m ytempire.onboarding`: run the service until told to stop."""

from ytempire.chassis import run
from ytempire.onboarding.bootstrap import DEFINITION

run(DEFINITION)
