"""Measures as the path has them."""

import logging
from dataclasses import replace

import pytest

from detectors.registry import Options, build
from gateway.errors import NotAllowed, TooMany
from gateway.guard.plan import compile_plan
from gateway.proxy.measures import MeasuresInForce, no_measures, seal_measures
from policies.load import LoadedPolicy
from policies.measures import Measure
from policies.policy import Policy, Rule
from policies.verdict import Action
from tests.policies.test_measures import measure

KEY = b"a key of thirty-two bytes, or so."
NOW = 1_795_000_000.0
TTL_S = 900.0
KEY_ID = "0123456789abcdef"


class Desk:
    """A watch that leaves what it is told to, and two clocks."""

    def __init__(self) -> None:
        self.left: bytes | OSError | None = None
        self.now = NOW
        self.set_back_s = 0.0
        """How far the wall has been set back."""
        self.allowed: float | None = TTL_S
        self.noted: list[tuple[str, str]] = []

    def read(self) -> bytes | None:
        if isinstance(self.left, OSError):
            raise self.left
        return self.left

    def allows(self, _: Measure) -> float | None:
        return self.allowed

    def leave(self, *words: dict, key: bytes = KEY, lasts_s: float = 60.0) -> None:
        wall = self.wall()
        made = [measure(each, f"m{number}", since=wall, expires=wall + lasts_s) for number, each in enumerate(words)]
        self.left = seal_measures(made, wall, key)

    def wall(self) -> float:
        return self.now - self.set_back_s

    def note(self, name: str, kind: str) -> None:
        self.noted.append((name, kind))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def measures(desk: Desk) -> MeasuresInForce:
    return MeasuresInForce(desk.read, KEY, desk.allows, desk.wall, lambda: desk.now)


QUARANTINE = {"quarantine": {"app": "shop"}}


def is_served(measures: MeasuresInForce, desk: Desk, app: str = "shop", key_id: str = "") -> bool:
    try:
        measures.admit((f"app:{app}", f"key:{key_id}"), desk.note)
    except NotAllowed as error:
        return error.code != "quarantined"
    return True


def test_from_its_beginning_to_its_end(desk: Desk, measures: MeasuresInForce):
    """A measure is in force as soon as it is read, and ends by itself to the second, though nothing is read after it."""
    measures.refresh()
    assert is_served(measures, desk)
    desk.leave(QUARANTINE)
    measures.refresh()
    assert (measures.is_any, len(measures.in_force)) == (True, 1)
    assert not is_served(measures, desk)
    assert is_served(measures, desk, "bank")
    assert desk.noted == [("m0:inc-1", "quarantine")]
    desk.now += 59.9
    assert not is_served(measures, desk)
    desk.now += 0.1
    assert is_served(measures, desk)
    assert measures.in_force == ()
    measures.refresh()
    assert not measures.is_any


def test_what_the_watch_takes_back(desk: Desk, measures: MeasuresInForce):
    """What is not on the next sheet is no longer in force."""
    desk.leave(QUARANTINE)
    measures.refresh()
    desk.now += 1
    desk.leave()
    measures.refresh()
    assert is_served(measures, desk)


