"""What a policy made of a recorded exchange: which rules fired, did not, or could not run, as the journal has it. It has no text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.cli.policy import makeup
from gateway.telemetry.journal import segment_files
from policies.domain_rules import all_rules
from policies.load import LoadedPolicy
from policies.policy import Rule

Record = Mapping[str, Any]

_SHOWN = 20
"""Findings of a rule that are listed one by one."""


def find_record(journal: Path, request_id: str) -> Record | None:
    """The newest record of an exchange, in the newest segment that has one."""
    wanted = json.dumps(request_id, ensure_ascii=False).encode()
    for segment in reversed(segment_files(journal)):
        with segment.open("rb") as file:
            found = [record for line in file if wanted in line and (record := _record(line, request_id))]
        if found:
            return found[-1]
    return None


def _record(line: bytes, request_id: str) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    is_record = isinstance(record, dict) and record.get("request_id") == request_id
    return record if is_record and {"findings", "coverage", "decision"} <= record.keys() else None


class RecordExplained:
    """``loaded`` is the policy as it is now; the record says which version decided."""

    def __init__(self, loaded: LoadedPolicy, record: Record) -> None:
        self._loaded = loaded
        self._record = record
        self._hits: dict[str, list[Mapping[str, Any]]] = {}
        for finding in record["findings"]:
            self._hits.setdefault(str(finding["rule"]), []).append(finding)
        self._rows = [row for half in ("request", "response") for row in record["coverage"][half]]
        self.fired = bool(record["findings"])

    def lines(self) -> list[str]:
        return list(self._lines())

    def as_json(self) -> dict[str, object]:
        record = self._record
        return {
            **makeup.as_json(self._loaded),
            "request_id": record["request_id"],
            "decided_by": record.get("policy"),
            "is_the_same_version": record.get("policy") == self._loaded.version,
            "decision": record["decision"],
            "rules": [
                {"id": name, "why": why, "findings": self._hits.get(name, [])[:_SHOWN], "findings_total": len(self._hits.get(name, []))}
                for name, why in self._summaries()
            ],
            "uninspectable": record.get("uninspectable", []),
        }

    def _lines(self) -> Iterator[str]:
        record = self._record
        when = datetime.fromtimestamp(record["ts"], UTC).isoformat(timespec="seconds")
        said = [
            when,
            record.get("app") or "-",
            record.get("surface"),
            record.get("model") or "-",
            record.get("outcome"),
            record.get("status"),
        ]
        yield f"exchange  {record['request_id']}: {' '.join(map(str, said))}"
        yield f"decision  {record['decision']} by {record.get('policy') or 'no policy'}"
        if record.get("policy") != self._loaded.version:
            yield f"note      the policy has changed since; what follows sets the record beside {self._loaded.version}"
        if record.get("unguarded"):
            yield "note      the settings leave this path unread: no rule was asked"
        yield from makeup.lines(self._loaded)
        for name, why in self._summaries():
            yield f"rule      {name}: {why}"
            hits = self._hits.get(name, [])
            yield from (f"            {_hit(hit)}" for hit in hits[:_SHOWN])
            if len(hits) > _SHOWN:
                yield f"            and {len(hits) - _SHOWN} more"
        for part in record.get("uninspectable", ()):
            why = f" ({part['why']})" if part.get("why") else ""
            yield f"unread    {part['kind']} at {part['place'] or 'the top'}: {part['action']}{why}"
        if record.get("findings_total", 0) > len(record["findings"]):
            yield f"note      the record lists {len(record['findings'])} of {record['findings_total']} findings"

    def _summaries(self) -> Iterator[tuple[str, str]]:
        """The policy's rules in order, then what fired besides: bounds, flows, and rules that are no longer there."""
        rules = all_rules(self._loaded.policy)
        flows = {flow.id or f"flows.{index}" for index, flow in enumerate(self._loaded.policy.flows)}
        for rule in rules:
            yield rule.id, self._summary(rule)
        known = {rule.id for rule in rules}
        for name in self._hits:
            if name not in known:
                is_there = name in flows or name.startswith("domain.")
                yield name, _outcome(self._hits[name]) + ("" if is_there else "; it is not in this policy")

    def _summary(self, rule: Rule) -> str:
        if rule.id in self._hits:
            return _outcome(self._hits[rule.id])
        looked = [row for row in self._rows if rule.id in row["inspected_by"]]
        if looked:
            return f"did not fire: it looked at {_texts(looked)}"
        there = [row for row in self._rows if row["scope"] in rule.scope]
        if not there:
            return f"not asked: there was no text of its scope ({', '.join(rule.scope)})"
        if rule.when is not None:
            return f"not asked: its condition did not hold ({rule.when})"
        return "not asked: the version that decided did not have it so, or the exchange ended before"


def _outcome(hits: Sequence[Mapping[str, Any]]) -> str:
    unchecked = [hit for hit in hits if hit["why"] != "match"]
    names = ", ".join(dict.fromkeys(_action(hit) for hit in hits))
    if len(unchecked) == len(hits):
        return f"could not run ({', '.join(dict.fromkeys(str(hit['why']) for hit in hits))}): {names}"
    return f"fired: {names}"


def _action(hit: Mapping[str, Any]) -> str:
    return f"would {hit['action']}, but only said so (shadow)" if hit["shadow"] else str(hit["action"])


def _hit(hit: Mapping[str, Any]) -> str:
    place = f"{hit['kind']} at {hit['place'] or 'the exchange'}"
    if hit["why"] != "match":
        return f"{place}: not checked, {hit['why']}"
    return f"{place} {hit['start']}-{hit['end']}, score {hit['score']:.2f}, {hit['scope']}"


def _texts(rows: Sequence[Mapping[str, Any]]) -> str:
    count, chars = sum(row["texts"] for row in rows), sum(row["chars"] for row in rows)
    scopes = ", ".join(dict.fromkeys(str(row["scope"]) for row in rows))
    return f"{count} text{'' if count == 1 else 's'} with {chars} characters ({scopes})"
