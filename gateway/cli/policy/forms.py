"""Forms of answers as the gateway's parsers judge them, for policies that are tried here."""

from collections.abc import Mapping
from typing import Any, cast

from detectors.parsers.contract import NewParser
from detectors.parsers.grammars import compile_grammar, compile_regex
from detectors.parsers.schemas import compile_schema
from policies.rehearsal.forms import IsOfForm


def conforms(kind: str, form: object) -> IsOfForm:
    """A ``policies.rehearsal.forms.Conforms``."""
    new_parser = _parser(kind, form)

    def is_of_form(text: str) -> bool:
        parser = new_parser()
        return parser.feed(text) is None and parser.close() is None

    return is_of_form


def _parser(kind: str, form: object) -> NewParser:
    match kind:
        case "regex":
            return compile_regex(cast("str", form))
        case "grammar":
            return compile_grammar(cast("str", form))
        case _:
            return compile_schema(cast("Mapping[str, Any]", form))