def test_what_became_of_each(desk: Desk, measures: MeasuresInForce):
    """That it was applied, refused, taken back or ran out is an event of the journal, once, with what it does."""
    desk.leave(QUARANTINE, {"rate_limit": {"app": "shop", "per_minute": 60}})
    desk.allows = lambda each: TTL_S if each.do.kind == "quarantine" else None  # type: ignore[method-assign]
    measures = MeasuresInForce(desk.read, KEY, desk.allows, desk.wall, lambda: desk.now)
    measures.refresh()
    desk.now += 1
    measures.refresh()
    assert [(each["change"], each["measure"]) for each in measures.news] == [("refused", "m1:inc-1"), ("applied", "m0:inc-1")]
    assert measures.news[1] == {
        "v": 1, "kind": "measure", "ts": NOW, "change": "applied", "measure": "m0:inc-1", "action": "m0", "do": QUARANTINE, "since": NOW,
        "expires": NOW + 60,
    }  # fmt: skip
    measures.news.clear()
    desk.leave()
    measures.refresh()
    assert [each["change"] for each in measures.news] == ["reverted"]
    desk.now += 1
    desk.leave(QUARANTINE, lasts_s=5)
    measures.refresh()
    desk.now += 6
    measures.refresh()
    assert [each["change"] for each in measures.news] == ["reverted", "applied", "expired"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda desk: desk.leave(QUARANTINE, key=b"another key of thirty-two bytes!"),
        lambda desk: setattr(desk, "left", b"nonsense"),
        lambda desk: setattr(desk, "left", b""),
        lambda desk: setattr(desk, "left", OSError(5, "broken")),
        lambda desk: setattr(desk, "left", seal_measures([measure(QUARANTINE, expires=NOW + 60)], NOW + 120, KEY)),
    ],
    ids=["forged", "nonsense", "empty", "unreadable", "of tomorrow"],
)
def test_what_cannot_be_read_changes_nothing(desk: Desk, measures: MeasuresInForce, caplog: pytest.LogCaptureFixture, spoil):
    """What is no sheet of the watch's brings nothing into force and ends nothing; it is said once, and counted."""
    desk.leave({"quarantine": {"app": "bank"}})
    measures.refresh()
    spoil(desk)
    with caplog.at_level(logging.WARNING):
        measures.refresh()
        measures.refresh()
    assert is_served(measures, desk)
    assert not is_served(measures, desk, "bank")
    assert measures.errors == 2
    assert len([each for each in caplog.messages if "cannot be read" in each]) == 1


def test_an_old_sheet_is_not_played_again(desk: Desk, measures: MeasuresInForce):
    """A sheet that was taken back stays so, whoever puts it there again."""
    desk.leave(QUARANTINE)
    old = desk.left
    measures.refresh()
    desk.now += 1
    desk.leave()
    measures.refresh()
    desk.left = old
    measures.refresh()
    assert is_served(measures, desk)
    assert measures.errors == 1


def test_a_wall_that_is_set_back(desk: Desk, measures: MeasuresInForce):
    """A measure lasts no longer for it, though the watch goes on to tell of it; and what the watch takes back is taken back."""
    desk.leave(QUARANTINE, {"quarantine": {"app": "bank"}})
    measures.refresh()
    desk.set_back_s = 50.0
    desk.now += 59
    desk.left = seal_measures([measure(QUARANTINE, "m0", since=NOW, expires=NOW + 60)], NOW + 9, KEY)
    measures.refresh()
    assert not is_served(measures, desk)
    assert is_served(measures, desk, "bank")
    desk.now += 1
    assert is_served(measures, desk)
    desk.left = seal_measures([measure(QUARANTINE, "m0", since=NOW, expires=NOW + 60)], NOW + 10, KEY)
    measures.refresh()
    assert is_served(measures, desk)
    assert measures.in_force == ()


def test_a_wall_that_is_set_far_back(desk: Desk, measures: MeasuresInForce):
    """Sheets are taken though the last one was of a time that is to come now."""
    desk.leave(QUARANTINE)
    measures.refresh()
    desk.set_back_s = 86_400.0
    desk.now += 1
    desk.leave({"quarantine": {"app": "bank"}})
    measures.refresh()
    assert is_served(measures, desk)
    assert not is_served(measures, desk, "bank")
    assert measures.errors == 0


def test_one_ends_while_nothing_can_be_read(desk: Desk, measures: MeasuresInForce):
    """What is left goes on as it was, and is put in order once."""
    left = {"tighten": {"rule": "mail", "action": "block"}}
    made = [measure(left, "m0", since=NOW, expires=NOW + 60), measure(QUARANTINE, "m1", since=NOW, expires=NOW + 10)]
    desk.left = seal_measures(made, NOW, KEY)
    measures.refresh()
    own = plan()
    stricter = measures.under(own, "shop")
    desk.left = OSError(5, "broken")
    desk.now += 11
    assert measures.under(own, "shop") is stricter
    measures.refresh()
    assert is_served(measures, desk)
    assert measures.under(own, "shop") is stricter
    assert [each.action for each in measures.in_force] == ["m0"]


