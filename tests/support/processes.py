"""Processes that a test looks at, and that may end at any moment of it."""

from contextlib import suppress

import psutil


def is_gone(process: psutil.Process) -> bool:
    """It has ended, whether or not anybody has waited for it."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def is_zombie(process: psutil.Process) -> bool:
    """It has ended, and nobody has waited for it."""
    with suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return False


def watches_of(pid: int) -> list[psutil.Process]:
    """What is beside the gateway of that process: one, or none yet or just now."""
    found = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):
            if "watch" in child.cmdline():
                found.append(child)
    return found
