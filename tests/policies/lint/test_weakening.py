"""What is looser than it was below: each way to weaken is named, and what is stricter or other is not."""

import pytest

from policies.extend import extend
from policies.lint.file import lint_file
from policies.lint.weakening import Ground, weakenings
from policies.load import load_policy
from policies.policy import Policy
from policies.positions import parse
from policies.schema import validate

GROUND = """\
name: ground
rules:
- {id: a, detect: pii, scope: [user, output], entities: [PERSON, EMAIL_ADDRESS], action: redact, min_score: 0.4}
- {id: b, detect: pii, action: block, on_error: flag}
- {id: c, detect: pii, action: flag, when: exchange.stream, mode: shadow}
- {id: d, detect: secrets, action: flag, max_fpr: 0.05}
- {id: p, detect: pii, action: flag, patterns: [{name: A, regex: a}]}
- {id: let, detect: pii, action: allow, on_error: allow, on_timeout: allow, on_unavailable: allow}
flows:
- {id: f, from: tool_results, to: output, action: block}
- {from: system, to: output, action: block}
on_uninspectable: {image: block}
domain:
  action: block
  languages: [en]
  hours: {start: "08:00", end: "18:00"}
  input: {max_chars: 1000, action: block}
  request: {temperature: {max: 1}, n: {min: 1, max: 3}}
  tools: {allow: [search], arguments: {search: {type: object, required: [q]}}}
  output: {json_schema: {type: object}, uncertainty: {max_entropy: 2, action: block}}
  topics: {allow: [{name: t, examples: [a, b]}], outside: {action: block}}
"""


