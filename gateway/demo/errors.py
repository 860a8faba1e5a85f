"""The errors that the demo answers with, as an LLM endpoint would."""


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