def test_what_is_said_of_them(desk: Desk, measures: MeasuresInForce, caplog: pytest.LogCaptureFixture):
    """The log has when each came into force, and when it was over, once."""
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            desk.leave(QUARANTINE)
            measures.refresh()
            measures.refresh()
            desk.now += 61
            measures.refresh()
    begun, over = "measure in force: m0:inc-1 (quarantine), for 60 s at most", "measure over: m0:inc-1 (quarantine)"
    assert caplog.messages == [begun, over, begun, over]


def test_what_goes_on_counts_no_second_time(desk: Desk, measures: MeasuresInForce):
    """An event within what was counted before takes nothing of what may be served, and is refused in a quarantine."""
    desk.leave({"rate_limit": {"app": "shop", "per_minute": 1}}, {"quarantine": {"app": "bank"}})
    measures.refresh()
    for _ in range(3):
        measures.admit(("app:shop",), desk.note, is_new=False)
    measures.admit(("app:shop",), desk.note)
    with pytest.raises(NotAllowed):
        measures.admit(("app:bank",), desk.note, is_new=False)


def test_nothing_that_is_not_allowed_here(desk: Desk, measures: MeasuresInForce, caplog: pytest.LogCaptureFixture):
    """What the gateway's own settings do not allow is not done, though the watch has signed it."""
    desk.allowed = None
    desk.leave(QUARANTINE)
    with caplog.at_level(logging.WARNING):
        measures.refresh()
    assert is_served(measures, desk)
    assert "1 measures are not understood, or not allowed here" in caplog.text


@pytest.mark.parametrize(("lasts_s", "since", "until"), [(1e9, 0.0, TTL_S), (1e9, -60.0, TTL_S - 60), (10.0, 0.0, 10.0)])
def test_no_longer_than_allowed(desk: Desk, measures: MeasuresInForce, lasts_s: float, since: float, until: float):
    """A measure ends as its entry of the settings says, if it does not say itself that it ends earlier."""
    each = measure(QUARANTINE, since=NOW + since, expires=NOW + since + lasts_s)
    desk.left = seal_measures([each], NOW, KEY)
    measures.refresh()
    assert [each.expires for each in measures.in_force] == [NOW + until]


def test_nothing_of_a_time_to_come(desk: Desk, measures: MeasuresInForce):
    """A measure that says it begins far ahead is not taken, as it would outlast its time."""
    desk.left = seal_measures([measure(QUARANTINE, since=NOW + 3600, expires=NOW + 7200)], NOW, KEY)
    measures.refresh()
    assert measures.in_force == ()


@pytest.mark.parametrize("words", [{"quarantine": {"key": KEY_ID}}, QUARANTINE], ids=["key", "app"])
def test_quarantine(desk: Desk, measures: MeasuresInForce, words: dict):
    """All that comes with a key, or of an application, is refused, and nothing else."""
    desk.leave(words)
    measures.refresh()
    assert not is_served(measures, desk, "shop", KEY_ID)
    assert is_served(measures, desk, "bank", "f" * 16)
    assert is_served(measures, desk, f"key:{KEY_ID}", "")
    assert is_served(measures, desk, "", "")


