"""What the watch tells, for the conditions of policies: read beside the path, and asked by each exchange that wants to know."""

import logging
from collections.abc import Callable

from gateway.proxy.keeping import signed, unsigned
from policies.signals import MAX_BYTES as _MAX_BOARD
from policies.signals import Board, BoardError, Told, parse
from policies.subject import Signals, Subject

NAME = "signals.json"
MAX_BYTES = _MAX_BOARD + 128
_PURPOSE = b"signals"
_GRACE_S = 60.0
"""How long the first watch may take to say anything: until then there is nothing to see."""

log = logging.getLogger("oddgate")


def seal(board: bytes, key: bytes) -> bytes:
    """As the watch leaves it: who can write the file, and has no key, cannot loosen a rule."""
    return signed(board, key, _PURPOSE)


class SignalsInForce:
    """``read`` gives what the watch has left, sealed, or None; it may raise OSError.

    What cannot be read changes nothing: what was read last counts until it is stale.
    """

    def __init__(self, read: Callable[[], bytes | None], key: bytes, wall: Callable[[], float]) -> None:
        self._read = read
        self._key = key
        self._wall = wall
        self._content: bytes | None = None
        self._told = Told(Board(wall(), wall() + _GRACE_S))
        self.errors = 0

    def refresh(self) -> None:
        """Looks for what is new; it may take as long as a file does."""
        try:
            content = self._read()
            if content is not None and content != self._content:
                board = _opened(content, self._key)
                if self.is_told or board.expires >= self._wall():  # else it is what the last watch left, and the first of now is to come
                    self._told, self._content = Told(board), content
        except (OSError, BoardError) as error:
            self.errors += 1
            if self.errors == 1:
                why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else error
                log.warning("signals cannot be read (%s): what was read last counts until it is stale", why)

    def about(self, subject: Subject) -> Signals:
        return self._told.about(subject, self._wall())

    @property
    def board(self) -> Board:
        return self._told.board

    @property
    def is_told(self) -> bool:
        """Whether anything was read yet."""
        return self._content is not None

    @property
    def is_stale(self) -> bool:
        """As a whole."""
        return self.board.is_stale(self._wall())


def _opened(content: bytes, key: bytes) -> Board:
    """Raises ``BoardError``."""
    body = unsigned(content, key, _PURPOSE)
    if body is None:
        raise BoardError("not signed with this gateway's key")
    return parse(body)
