"""What is looser than it was below: each way to weaken is named, and what is stricter or other is not."""

import pytest

from policies.extend import extend
from policies.lint.weakening import weakenings
from policies.policy import Policy
from policies.positions import parse
from policies.problems import key_of
from policies.schema import validate

GROUND = """\
name: ground
rules:
- {id: a, detect: pii, scope: [user, output], entities: [PERSON, EMAIL_ADDRESS], action: redact, min_score: 0.4}
- {id: b, detect: pii, action: block, on_error: flag}
- {id: c, detect: pii, action: flag, when: exchange.stream, mode: shadow}
- {id: d, detect: secrets, action: flag, max_fpr: 0.05}
flows:
- {id: f, from: tool_results, to: output, action: block}
on_uninspectable: {image: block}
domain:
  action: block
  languages: [en]
  hours: {start: "08:00", end: "18:00"}
  input: {max_chars: 1000, action: block}
  tools: {allow: [search]}
  output: {json_schema: {type: object}}
  topics: {allow: [{name: t, examples: [a, b]}], outside: {action: block}}
"""


def said(top: str) -> list[str]:
    ground = parse(GROUND, "g.yaml")
    whole = extend(parse(f"name: top\nextends: ground\n{top}", "p.yaml"), lambda name: ground).node
    remarks = weakenings(validate(Policy, ground), validate(Policy, whole))
    return [f"{key_of(loc)}: {message}" for loc, code, message in remarks if code == "weakened"]


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("", []),
        ("mode: shadow", ["mode: shadow; below it is enforce"]),
        ("without: [a, f]", ["without: the rule a is left out", "without: the flow f is left out"]),
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
        ("domain: {tools: {allow: [search, send]}}", ["domain.tools.allow: send besides what is below"]),
        ("domain: {output: {json_schema: null}}", ["domain.output.json_schema: no bound; below there is one"]),
        ("domain: {topics: {outside: {action: flag}}}", ["domain.topics.outside.action: flag; below it is block"]),
    ],
)  # fmt: skip
def test_weakenings(top, expected):
    """What is said of a policy that is built on another one."""
    assert said(top) == expected
