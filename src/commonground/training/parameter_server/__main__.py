"""``python -m commonground.training.parameter_server``: one server process.

Its configuration is one line of JSON on standard input, which ends when the process that started it does, and the server with it. Its
address is one line on standard output.
"""

import os
import sys
import threading

import msgspec

from commonground.errors import CommongroundError
from commonground.training.parameter_server.configuration import ShardConfiguration
from commonground.training.parameter_server.server import Server


def main() -> None:
    """Serve until standard input ends; a step and its snapshot are finished."""
    try:
        server = Server(msgspec.json.decode(sys.stdin.readline(), type=ShardConfiguration))
    except (CommongroundError, msgspec.MsgspecError, OSError) as error:
        sys.exit(str(error))
    threading.Thread(target=_watch, args=[server], daemon=True).start()
    sys.stdout.write(server.address + "\n")
    sys.stdout.flush()
    try:
        server.run()
    except CommongroundError as error:
        sys.exit(str(error))
    os._exit(0)  # threads may wait for workers that will not answer


def _watch(server: Server) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.stop()


if __name__ == "__main__":
    main()
