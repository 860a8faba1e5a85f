"""Runs a program that ends when the process that started it does, however that ends: ``python -m gateway.storage.tethered PROGRAM …``.

Where the system cannot promise that (any but Linux), it is only run.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def run(parent: int, command: list[str]) -> None:
    """Becomes the program. Raises OSError."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 it is the gateway that says which


if __name__ == "__main__":
    run(int(sys.argv[1]), sys.argv[2:])