@pytest.mark.parametrize("workers", [1, 3])
def test_rate_limit(desk: Desk, workers: int):
    """So many are served over all workers; the others are told when to come again, and other applications are not touched."""
    each = MeasuresInForce(desk.read, KEY, desk.allows, desk.wall, lambda: desk.now, workers)
    desk.leave({"rate_limit": {"app": "shop", "per_minute": 180}})
    each.refresh()
    for _ in range(30 // workers):
        each.admit(("app:shop",), desk.note)
    assert desk.noted == []
    with pytest.raises(TooMany) as raised:
        each.admit(("app:shop",), desk.note)
    assert (raised.value.code, raised.value.headers) == ("rate_limited", (("Retry-After", "1"),))
    assert desk.noted == [("m0:inc-1", "rate_limit")]
    each.admit(("app:bank",), desk.note)


def test_a_new_sheet_is_no_new_bucket(desk: Desk, measures: MeasuresInForce):
    """What goes on is limited as it was, however often it is told."""
    limit = measure({"rate_limit": {"app": "shop", "per_minute": 1}}, since=NOW, expires=NOW + 600)
    for number in range(3):
        other = measure(QUARANTINE | {"quarantine": {"app": f"other-{number}"}}, "q", since=NOW, expires=NOW + 600)
        desk.left = seal_measures([limit, other], NOW + number, KEY)
        measures.refresh()
        if number:
            with pytest.raises(TooMany):
                measures.admit(("app:shop",), desk.note)
        else:
            measures.admit(("app:shop",), desk.note)


def test_switches(desk: Desk, measures: MeasuresInForce):
    """What is said of an application goes before what is said of all."""
    desk.leave(
        {"switch_upstream": {"from": "a", "to": "b"}},
        {"switch_upstream": {"from": "a", "to": "c", "app": "shop"}},
        {"switch_model": {"from": "m-1", "to": "m-2", "app": "shop"}},
    )
    measures.refresh()

    def named(found: tuple[str, Measure] | None) -> tuple[str, str] | None:
        return found and (found[0], found[1].action)

    assert named(measures.upstream_for("shop", "a")) == ("c", "m1")
    assert named(measures.upstream_for("bank", "a")) == ("b", "m0")
    assert measures.upstream_for("bank", "b") is None
    assert named(measures.model_for("shop", "m-1")) == ("m-2", "m2")
    assert measures.model_for("shop", "m-2") is measures.model_for("bank", "m-1") is None


@pytest.mark.parametrize(("workers", "expected"), [(1, 7), (2, 3), (20, 1)])
def test_concurrency(desk: Desk, workers: int, expected: int):
    """Of several limits the lowest counts, shared by the workers, and each worker has one place at least."""
    each = MeasuresInForce(desk.read, KEY, desk.allows, desk.wall, lambda: desk.now, workers)
    desk.leave({"concurrency": {"upstream": "a", "limit": 9}}, {"concurrency": {"upstream": "a", "limit": 7}})
    each.refresh()
    found = each.limit_of("a")
    assert found
    assert found[0] == expected
    assert each.limit_of("b") is None


def plan():
    policy = Policy(name="p", rules=(Rule(id="mail", detect="pii", entities=("EMAIL_ADDRESS",), action=Action.FLAG, stream="sentence"),))
    return compile_plan(LoadedPolicy(policy, "0" * 64, None), lambda rule: build(rule.detect, Options(rule.entities)))


def test_a_stricter_plan(desk: Desk, measures: MeasuresInForce):
    """Exchanges that a measure is about get a plan that is stricter, made once; those of others get the policy's own."""
    own = plan()
    assert measures.under(own, "shop") is own
    desk.leave({"tighten": {"rule": "mail", "app": "shop", "action": "block"}}, {"tighten": {"rule": "other", "action": "block"}})
    measures.refresh()
    stricter = measures.under(own, "shop")
    assert [each.id for each in stricter.measures] == ["m0:inc-1"]
    assert stricter.on_request.all[0].rule.action is Action.BLOCK
    assert stricter.version == own.version
    assert measures.under(own, "shop") is stricter
    assert measures.under(own, "bank") is own
    assert measures.under(replace(own), "shop") is not stricter


def test_where_there_are_none(desk: Desk):
    """A gateway without a watch has none, and does nothing about it."""
    none, own = no_measures(), plan()
    none.refresh()
    none.admit(("app:shop",), desk.note)
    assert none.under(own, "shop") is own
    assert (none.is_any, none.model_for("a", "b"), none.upstream_for("a", "b"), none.limit_of("a")) == (False, None, None, None)
