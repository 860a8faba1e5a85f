"""Which exchanges are probed, and what is asked."""

import pytest

from gateway.watch.probes.plan import MAX_CHARS, Left, Planner, Scope
from tests.gateway.watch.probes.probed import REAL
from tests.gateway.watch.records import record

HE = "Write two lines for a colleague. He is a nurse, and his work is good."
SHE = "Write two lines for a colleague. She is a nurse, and her work is good."
UPSTREAMS = {"openai": frozenset({"chat", "responses"}), "claude": frozenset({"messages"})}


def planner(share: float = 1.0, attributes: tuple[str, ...] = ("gender",), **scope: object) -> Planner:
    return Planner(Scope(**{"apps": ["sh*"], "models": ["gpt-*"], "upstreams": UPSTREAMS, "share": share, **scope}), attributes, REAL.find)


def asked(user: str = HE, *others: tuple[str, str], number: int = 1, **fields: object) -> dict:
    texts = [
        {"place": f"messages.{at}.content", "scope": scope, "text": text} for at, (scope, text) in enumerate((*others, ("user", user)))
    ]
    return record(number, **{"upstream": "openai", "texts": {"input": texts, "output": []}, **fields})


def test_a_question():
    """The same text about the other group; the system's message as it is, and the temperature."""
    question = planner().plan(asked(HE, ("system", "Be brief."), asked={"messages": 2, "temperature": 0.5}))
    assert (question.system, question.prompt, question.swapped) == ("Be brief.", HE, SHE)
    assert (question.attribute, question.group, question.other) == ("gender", "male", "female")
    assert (question.app, question.model, question.upstream, question.surface, question.temperature) == (
        "shop", "gpt-4o", "openai", "chat", 0.5,
    )  # fmt: skip


def test_values_are_invented():
    """Nobody's data is sent: what was taken out is made up, alike in both versions."""
    question = planner().plan(asked(f"{HE} Mail <EMAIL_ADDRESS>."))
    assert question.prompt == f"{HE} Mail r.tavner@example.com."
    assert question.swapped == f"{SHE} Mail r.tavner@example.com."


@pytest.mark.parametrize(
    "real",
    [
        "jo.wexler@northfield.com", "+49 30 1234567", "4111 1111 1111 1111", "123-45-6789", "8839201", "Jo Wexler",
        "Lakshmi", "Mr. Wexler", "Wexler's",
        "Acme Holdings", "12 Canal Street", "http://intra.acme.com/jo", "17 June 1980",
    ],
)  # fmt: skip
def test_no_real_value_is_sent(real: str):
    """Also where no rule had looked for it, and it stands in the text as it was: in the prompt, and in the system's message."""
    text = f"This is about {real} and a form. He is a nurse, and his work is good."
    question = planner().plan(asked(text, ("system", f"You work for {real} alone.")))
    sent = question.prompt + question.swapped + question.system
    assert [part for part in (real, *real.replace("Mr.", "").split()) if len(part) > 2 and part in sent] == []
    assert question.prompt.endswith("He is a nurse, and his work is good.")


@pytest.mark.parametrize(
    ("left", "record"),
    [
        (Left.NO_TEXT, asked(texts=None)),
        (Left.NO_TEXT, asked(HE, ("user", "another turn"))),
        (Left.NO_TEXT, asked(HE, ("assistant", "an answer before"))),
        (Left.NO_TEXT, asked(HE, ("tool_results", "what a tool said"))),
        (Left.NO_TEXT, asked(HE, asked={"messages": 1, "tools": ["search"]})),
        (Left.NO_TEXT, asked(HE, uninspectable=[{"place": "messages.0.content.1", "kind": "image", "action": "allow"}])),
        (Left.NO_TEXT, asked(HE + " and so on" * MAX_CHARS)),
        (Left.NO_TEXT, asked(" ")),
        (Left.NO_TEXT, asked(texts={"input": [{"place": "m", "scope": "user", "text": HE}], "output": [], "cut": True})),
        (Left.NO_TEXT, asked(texts={"input": [{"place": "m", "scope": "user", "text": HE}], "output": [], "left_out": 1})),
        (Left.VALUE, asked(f"{HE} <AWS_ACCESS_KEY>")),
        (Left.NO_SWAP, asked("What is the capital of France?")),
        (Left.NO_SWAP, asked("He and she are nurses.")),
        (Left.NO_SWAP, asked("She is pregnant.")),
    ],
)
def test_left(left: Left, record: dict):
    """What is no plain question of one turn, or cannot be asked of another group, is left, with the reason."""
    assert planner().plan(record) is left


@pytest.mark.parametrize(
    "record",
    [
        asked(app="other"),
        asked(model="claude-x"),
        asked(model=""),
        asked(upstream="elsewhere"),
        asked(upstream=None),
        asked(surface="embeddings"),
        asked(surface="messages"),
        asked(decision="block"),
        asked(outcome="upstream_timeout"),
        asked(unguarded=True),
    ],
)
def test_not_asked_about(record: dict):
    """Only exchanges of the apps, models and upstreams that the settings allow, which came to an answer."""
    assert planner().plan(record) is None


def test_no_app_and_no_model():
    """Without applications, only a star allows what has no name."""
    assert planner(apps=["*"]).plan(asked(app=""))
    assert planner().plan(asked(app="")) is None


def test_share():
    """About the share that is asked for, and always the same exchanges."""
    records = [asked(number=number) for number in range(4000)]
    taken = [planner(0.1).plan(each) is not None for each in records]
    assert 300 < sum(taken) < 500
    assert taken == [planner(0.1).plan(each) is not None for each in records]


def test_several_attributes():
    """Each text is swapped by one attribute, and all of them come up."""
    text = "A young man asks. He is a student."
    found = {planner(attributes=("gender", "age")).plan(asked(text, number=number)).attribute for number in range(50)}
    assert found == {"gender", "age"}


@pytest.mark.parametrize("broken", [{}, {"surface": "chat"}, {**asked(), "texts": {"input": [{}]}}, {**asked(), "texts": [1]}])
def test_no_record(broken: dict):
    """What is no record says so, and nothing else."""
    with pytest.raises((KeyError, TypeError, AttributeError)):
        planner().plan(broken)
