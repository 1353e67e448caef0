"""Health of the service in this container: exit code 0 when the path given answers 200 on the health port."""

import http.client
import os
import sys

_SECONDS = 4.0


def main() -> int:
    """Ask once; says on standard error what was wrong."""
    port = int(os.environ["YTEMPIRE_HEALTH_PORT"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", sys.argv[1] if len(sys.argv) > 1 else "/livez")
        status = connection.getresponse().status
    except OSError as error:
        print(f"port {port}: {error}", file=sys.stderr)
        return 1
    if status != http.client.OK:
        print(f"port {port}: status {status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
