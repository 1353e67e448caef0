"""``python -m ytempire.sandbox``: serve until stopped."""

import asyncio
import logging
import sys

from pydantic import ValidationError

from ytempire.sandbox.server import PortTakenError, serve
from ytempire.sandbox.settings import SandboxSettings


def main() -> int:
    """Run the sandbox; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = SandboxSettings()
    except ValidationError as error:
        for problem in error.errors():
            print(f"SANDBOX_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(settings))
    except PortTakenError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The sandbox cannot use {error.filename or settings.state_dir}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
