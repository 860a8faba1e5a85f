"""Something that fails for a while, as often as it is tried: the log says so once as it begins, and once as it is over."""

import logging

log = logging.getLogger("oddgate")


class Outage:
    """``what`` says what does not work, such as ``journal: records cannot be written``."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_on = False

    def failed(self, error: OSError) -> None:
        if not self._is_on:
            self._is_on = True
            log.error("%s: %s", self._what, error.strerror or type(error).__name__)

    def worked(self) -> None:
        if self._is_on:
            self._is_on = False
            log.warning("%s: no longer", self._what)

    @property
    def reasons(self) -> list[str]:
        """Why something is not as it should be, as of the last try."""
        return [self._what] if self._is_on else []
