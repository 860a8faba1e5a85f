"""What the watch tells the path, and what the path makes of it."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.signals import MAX_BYTES, MAX_LEVELS, NAMES, Board, BoardError, Level, Told, parse, render
from policies.subject import Subject

NOW = 1_795_000_000.0
THEN = NOW + 120
names = st.text(max_size=8)
levels = st.builds(
    Level,
    kind=st.sampled_from(list(NAMES)),
    name=names,
    level=st.floats(0, 1),
    expires=st.floats(0, 2 * NOW),
    app=names,
    model=names,
    surface=names,
    since=st.none() | st.floats(0, NOW),
    evidence=names,
    but=st.lists(names, max_size=3).map(tuple),
)
counts = st.integers(0, 5)
untils = st.dictionaries(st.sampled_from([*NAMES, "incident"]), st.floats(0, 2 * NOW))
boards = st.builds(Board, st.just(NOW), st.just(THEN), st.lists(levels, max_size=6).map(tuple), counts, counts, untils)


@given(boards)
def test_what_is_rendered_is_parsed(board):
    """A reader has what the writer had."""
    assert parse(render(board)) == board


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-5, 5) | names, lambda each: st.lists(each, max_size=3)
)
LINES = st.fixed_dictionaries(
    {},
    optional={
        "ts": JSON, "expires": JSON, "until": JSON | st.just({"drift": True}),
        "incident": JSON | st.fixed_dictionaries({"severity": JSON, "open": JSON}),
        "levels": JSON | st.lists(st.dictionaries(st.sampled_from(["kind", "name", "level", "expires", "app", "since"]), JSON), max_size=2),
    },
)  # fmt: skip


@given(LINES.map(orjson.dumps) | st.binary(max_size=40))
def test_what_is_no_board_is_refused(content):
    """Whatever the file holds, reading it ends in a board or in an error that is ours and has none of it."""
    try:
        board = parse(content)
    except BoardError:
        return
    assert board.expires >= 0


@pytest.mark.parametrize(
    "said",
    [
        {"levels": [{"kind": "drift", "name": "topics", "level": -0.1, "expires": THEN}]},
        {"levels": [{"kind": "drift", "name": "topics", "level": True, "expires": THEN}]},
        {"levels": [{"kind": "drift", "name": "n" * 300, "level": 0.1, "expires": THEN}]},
        {"levels": [{"kind": "drift", "name": "topics", "level": 0.1}]},
        {"levels": [{}] * (MAX_LEVELS + 1)},
        {"levels": [{"kind": "drift", "name": "topics", "level": 0.1, "expires": THEN, "but": [5]}]},
        {"levels": [{"kind": "drift", "name": "topics", "level": 0.1, "expires": THEN, "but": 5}]},
        {"incident": {"severity": -1, "open": 0}},
        {"expires": "soon"},
        {"until": {"drift": "soon"}},
    ],
)
def test_what_is_out_of_bounds_is_refused(said):
    """Levels are numbers from 0, names are short, times are times, and there are not too many of them."""
    whole = {"ts": NOW, "expires": THEN, "incident": {"severity": 0, "open": 0}, "levels": []}
    assert parse(orjson.dumps(whole)).levels == ()
    with pytest.raises(BoardError):
        parse(orjson.dumps({**whole, **said}))
    with pytest.raises(BoardError):
        parse(b" " * (MAX_BYTES + 1))


def test_a_later_version_is_read_as_far_as_it_is_known():
    """A kind of level that is not known here is left out, and so is every other key."""
    level = {"kind": "drift", "name": "topics", "level": 0.5, "expires": THEN, "new": 1}
    board = {"v": 2, "ts": NOW, "expires": THEN, "incident": {"severity": 0, "open": 0, "new": 1}, "levels": [{"kind": "new"}, level]}
    assert [each.name for each in parse(orjson.dumps(board)).levels] == ["topics"]


def told(*given_: Level, severity: int = 0) -> Told:
    return Told(Board(NOW, THEN, given_, severity, severity))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (Subject("shop", "gpt", "chat"), 0.4),
        (Subject("shop", "gpt", "messages"), 0.3),
        (Subject("shop", "other", "chat"), 0.1),
        (Subject("bank", "gpt", "chat"), 0.0),
        (Subject("", "", ""), 0.2),
    ],
)
def test_the_highest_level_that_fits(subject, expected):
    """A level counts where its application is the exchange's, and its model and surface are, or any; of several, the highest."""
    board = told(
        Level("drift", "topics", 0.2, THEN),
        Level("drift", "topics", 0.1, THEN, app="shop"),
        Level("drift", "topics", 0.3, THEN, app="shop", model="gpt"),
        Level("drift", "topics", 0.4, THEN, app="shop", model="gpt", surface="chat"),
        Level("drift", "topics", 0.9, THEN, app="shop", model="gpt", surface="embeddings"),
        Level("anomaly", "topics", 0.8, THEN),
    )
    for _ in range(2):
        assert board.about(subject, NOW).drift["topics"] == expected


