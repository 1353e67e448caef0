"""Pytest plugin: tests that ask for `pg_server` or `nats_server` get the ones in containers.

Loaded by `-p tests.containers.plugin`; the file named by `YTEMPIRE_TEST_SERVERS` says where the servers are. The
fixtures are registered late, so that they win over those of the same names that start embedded servers.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.containers.servers import Servers

from ytempire.cli.testing import NatsAccess


class _ContainerServers:
    @pytest.fixture(scope="session")
    def pg_server(self) -> Servers:
        """PostgreSQL in its container."""
        return _servers()

    @pytest.fixture(scope="session")
    def nats_server(self) -> NatsAccess:
        """NATS in its container."""
        return _servers().nats


def _servers() -> Servers:
    return Servers.read(Path(os.environ["YTEMPIRE_TEST_SERVERS"]))


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures after those of all installed plugins."""
    config.pluginmanager.register(_ContainerServers(), "ytempire-container-servers")
