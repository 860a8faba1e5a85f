"""What an answer is held to besides rules: its length, its form, which tools it calls and with which arguments. Each choice by itself.

Whether a text is of a form is for a parser to say, which is given; the lengths and the names of tools are told here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from policies.domain_parts import Path, action_of, bounds, name_of
from policies.policy import Policy
from policies.rehearsal.exchange import Text
from policies.verdict import Action, Fired
from policies.vocabulary import Mode, Scope

IsOfForm = Callable[[str], bool]
Conforms = Callable[[str, object], IsOfForm]
"""Makes one form ready: its kind (``json_schema``, ``regex``, ``grammar``, or ``arguments``: a schema of them all), and what it says."""

_FORMS = ("json_schema", "regex", "grammar")
_LANGUAGES: Path = ("output", "languages")
_UNCERTAINTY: Path = ("output", "uncertainty")


class Forms:
    """The bounds of a policy on answers. ``unsettled`` are those that cannot be told from a text here."""

    def __init__(self, policy: Policy, conforms: Conforms | None) -> None:
        self._domain = policy.domain
        self._shadow = policy.mode is Mode.SHADOW
        self._unsettled: list[Path] = []
        self._form: tuple[Path, IsOfForm] | None = None
        self._arguments: Mapping[str, IsOfForm] = {}
        output, tools = self._domain.output, self._domain.tools
        if output.uncertainty:
            self._unsettled.append(_UNCERTAINTY)
        for kind in _FORMS:
            form = getattr(output, kind)
            if form is not None and conforms:
                self._form = (("output", kind), conforms(kind, form))
            elif form is not None:
                self._unsettled.append(("output", kind))
        if tools.arguments and conforms:
            self._arguments = {tool: conforms("arguments", schema) for tool, schema in tools.arguments.items()}
        elif tools.arguments:
            self._unsettled.append(("tools", "arguments"))
        self._max_chars, self._allow = output.max_chars, None if tools.allow is None else frozenset(tools.allow)

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        given = (self._form, self._arguments, self._unsettled)
        return any(given) or self._max_chars is not None or self._allow is not None

    def bounds(self) -> Iterator[tuple[Path, object]]:
        """Those on answers, but for the languages, which a rule judges."""
        return ((path, value) for path, value in bounds(self._domain) if path[0] in ("tools", "output") and path != _LANGUAGES)

    def scope_of(self, path: Path) -> Scope:
        """Whose texts a bound is about."""
        return Scope.TOOL_ARGUMENTS if path[0] == "tools" else Scope.OUTPUT

    def violations(self, texts: Sequence[Text]) -> tuple[Sequence[tuple[int, Fired]], Sequence[str]]:
        """Of the answer's texts: what is out of bounds, each with the text's index, and of which bounds that cannot be told."""
        answer = [(index, text) for index, text in enumerate(texts) if text.is_answer]
        if not answer:
            return (), ()
        scopes = {text.scope for _, text in answer}
        untold = {name_of(path): None for path in self._unsettled if self.scope_of(path) in scopes}
        fired: list[tuple[int, Fired]] = []
        for index, text in answer:
            if text.scope is Scope.TOOL_ARGUMENTS and text.path and text.tool in self._arguments:
                untold[name_of(("tools", "arguments"))] = None  # a part of them cannot be held to what all of them must be
            fired += [(index, self._fired(path, len(text.text))) for path in self._broken(text)]
        return fired, tuple(untold)

    def _broken(self, text: Text) -> Iterator[Path]:
        if text.scope is Scope.OUTPUT:
            if self._max_chars is not None and len(text.text) > self._max_chars:
                yield "output", "max_chars"
            if self._form and not self._form[1](text.text):
                yield self._form[0]
        elif text.scope is Scope.TOOL_ARGUMENTS:
            if self._allow is not None and text.tool not in self._allow:
                yield "tools", "allow"
            is_of_form = None if text.path else self._arguments.get(text.tool)
            if is_of_form and not is_of_form(text.text):
                yield "tools", "arguments"

    def _fired(self, path: Path, length: int) -> Fired:
        action: Action = action_of(self._domain, path, of_answer=True)
        name = name_of(path)
        return Fired(name, name, 0, length, 1.0, action, self._shadow)
