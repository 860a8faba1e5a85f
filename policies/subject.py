"""What a decision may know besides findings: whose exchange it is, and how the watch sees the traffic as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GENERATING = frozenset({"chat", "completions", "responses", "messages"})
"""The surfaces on which a model writes the answer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose exchange it is.

    ``app`` is the configured application's name, ``model`` the requested one, ``surface`` the API called (``chat``). ``user``, ``session``
    and ``group`` are the labels that the client sent, as far as the settings trust them; empty else.
    """

    app: str
    model: str
    surface: str
    user: str = ""
    session: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, in numbers: as its dialect reads them. None: it does not say. NaN: it says what is no such number, or of
    several requests in one each says something else; of ``max_tokens`` also: it is an assistant's run that says none.

    ``tools`` are all names of the tools that are offered, ``kinds`` the modalities of its parts, ``models`` those that may answer in place
    of the one it is for, or that it names beside that one. ``parts`` is what each of several requests in one (a batch) asks for: its
    ``messages`` and its numbers.
    """

    stream: bool = False
    messages: int = 0
    chars: int = 0
    max_tokens: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: float | None = None
    tools: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    parts: tuple["Asked", ...] = ()

    @property
    def tokens(self) -> int:
        """An estimate of its input tokens: four characters each."""
        return self.chars // 4


@dataclass(frozen=True, slots=True)
class Signals:
    """How the traffic as a whole is seen at the moment (0: nothing to see). Levels by name: ``drift["topics"]``.

    ``is_stale``: what was seen last is too old to be taken for the moment's. ``stale_kinds``: where only some of it is, which: ``drift``,
    ``disparity``, ``anomaly``, ``incident``.
    """

    drift: Mapping[str, float] = field(default_factory=dict)
    disparity: Mapping[str, float] = field(default_factory=dict)
    anomaly: Mapping[str, float] = field(default_factory=dict)
    incident_severity: int = 0
    incidents_open: int = 0
    is_stale: bool = False
    stale_kinds: frozenset[str] = frozenset()

    def answers(self, kinds: frozenset[str]) -> bool:
        """Whether what is asked about these is of the moment."""
        return not (self.is_stale and kinds) and self.stale_kinds.isdisjoint(kinds)


NO_SIGNALS = Signals()