def test_all_models_but_some():
    """A level of any model is not about those that it names."""
    board = told(
        Level("drift", "topics", 0.4, THEN, app="shop", but=("gpt",)), Level("drift", "topics", 0.1, THEN, app="shop", model="gpt")
    )
    assert [board.about(Subject("shop", model, "chat"), NOW).drift["topics"] for model in ("gpt", "other", "")] == [0.1, 0.4, 0.4]


@pytest.mark.parametrize(("kind", "expected"), [("drift", 0.0), ("disparity", 0.0), ("anomaly", 0.9)])
def test_traffic_without_an_application(kind, expected):
    """What was found in it is told of no application; what was found in servers is told of all."""
    board = told(Level(kind, "logs", 0.9, THEN))
    assert getattr(board.about(Subject("shop", "gpt", "chat"), NOW), kind).get("logs", 0.0) == expected
    assert getattr(board.about(Subject("", "gpt", "chat"), NOW), kind)["logs"] == 0.9


def test_what_is_not_told_is_nothing_to_see():
    """Every name that the gateway's watch uses has a level, so that a condition on it has an answer before anything was seen."""
    signals = told(severity=3).about(Subject("shop", "gpt", "chat"), NOW)
    assert {kind: tuple(getattr(signals, kind)) for kind in NAMES} == dict(NAMES)
    assert not any(level for kind in NAMES for level in getattr(signals, kind).values())
    assert (signals.incident_severity, signals.incidents_open, signals.is_stale) == (3, 3, False)


def test_what_has_expired_is_stale():
    """A level that has expired makes its kind stale for its exchanges, and the board's end everything for all."""
    board = told(Level("drift", "topics", 0.1, NOW + 10, app="shop"), Level("disparity", "blocked", 2.0, THEN, app="shop"))
    shop, bank = Subject("shop", "gpt", "chat"), Subject("bank", "gpt", "chat")
    assert board.about(shop, NOW + 10).stale_kinds == frozenset()
    later = board.about(shop, NOW + 11)
    assert (later.is_stale, later.stale_kinds, later.drift, later.disparity["blocked"]) == (False, {"drift"}, {}, 2.0)
    assert board.about(bank, NOW + 11).stale_kinds == frozenset()
    assert board.about(bank, THEN + 1).is_stale


def test_a_teller_that_is_silent():
    """What it tells is stale, also where it had told nothing, and what others tell is not."""
    board = Told(Board(NOW, THEN, (), 3, 1, {"disparity": NOW + 5, "incident": NOW + 7}))
    shop = Subject("shop", "gpt", "chat")
    assert board.about(shop, NOW + 5).stale_kinds == frozenset()
    assert (board.about(shop, NOW + 6).stale_kinds, board.about(shop, NOW + 6).incident_severity) == ({"disparity"}, 3)
    last = board.about(shop, NOW + 8)
    assert (last.stale_kinds, last.incident_severity, last.incidents_open) == ({"disparity", "incident"}, 0, 0)
    assert last.drift["topics"] == 0


def test_a_board_of_a_time_to_come():
    """A clock that was far ahead when it was written does not make it count for long."""
    board = Told(Board(NOW + 86_400, NOW + 86_520))
    assert board.about(Subject("shop", "gpt", "chat"), NOW).is_stale
    assert not board.about(Subject("shop", "gpt", "chat"), NOW + 86_400 - 100).is_stale


def test_too_many_levels_are_not_written():
    """What no reader would take is not written."""
    with pytest.raises(ValueError, match="levels"):
        render(Board(NOW, THEN, [Level("drift", "topics", 0.1, THEN)] * (MAX_LEVELS + 1)))
