"""What a decision may know of the exchange it decides about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose exchange it is.

    ``app`` is the configured application's name, ``model`` the requested one, ``surface`` the API called (``chat``).
    """

    app: str
    model: str
    surface: str
