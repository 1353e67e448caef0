"""Fixtures: one sandbox process for the session, and a plain client that trusts its authority."""

import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ytempire.sandbox.process import Addresses, SandboxProcess

# Helper modules of these tests lie beside them; pytest's import mode leaves the folder off the path.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A sandbox without a gateway, on free ports."""
    with SandboxProcess(Path(tmp_path_factory.mktemp("sandbox"))) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def web(sandbox: Addresses) -> Iterator[httpx.Client]:
    """A client for control API and pages."""
    trust = ssl.create_default_context(cafile=sandbox.ca)
    with httpx.Client(base_url=sandbox.base_url, verify=trust, timeout=30) as client:
        yield client
