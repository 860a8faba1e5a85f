"""Finders of one exchange, as one."""

from random import Random

import orjson
import pytest

from gateway.detecting.causes import Causes
from gateway.detecting.exchanges import Exchanges
from gateway.detecting.looking import Looking
from gateway.detecting.shares import Shares
from gateway.detecting.states import States
from tests.gateway.detecting.traffic import exchanges, failed
from tests.gateway.incidents.symptoms import T0


def made() -> Looking:
    return Looking(Exchanges(), Shares(), States(), Causes())


def broken(said: dict, _: Random) -> None:
    if said["upstream"] == "openai":
        failed(said)


def fed(looking: Looking, seed: int, start: float, seconds: float, *, is_bad: bool = False) -> set[tuple[str, str]]:
    found = []
    for said in exchanges(seed, start, seconds, fault=broken if is_bad else None):
        found += [*looking.take(said), *looking.tick(said["ts"])]
    return {(each.about, each.kind) for each in found}


def test_one_exchange_for_all_of_them():
    """What fails is found in exchanges and as a state; what is no record is nobody's."""
    looking = made()
    both = {("errors", "rise"), ("upstream", "upstream down")}
    assert fed(looking, 1, T0 - 600, 600) & both == set()
    assert fed(looking, 2, T0, 60, is_bad=True) >= both
    assert looking.take({"ts": "never"}) == ()


def test_restored():
    """It goes on as the one whose snapshot this was."""
    one, other = made(), made()
    fed(one, 1, T0 - 600, 600)
    other.restore(one.snapshot())
    assert fed(one, 2, T0, 60, is_bad=True) == fed(other, 2, T0, 60, is_bad=True) != set()


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"exchanges": {}, "states": {}, "causes": {}}', b"no JSON"])
def test_no_snapshot(data: bytes):
    """What is none is said to be none."""
    with pytest.raises(ValueError):
        made().restore(data)


def test_snapshots_are_json():
    """A part of it for each of them."""
    assert set(orjson.loads(made().snapshot())) == {"exchanges", "states", "causes"}
