"""JetStream through FastStream: topology, publish, consume, retry, dead letters."""

from ytempire.bus.connection import NatsAccess, broker, connect, read_carried, read_stream, signal
from ytempire.bus.consumers import Consumers
from ytempire.bus.relay import Relay

__all__ = ["Consumers", "NatsAccess", "Relay", "broker", "connect", "read_carried", "read_stream", "signal"]
