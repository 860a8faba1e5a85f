"""What the watch says of bias, as tables of words for people: whatever shows them, they say the same. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

Json = Mapping[str, Any]

_HOW_TO_READ = """
A group is the one that an application says (the label group), or the only one that the last message of a user mentions (mentions.…). A
mention says whom a text is about and never who wrote it, is found by explicit English words and pronouns alone, and never by a name.

A disparity is a difference that chance hardly explains however often one looks, corrected over all groups and outcomes, and at least a
quarter. It says that outcomes differ, and not why: look at the exchanges before anything is said of a model or of a rule.

Ratios are within strata (model and topic). What the strata make of the difference: agree; explain (it is gone within them); hide (it is
there within them alone); reverse (it is the other way round there, Simpson's paradox).

Intervals are of 99 %, at one look. Of fewer than 30 exchanges no figure is shown. Learning: a difference worth finding could still be
missed. Fair so far: one of twice as much would have been found.
"""
NOTES = tuple(" ".join(paragraph.split()) for paragraph in _HOW_TO_READ.split("\n\n"))
_BRIEF_OUTCOMES = ("state", "attribute", "group", "outcome", "group's", "others'", "within strata", "strata", "id")
_BRIEF_PROBES = ("state", "groups", "outcome", "question", "difference", "pairs", "id")
_LESS = "< 30"
_EXAMPLES = 3
_MOST = 100.0
_PERCENT = frozenset({"blocked", "refused", "no_tool", "failed"})
_OF_GUARDS = "guard_"
"""With which the outcomes begin that our own policies decide: all of them happen or not."""
_RATIOS = frozenset({"answer_chars", "latency_ms", "cost_micros"})


class Table(NamedTuple):
    """``brief`` are the columns for which there is room on a terminal."""

    title: str
    note: str
    head: Sequence[str]
    brief: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(said: Json) -> Iterator[Table]:
    """``said`` is what the watch says (``biasing``), with ``guards`` where they were looked at."""
    for app in said.get("apps", ()):
        yield _disparities(app)
    for app in (said.get("probes") or {}).get("apps", ()):
        yield _probes(app)
    if said.get("guards"):
        yield _guards(said["guards"])


def summary(said: Json) -> list[str]:
    if said.get("ts") is None:
        return ["the watch has said nothing of bias yet (does one run, and is watch.bias.enabled?)"]
    lines = [
        f"as of {moment(said['ts'])}: {said['exchanges']:,} exchanges, of {said['with_groups']:,} it is known whom they were about",
    ]
    if not said["with_groups"]:
        lines.append("no record says whom it was about: trust the label group (labels.trust), or set watch.bias.cues: true")
    if probes := said.get("probes"):
        today = probes["today"]
        lines.append(f"{probes['pairs']:,} probes so far; today ${today['usd']:.4f} and {today['tokens']:,} tokens")
        lines += [f"  {name.replace('_', ' ')}: {count:,}" for name, count in sorted(probes["counts"].items())]
    else:
        lines.append("no probes: watch.probes.enabled is false, or it is another watch's turn to ask")
    return lines


def _disparities(app: Json) -> Table:
    head = (
        "state", "attribute", "group", "outcome", "group's", "others'", "within strata", "at first sight", "favourable", "strata",
        "exchanges", "others", "needed", "evidence", "since", "examples", "id",
    )  # fmt: skip
    rows = [
        (
            cell["state"], cell["attribute"], cell["group"], cell["outcome"], _figure(cell["outcome"], cell["here"]),
            _figure(cell["outcome"], cell["others"]), _compared(cell["outcome"], cell["adjusted"]),
            _compared(cell["outcome"], cell["crude"]), _compared(cell["outcome"], cell["favourable"]), cell["strata"], _size(cell["size"]),
            _size(cell["others_size"]), f"{cell['needed']:,}", _number(cell["evidence"]), moment(cell["since"]),
            " ".join(cell["examples"][:_EXAMPLES]), cell["id"],
        )
        for cell in app["cells"]
    ]  # fmt: skip
    lost = ", ".join(f"{count:,} {name}" for name, count in sorted(app["lost"].items()) if count)
    note = f"{app['state']}; {app['outcomes']:,} exchanges since {moment(app['since'])}" + (f"; not counted: {lost}" if lost else "")
    more = f"; {app['more']:,} more rows" if app["more"] else ""
    return Table(f"Outcomes of {app['app'] or 'all applications'}", note + more, head, _BRIEF_OUTCOMES, rows)


def _probes(app: Json) -> Table:
    head = (
        "state",
        "attribute",
        "groups",
        "outcome",
        "question",
        "difference",
        "flips",
        "flips when asked again",
        "pairs",
        "needed",
        "evidence",
        "id",
    )
    rows = [
        (
            each["state"], each["attribute"], f"{each['group']} → {each['other']}", each["outcome"],
            "who fares worse" if each["question"] == "shift" else "beyond noise", _shift(each["outcome"], each["shift"]),
            _percent(each["flips"]), _percent(each["twin_flips"]), _size(each["pairs"]), f"{each['needed']:,}", _number(each["evidence"]),
            each["id"],
        )
        for each in app["differences"]
    ]  # fmt: skip
    notes = (f"{app['pairs']:,} questions, each asked as it was, once more, and of another group", *map(_guarded, app.get("guards", ())))
    return Table(f"Probes of {app['app'] or 'all applications'}", "; ".join(notes), head, _BRIEF_PROBES, rows)


def _guarded(guard: Json) -> str:
    """What a policy makes of both versions, and of which of its rules that is not known."""
    untold = ", ".join(f"{name} in {count:,}" for name, count in sorted(guard["not_compared"].items()))
    return f"{guard['policy']} has judged both versions of {guard['pairs']:,}" + (f" (not compared: {untold})" if untold else "")


def _guards(guards: Json) -> Table:
    head = ("", "attribute", "group", "rule", "measure", "group's", "others'", "times as often", "exchanges", "others")
    rows = [
        (
            "UNFAIR" if each["is_unfair"] else "", each["attribute"], each["group"], each["rule"], each["measure"], _percent(each["rate"]),
            _percent(each["others"]), _times(each["times"]), _size(each["size"]), _size(each["others_size"]),
        )
        for each in guards["rows"]
    ]  # fmt: skip
    note = f"the last {guards['exchanges']:,} exchanges that are kept; one look, corrected over all rules and groups"
    return Table("Our own rules", note, head, head, rows)


def moment(ts: float | None) -> str:
    return "-" if ts is None else datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M")


def _size(size: int | None) -> str:
    return _LESS if size is None else f"{size:,}"


def _figure(outcome: str, estimate: Json | None) -> str:
    return _percent(estimate) if outcome in _PERCENT else _interval(estimate, _number)


def _compared(outcome: str, estimate: Json | None) -> str:
    return _times(estimate) if outcome in _PERCENT | _RATIOS else _interval(estimate, lambda value: f"{value:+.2f}")


def _shift(outcome: str, estimate: Json | None) -> str:
    if outcome in _PERCENT | _RATIOS or outcome.startswith(_OF_GUARDS):
        return _interval(estimate, lambda value: f"{value:+.1%}")
    return _interval(estimate, lambda value: f"{value:+.3f}")


def _percent(estimate: Json | None) -> str:
    return _interval(estimate, lambda value: f"{value:.1%}")


def _times(estimate: Json | None) -> str:
    return _interval(estimate, lambda value: f"×{value:.2f}" if value < _MOST else f"×{value:.0f}")


def _interval(estimate: Json | None, form: Callable[[float], str]) -> str:
    """What is not there was infinite."""
    if estimate is None:
        return "-"
    value, low, high = ("∞" if estimate[name] is None else form(estimate[name]) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _number(value: float | None) -> str:
    if value is None:
        return "∞"
    return f"{value:,.0f}" if abs(value) >= _MOST else f"{value:.3g}"
