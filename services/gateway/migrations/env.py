from ytempire.eventstore.migrate import run_environment

run_environment()