def said(words: str) -> list[str]:
    ground = parse(GROUND, "g.yaml")
    top = parse(f"name: top\nextends: ground\n{words}", "p.yaml")
    whole = extend(top, lambda name: ground).node
    return [f"{each.key}: {each.message}" for each in weakenings(Ground([validate(Policy, ground)], top), validate(Policy, whole))]


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("", []),
        ("mode: shadow", ["mode: shadow; below it is enforce"]),
        ("without: [a, f]", ["without: the rule a is left out", "without: the flow f is left out"]),
        ("without: let", ["without: the rule let is left out"]),
        ("rules: [{id: a, action: flag}]", ["rules[0].action: flag; below it is redact"]),
        ("rules: [{id: a, action: block}]", []),
        ("rules: [{id: a, action: mask}]", []),
        ("rules: [{id: a, mode: shadow}]", ["rules[0].mode: shadow; below it is not"]),
        ("rules: [{id: c, mode: enforce}]", []),
        ("rules: [{id: a, scope: [user, system]}]", ["rules[0].scope: without output"]),
        ("rules: [{id: a, entities: [PERSON, EMAIL_ADDRESS, PHONE_NUMBER]}]", []),
        ("rules: [{id: a, entities: [PERSON]}]", ["rules[0].entities: without EMAIL_ADDRESS"]),
        ("rules: [{id: a, min_score: 0.3}]", []),
        ("rules: [{id: a, min_score: 0.5}]", ["rules[0].min_score: 0.5; below it is 0.4"]),
        ("rules: [{id: b, min_score: 0.5}]", ["rules[1].min_score: 0.5; below it is the threshold of the detector"]),
        ("rules: [{id: d, max_fpr: 0.01}]", ["rules[3].max_fpr: 0.01: fewer findings; below it is 0.05"]),
        ("rules: [{id: d, max_fpr: 0.1}]", []),
        ("rules: [{id: b, on_error: allow, on_timeout: flag}]", [
            "rules[1].on_error: allow; below it is flag", "rules[1].on_timeout: flag; below it is block",
        ]),
        ("rules: [{id: b, when: exchange.stream}]", ["rules[1].when: asked only where this holds; below it is asked always"]),
        ("rules: [{id: c, when: null}]", []),
        ("rules: [{id: c, when: '!exchange.stream'}]", ["rules[2].when: asked only where this holds; below it is asked elsewhere"]),
        ("rules: [{id: b, detect: secrets}]", ["rules[1].detect: looks for secrets; below it is pii"]),
        ("rules: [{id: a, allow_list: [x, y]}]", ["rules[0].allow_list: lets pass 2 more values than below"]),
        ("rules: [{id: new, detect: pii, action: allow}]", []),
        ("flows: [{id: f, action: flag}]", ["flows[0].action: flag; below it is block"]),
        ("flows: [{id: f, min_chars: 9}]", ["flows[0].min_chars: 9; below it is 6"]),
        ("flows: [{id: f, unless: [user]}]", ["flows[0].unless: user besides what is below"]),
        ("flows: [{id: f, mode: shadow}]", ["flows[0].mode: shadow; below it is not"]),
        ("on_uninspectable: {image: flag}", ["on_uninspectable.image: flag; below it is block"]),
        ("on_uninspectable: {image: null}", ["on_uninspectable.image: flag; below it is block"]),
        ("domain: {action: flag}", ["domain.action: flag; below it is block"]),
        ("domain: {languages: [en, de]}", ["domain.languages: de besides what is below"]),
        ("domain: {languages: null}", ["domain.languages: no bound; below there is one"]),
        ("domain: {hours: null}", ["domain.hours: no bound; below there is one"]),
        ("domain: {input: {max_chars: 1001}}", ["domain.input.max_chars: 1001; below it is 1000"]),
        ("domain: {input: {max_chars: null}}", ["domain.input.max_chars: no bound; below it is 1000"]),
        ("domain: {input: {max_chars: 999, action: flag}}", ["domain.input.action: flag; below it is block"]),
        ("domain: {hours: {start: '07:00'}}", ["domain.hours.start: 07:00; below it is 08:00"]),
        ("domain: {hours: {start: '00:00', end: '23:59'}}", [
            "domain.hours.start: 00:00; below it is 08:00", "domain.hours.end: 23:59; below it is 18:00",
        ]),
        ("domain: {hours: {start: '09:00', end: '17:00'}}", []),
        ("domain: {hours: {days: [mon], end: '19:00'}}", [
            "domain.hours.days: without fri, sat, sun, thu, tue, wed", "domain.hours.end: 19:00; below it is 18:00",
        ]),
        ("domain: {output: {json_schema: {type: null}}}", ["domain.output.json_schema: no bound; below there is one"]),
        ("domain: {output: {json_schema: {required: [a]}}}", []),
        ("domain: {tools: {arguments: {search: {required: null}}}}", [
            "domain.tools.arguments.search: type object; below it is type object, required ['q']",
        ]),
        ("applies_to: {apps: [support]}", []),
        ("borders: {domain.topics: 0.001}", ["borders.domain.topics: 0.001; below it is not set"]),
        ("domain: {output: {uncertainty: {max_entropy: 20, max_fpr: 0.01}}}", [
            "domain.output.uncertainty.max_entropy: 20.0; below it is 2.0",
        ]),
        ("domain: {tools: {allow: [search, send]}}", ["domain.tools.allow: send besides what is below"]),
        ("domain: {output: {json_schema: null}}", ["domain.output.json_schema: no bound; below there is one"]),
        ("domain: {topics: {outside: {action: flag}}}", ["domain.topics.outside.action: flag; below it is block"]),
        ("domain: {topics: {outside: {mode: shadow}}}", ["domain.topics.outside.mode: shadow; below it is not"]),
        ("domain: {topics: {outside: {max_fpr: 0.01}}}", ["domain.topics.outside.max_fpr: 0.01: fewer findings; below it is 0.05"]),
        ("domain: {topics: {outside: {on_error: flag}}}", ["domain.topics.outside.on_error: flag; below it is block"]),
        (
            "domain: {topics: {allow: [{name: t, examples: [a, b]}, {name: u, examples: [c, d]}]}}",
            ["domain.topics.allow: u besides what is below"],
        ),
        ("domain: {topics: {review: 0.2}}", []),
        ("domain: {input: {max_chars: 1000, action: null}}", []),
        ("domain: {input: {action: flag}}", ["domain.input.action: flag; below it is block"]),
        ("domain: {hours: {action: flag}}", ["domain.hours.action: flag; below it is block"]),
        ("domain: {tools: {action: flag}}", ["domain.tools.action: flag; below it is block"]),
        ("domain: {tools: {action: reask}}", []),
        ("domain: {action: flag, tools: {action: reask}, output: {action: block}}", [
            "domain.action: flag; below it is block", "domain.tools.action: flag; below it is block",
        ]),
        ("domain: {tools: {arguments: {search: null}}}", ["domain.tools.arguments: no bound; below there is one"]),
        ("domain: {request: {temperature: {max: 2}}}", ["domain.request.temperature: max 2.0; below it is max 1.0"]),
        ("domain: {request: {n: {max: 4}}}", ["domain.request.n: min 1.0, max 4.0; below it is min 1.0, max 3.0"]),
        ("domain: {request: {n: null}}", ["domain.request.n: no bound; below there is one"]),
        ("domain: {output: {uncertainty: {max_entropy: 3}}}", ["domain.output.uncertainty.max_entropy: 3.0; below it is 2.0"]),
        ("domain: {output: {uncertainty: {action: flag}}}", [
            "domain.output.uncertainty.on_unavailable: flag; below it is block",
            "domain.output.uncertainty.action: flag; below it is block",
        ]),
        ("domain: {output: {uncertainty: {on_unavailable: flag}}}", ["domain.output.uncertainty.on_unavailable: flag; below it is block"]),
        ("rules: [{id: p, patterns: [{name: B, regex: b}]}]", ["rules[4].patterns: without A"]),
        ("rules: [{id: p, patterns: [{name: A, regex: a}, {name: B, regex: b}]}]", []),
        ("flows: [{id: f, to: 'tool_arguments.*'}]", ["flows[0].to: tool_arguments.*; below it is output"]),
        ("flows: null", ["flows: the flow f is left out", "flows: the flow flows.1 is left out"]),
    ],
)  # fmt: skip
def test_weakenings(top, expected):
    """What is said of a policy that is built on another one."""
    assert said(top) == expected


