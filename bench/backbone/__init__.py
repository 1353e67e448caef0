"""The event backbone against raw drivers, `eventsourcing` and plain FastStream."""
