"""The errors that the demo answers with, as an LLM endpoint would."""

from collections.abc import Iterator
from contextlib import contextmanager


class RefusedRequestError(Exception):
    """A request that is answered by an error: ``status`` and the fields of the dialect's error object."""

    def __init__(
        self, message: str, *, status: int = 400, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code


@contextmanager
def as_callers_mistake(message: str, *, code: str) -> Iterator[None]:
    """Whoever asks decides on the form of what they ask; the demo trusts it, instead of validating all of every dialect."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError) as error:
        raise RefusedRequestError(message, code=code) from error