TOP = """\
name: top
extends: ground
domain:
  languages: null
  input:
    max_chars: 2000
rules:
- {id: own, detect: pii, action: block}
- id: b
  action: flag
without:
- a
- f
on_uninspectable: null
"""


def test_places():
    """Each stands where the file on top says it, in its own order, and never in the file below."""
    ground, top = parse(GROUND, "g.yaml"), parse(TOP, "p.yaml")
    whole = validate(Policy, extend(top, lambda name: ground).node)
    found = sorted((each.line, each.key, each.file) for each in weakenings(Ground([validate(Policy, ground)], top), whole))
    assert found == [
        (4, "domain.languages", "p.yaml"),
        (6, "domain.input.max_chars", "p.yaml"),
        (10, "rules[0].action", "p.yaml"),
        (12, "without", "p.yaml"),
        (13, "without", "p.yaml"),
        (14, "on_uninspectable.image", "p.yaml"),
    ]


STRICT = """\
name: strict
rules: [{id: a, detect: pii, scope: [user], action: block}]
domain: {output: {uncertainty: {max_fpr: 0.01, action: block}}}
"""
WATCH = "name: watch\nmode: shadow\nrules: [{id: b, detect: pii, scope: [user], action: flag}]\n"
OF_MODE = "shadow; below it is enforce"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("extends: [watch, strict]", [f"2 mode: {OF_MODE}"]),
        ("extends: [strict, watch]", [f"2 mode: {OF_MODE}"]),
        ("extends: [watch, strict]\nmode: enforce", []),
        ("extends: [watch, strict]\nmode: shadow", [f"3 mode: {OF_MODE}"]),
        ("extends: [watch, strict]\nmode: enforce\nwithout: a", ["4 without: the rule a is left out"]),
        ("extends: [watch, strict]\nmode: enforce\ndomain: {action: flag, input: {max_chars: 5}}", []),
        ("extends: strict\ndomain: {output: {uncertainty: {max_entropy: 20}}}", [
            "3 domain.output.uncertainty.max_entropy: 20.0; below it is not set",
        ]),
    ],
)  # fmt: skip
def test_each_by_itself(tmp_path, catalog, words, expected):
    """What one of several takes away from another is said as well, once, in whatever order they are named."""
    for name, text in (("strict", STRICT), ("watch", WATCH), ("top", f"name: top\n{words}\n")):
        (tmp_path / f"{name}.yaml").write_text(text)
    remarks = lint_file(load_policy(tmp_path / "top.yaml", catalog), catalog, "2026-11-22")
    said = [each.problem for each in remarks if each.code == "weakened"]
    assert [f"{each.line} {each.key}: {each.message}" for each in said] == expected
    assert {each.file for each in said} <= {str(tmp_path / "top.yaml")}


def test_what_was_calibrated_is_no_weakening(tmp_path, catalog):
    """A border that was found to hold the promised rate is nothing that the file says."""
    policy = "name: strict\ndomain: {languages: [en], output: {uncertainty: {max_fpr: 0.01}}}\n"
    (tmp_path / "strict.yaml").write_text(policy)
    (tmp_path / "top.yaml").write_text("name: top\nextends: strict\n")
    (tmp_path / "top.calibration.json").write_text(
        '{"v": 1, "policy": "top", "rules": {}, "uncertainty": {"max_fpr": 0.01, "max_entropy": 3}}'
    )
    loaded = load_policy(tmp_path / "top.yaml", catalog)
    assert loaded.policy.domain.output.uncertainty.max_entropy == 3
    assert [each for each in lint_file(loaded, catalog, "2026-11-22") if each.code == "weakened"] == []
