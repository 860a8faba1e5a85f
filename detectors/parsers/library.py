"""The library that says what JSON Schema means. It fetches nothing, and its regexes run in linear time."""

from collections.abc import Callable

import jsonschema_rs

from detectors.parsers import reasons
from detectors.parsers.contract import Json, ParserError
from detectors.parsers.keywords import Schema

_REGEX_BYTES = 4 << 20


def validator(schema: Schema, at: str = "$") -> jsonschema_rs.Validator:
    """What tells valid values: formats are checked, and an unknown one is an error, as is a reference that leads nowhere."""
    try:
        return jsonschema_rs.validator_for(
            schema,
            validate_formats=True,
            ignore_unknown_formats=False,
            offline=True,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES),
        )
    except jsonschema_rs.ValidationError as error:
        raise ParserError(reasons.place(error.instance_path, _Every()), error.message[:300]) from error
    except ValueError as error:
        raise ParserError(at, str(error)[:300]) from error


class _Every(frozenset[str]):
    """Every name: a schema's own may be said."""

    def __contains__(self, name: object) -> bool:
        return True


Check = Callable[[Json], tuple[list[str | int], str] | None]
"""Where in a value something is wrong, and what is asked there; None where it is valid."""


def check(schema: Schema, at: str = "$") -> Check:
    validates = validator(schema, at)

    def first_fault(value: Json) -> tuple[list[str | int], str] | None:
        try:
            if validates.is_valid(value):
                return None
            error = next(iter(validates.iter_errors(value)))
        except (ValueError, RecursionError):  # a value that the library does not take
            return [], "cannot be checked"
        return error.instance_path, reasons.phrase(error.kind.name, error.kind.as_dict())

    return first_fault
