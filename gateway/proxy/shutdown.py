"""How what has no end of its own hears that the gateway is stopping: a session is asked to end, and told when its time is up."""

import asyncio

from gateway.errors import Unavailable


class Shutdown:
    """Once for the whole gateway."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """Begin nothing more; what is under way may end."""
        self.over = asyncio.Event()
        """End what is still under way."""


def shutting_down() -> Unavailable:
    """Why nothing is begun any more, or why something ended."""
    error = Unavailable("shutting_down", "The gateway is shutting down. Connect again.")
    error.headers = (("Retry-After", "1"),)
    return error
