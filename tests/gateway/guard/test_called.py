"""The calls in an answer."""

import pytest

from gateway.guard.called import Calls, Name

CALL = (0, "tool_calls", 0)


@pytest.mark.parametrize(
    ("pieces", "name"),
    [
        (["pay"], Name("pay", "pay", "pay")),
        (["pa", "y"], Name("pay", "pa", "y")),
        (["d", "d"], Name("dd", "d", "d")),
        (["a", "b", "a", "b"], Name("abab", "a", "b")),
        (["x" * 300, "y"], Name("x" * 257, "x" * 300, "y")),
    ],
)
def test_names_in_pieces(pieces: list[str], name: Name):
    """A name is known by every reading that an SDK has of its pieces, equal ones as well; how long it gets is bounded."""
    calls = Calls()
    for piece in pieces:
        assert calls.note(CALL, piece)
    assert calls.name(CALL) == name


def test_an_item_said_over_again():
    """It is the same call, unless another name is said of it."""
    calls = Calls()
    assert calls.note(("output", 0), "pay")
    assert calls.note(("output", 0), "pay") is None
    assert calls.note(("output", 0), "steal") == Name("paysteal", "pay", "steal")


@pytest.mark.parametrize(
    ("channel", "call"),
    [((*CALL, "function", "arguments"), CALL), (("again", 1, "arguments"), ("output", 1)), ((0, "tool_calls", 1), ()), (("again", 2), ())],
)
def test_whose_arguments_these_are(channel, call):
    """A channel belongs to the call that it is below, also where it is said over again."""
    calls = Calls()
    calls.note(CALL, "pay")
    calls.note(("output", 1), "pay")
    assert calls.of(channel) == call
    assert calls.name(calls.of(channel)) == (Name("pay", "pay", "pay") if call else Name())


@pytest.mark.parametrize(("within", "found"), [((), [0, 1]), ((0,), [0]), ((0, "tool_calls", 0), [0]), ((1,), [1]), ((2,), [])])
def test_which_calls_wait(within, found):
    """Those at and below a channel, until their arguments have come."""
    calls, waiting = Calls(), [(choice, "tool_calls", 0) for choice in range(2)]
    for call in waiting:
        calls.wait(call)
    assert calls.waiting(within) == [waiting[index] for index in found]
    for call in waiting:
        calls.arrive(call)
    assert calls.waiting(within) == []
