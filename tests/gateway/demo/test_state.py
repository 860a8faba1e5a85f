from gateway.demo.exchange import Answer, Ask
from gateway.demo.state import State


def test_ids(state: State):
    """Never the same, and the same in every run."""
    ids = [state.new_id("file-") for _ in range(9)]
    other = State((), lambda: 0.0, lambda _ask, _state: Answer({}))
    assert len(set(ids)) == 9
    assert ids == [other.new_id("file-") for _ in range(9)]


def test_the_time(state: State):
    """In seconds, or as a text."""
    assert (state.now, state.timestamp(), state.timestamp(60)) == (1000, "1970-01-01T00:16:40Z", "1970-01-01T00:17:40Z")


def test_requests_within_requests(state: State):
    """Are performed on the same state."""
    assert state.perform(Ask("GET", "/v1/models")).body["data"][0]["id"] == "demo"
