"""Where a policy is looser than those that it is built on, or may be.

A team may have its reasons; whoever answers for the ground should hear of it. What is looser, ``diff`` tells: a change that makes something
stricter and something else less so is told as well, since what was below no longer holds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.diff import Change, diff
from policies.policy import Policy
from policies.positions import Json, Loc, Node
from policies.problems import Problem, key_of
from policies.trends import Trend


@dataclass(frozen=True, slots=True)
class Ground:
    """What a policy is built on: ``policies`` are each of those by itself, and what they come to together; ``top`` the file over them."""

    policies: Sequence[Policy]
    top: Node


def weakenings(ground: Ground, policy: Policy) -> Iterator[Problem]:
    """Each once, where the file on top says it, else where it names what it is built on."""
    changes = [change for below in ground.policies for change in diff(below, policy) if _is_weaker(change)]
    for (loc, message), change in {(change.loc, _message(change)): change for change in changes}.items():
        if _is_left_out(change):
            loc, node = _leaving_out(ground.top, change)
        else:
            node = _place(ground.top, policy, loc)
        node = ground.top.at(("extends",)) if node is ground.top else node
        yield Problem(node.file, node.line, key_of(loc), message)


def _is_weaker(change: Change) -> bool:
    """Whom a policy is for is its own affair, and handed on to none."""
    return change.loc[0] != "applies_to" and (change.trend in (Trend.LOOSER, Trend.MIXED) or _is_left_out(change))


def _is_left_out(change: Change) -> bool:
    """Whether it is a rule or flow that is no more: also one that lets pass is told, since conditions of others may ask what it found."""
    return change.loc in (("rules",), ("flows",))


def _leaving_out(top: Node, change: Change) -> tuple[Loc, Node]:
    named = top.child("without")
    if named is None:
        return change.loc, top.at(change.loc)
    return ("without",), next((each for each in named.items or () if each.value == _name(change)), named)


def _place(top: Node, policy: Policy, loc: Loc) -> Node:
    """The file has its own order of rules and flows."""
    if len(loc) < 2 or not isinstance(loc[1], int):
        return top.at(loc)
    listed = policy.rules if loc[0] == "rules" else policy.flows
    own = (item for item in top.at(loc[:1]).items or () if item.at(("id",)).value == listed[loc[1]].id)
    item = next(own, None)
    return item.at(loc[2:]) if item else top.at(loc[:1])


def _name(change: Change) -> str:
    return change.key.partition(".")[2]


def _message(change: Change) -> str:
    key, old, new = str(change.loc[-1]), change.old, change.new
    if _is_left_out(change):
        return f"the {key[:-1]} {_name(change)} is left out"
    if key in _SAID and change.loc[:2] not in (("mode",), ("domain", "tools")):
        return _SAID[key](old, new)
    if new is None or new == {}:
        return f"no bound; below {'there is one' if isinstance(old, list | dict | str) else f'it is {old}'}"
    if isinstance(new, list) and isinstance(old, list):
        more = _more(old, new)
        return f"{', '.join(more)} besides what is below" if more else _fewer(old, new)
    return f"{_short(new)}; below it is {_short(old)}"


def _more(old: Json, new: Json) -> list[str]:
    """What only the new one has."""
    before = old if isinstance(old, list) else []
    return sorted(_short(each) for each in (new if isinstance(new, list) else ()) if each not in before)


def _short(value: Json) -> str:
    """A pattern or a topic is known by its name."""
    if isinstance(value, dict):
        return str(value["name"]) if "name" in value else ", ".join(f"{key} {each}" for key, each in value.items() if each is not None)
    return "not set" if value is None else str(value)


def _fewer(old: Json, new: Json) -> str:
    return f"without {', '.join(_more(new, old))}"


def _mode(_: Json, __: Json) -> str:
    return "shadow; below it is not"


def _allowed(old: Json, new: Json) -> str:
    count = len(_more(old, new))
    return f"lets pass {count} more value{'' if count == 1 else 's'} than below"


_SAID: Mapping[str, Callable[[Json, Json], str]] = {
    **dict.fromkeys(("scope", "entities", "patterns"), _fewer),
    "allow_list": _allowed,
    "mode": _mode,
    "detect": lambda old, new: f"looks for {new}; below it is {old}",
    "max_fpr": lambda old, new: f"{new}: fewer findings; below it is {old}",
    "min_score": lambda old, new: f"{new}; below it is {old or 'the threshold of the detector'}",
    "when": lambda old, _: f"asked only where this holds; below it is asked {'elsewhere' if old else 'always'}",
}
