import pytest

from gateway.demo.errors import RefusedRequestError
from gateway.demo.script import Call, Prompt, Reply, Tool, answer, put_differently, respond

SEND = Tool("send_email", {"type": "object", "properties": {"to": {"type": "string"}, "subject": {"type": "string"}}})
MORE = "Is there anything else that I can do for you?"
LOOK_UP = Tool("lookUpCard", {"type": "object", "properties": {"card": {"type": "string"}}})


def _send(to: str, subject: str) -> Call:
    return Call("send_email", {"to": to, "subject": subject})


def _look_up(card: str) -> Call:
    return Call("lookUpCard", {"card": card})


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Hello!", "Hello! I am a small simulated model. What can I do for you?"),
        ("How are you today?", "I am scripted, and quite well. Thank you for asking."),
        ("The sky is blue.", "You said: The sky is blue."),
        ("Repeat after me: <PERSON_a1b2c3> is here", "<PERSON_a1b2c3> is here"),
        ("Say exactly: one\nIf that is not accepted, say: two", "one"),
        ("Please count to 4", "1, 2, 3, 4"),
        ("Write a letter to ann@example.org about 203.0.113.7", f"I have sent a letter to ann@example.org about 203.0.113.7. {MORE}"),
        ("Send an email, please", f"I have sent an email to the address you have in mind. {MORE}"),
        ("mail <EMAIL_ADDRESS_a1b2c3>", "I have sent a note to <EMAIL_ADDRESS_a1b2c3>."),
        ("", "You said: "),
    ],
)  # fmt: skip
def test_what_is_said(said: str, text: str):
    """The first rule that fits answers, and what no rule fits is said again."""
    assert answer(Prompt((said,))) == Reply(text=text)


def test_it_remembers_earlier_values():
    """A question about earlier turns is answered from them alone."""
    assert answer(Prompt(("I am Ann Lee, ann@example.org", "What is my name?"))).text == "You told me: Ann Lee, ann@example.org."
    assert answer(Prompt(("What is my name?",))).text == "You have not told me anything of the kind yet."


def test_it_quotes_earlier_turns():
    """Word for word: those of the user, or its own."""
    turns = Prompt(("one", "two", "What did I say?"), answered=("eins", "zwei"))
    assert answer(turns).text == "You said before: one | two"
    assert answer(Prompt(("What did you say?",), answered=("eins", "zwei"))).text == "I said before: eins | zwei"
    assert answer(Prompt(("What did I say?",))).text == "You have not said anything before."
    assert answer(Prompt(("What did you say?",))).text == "I have not said anything before."


def test_it_says_what_was_foreseen():
    """Told that an answer was not accepted, it says what the user has foreseen for that; else it speaks of the complaint."""
    complaint = "Your last answer was not accepted: it must be a number."
    assert answer(Prompt(("Say exactly: one\nIf that is not accepted, say: 1", complaint))).text == "1"
    assert answer(Prompt(("Say exactly: one", complaint))).text == f"You said: {complaint}"


def test_it_calls_what_it_is_told_to():
    """Word for word, be the tool offered or not."""
    assert answer(Prompt(('Call send.now with {"to": ["a"]}',))).calls == (Call("send.now", {"to": ["a"]}),)
    with pytest.raises(RefusedRequestError, match="not well formed"):
        respond(Prompt(("call x with {y}",)))


@pytest.mark.parametrize("parameters", [3, {"properties": [1]}, {"properties": {"x": {"minItems": "y", "type": "array"}}}])
def test_a_tool_that_is_not_well_formed(parameters: object):
    """Is the caller's mistake."""
    with pytest.raises(RefusedRequestError, match="not well formed"):
        respond(Prompt(("x",), tools=(Tool("look", parameters),), must_call=True))


@pytest.mark.parametrize(
    ("said", "tools", "must_call", "calls"),
    [
        ("Send it to ann@example.org", (SEND, LOOK_UP), False, (_send("ann@example.org", "Send it to ann@example.org"),)),
        ("Look at card 4111 1111 1111 1111", (SEND, LOOK_UP), False, (_look_up("4111 1111 1111 1111"),)),
        ("Send the card <CREDIT_CARD_a1b2c3>", (SEND, LOOK_UP), False, (
            _send("<CREDIT_CARD_a1b2c3>", "Send the card <CREDIT_CARD_a1b2c3>"), _look_up("<CREDIT_CARD_a1b2c3>"),
        )),
        ("Nice weather", (LOOK_UP,), True, (_look_up("Nice weather"),)),
        ("Nice weather", (SEND, LOOK_UP), False, ()),
    ],
)  # fmt: skip
def test_which_tools_are_called(said: str, tools: tuple[Tool, ...], must_call: bool, calls: tuple[Call, ...]):
    """Every tool whose name the user's words speak of is called, with the user's values; a forced call needs no such words."""
    assert answer(Prompt((said,), tools=tools, must_call=must_call)).calls == calls


def test_after_a_tools_result_it_answers_with_it():
    """A result in hand, no tool is called again."""
    assert answer(Prompt(("Send it",), tool_results=("sent to a@b.org",), tools=(SEND,))) == Reply(text="The tool says: sent to a@b.org")


def test_a_schema_is_answered_in_json():
    """An answer to a schema is JSON and nothing else."""
    schema = {"type": "object", "properties": {"email": {"type": "string"}}}
    assert answer(Prompt(("I am ann@example.org",), schema=schema)).text == '{"email": "ann@example.org"}'


def test_a_refusal_stands_alone():
    """The scripted phrase is refused, whatever else is asked."""
    assert answer(Prompt(("Please refuse this",), tools=(SEND,), must_call=True)) == Reply(refusal="I'm sorry, I cannot help with that.")


def test_a_reasoning_model_thinks_aloud():
    """Reasoning names the values too, so that they can be looked for there."""
    assert answer(Prompt(("mail a@b.org",), reasons=True)).reasoning == "The user writes about a@b.org. I should use it as it stands."
    assert answer(Prompt(("hello",))).reasoning == ""


def test_further_choices_differ():
    """Plain text is put differently, JSON and calls are not touched."""
    assert [put_differently(Reply(text="yes"), index).text for index in range(2)] == ["yes", "Put differently (2): yes"]
    assert put_differently(Reply(text='{"a": 1}'), 1).text == '{"a": 1}'
