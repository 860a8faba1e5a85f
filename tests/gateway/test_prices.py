"""What exchanges cost: the table, which row of it counts, and what is not known."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.telemetry import ModelPrice
from gateway.prices import Prices, shipped
from gateway.settings import ConfigError, load_config
from gateway.wire.model import Usage

TABLE = shipped()
OWN = ModelPrice(models=("own-*", "mine"), input=2, output=10, cached_input=1, cache_write=3)
PLAIN = ModelPrice(models=("plain",), input=2, output=10)
READS = ModelPrice(models=("reads",), input=0.5, output=0)
COUNTS = st.none() | st.integers(0, 2**53)


@pytest.mark.parametrize("price", TABLE, ids=lambda price: price.models[0])
def test_no_row_hides_another(price: ModelPrice):
    """Each model of the table that comes along has the row that it stands in, and its dated versions have it too."""
    prices = Prices(TABLE)
    for glob in price.models:
        model = glob.replace("[0-9]", "1").replace("*", "01-31")
        assert prices.known(model).price is price
    assert not re.search(r"[*?\[]", price.models[0])


def test_the_table():
    """It has what it is taken for, and what is read from a cache costs no more than other input."""
    assert len(TABLE) > 60
    assert [Prices(TABLE).name(model) for model in ("gpt-4o", "gpt-4o-mini-2024-07-18", "claude-opus-4-5-20251101", "gemini-2.5-pro")] == [
        "gpt-4o", "gpt-4o-mini", "claude-opus-4-5", "gemini-2.5-pro",
    ]  # fmt: skip
    for price in TABLE:
        assert price.input > 0
        assert price.cached_input is None or price.cached_input < price.input


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "gpt-4", "llama", "", "gpt-4o" + "x" * 300, "ft:gpt-4o:acme", "azure/gpt-4o"])
def test_what_has_no_price(model: str):
    """No price is guessed from a name that is only alike."""
    assert Prices(TABLE).known(model) is None
    assert Prices(TABLE).cost_usd(model, [Usage(5, 5)]) is None


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("own-1", Usage(1_000_000, 100_000), 3.0),
        ("MINE", Usage(1_000_000, 0), 2.0),
        ("own-1", Usage(1_000_000, 0, 400_000), 1.6),
        ("own-1", Usage(1_000_000, 0, 400_000, 100_000), 1.7),
        ("own-1", Usage(100, 0, 1_000_000), 1.0),
        ("plain", Usage(1_000_000, 0, 400_000, 100_000), 2.0),
        ("own-1", Usage(0, 0), 0.0),
        ("own-1", Usage(), None),
        ("own-1", Usage(5, None), None),
        ("own-1", Usage(None, 5), None),
        ("reads", Usage(1_000_000, None), 0.5),
        ("reads", Usage(None, None), None),
        ("other", Usage(5, 5), None),
    ],
)
def test_cost(model: str, usage: Usage, expected: float | None):
    """By what was read, out of the cache and into it, and written; what the endpoint does not say is not taken for nothing."""
    found = Prices([OWN, PLAIN, READS]).cost_usd(model, [usage])
    assert found == (None if expected is None else pytest.approx(expected))


def test_several_answers():
    """They cost what they cost together, if that is known of each."""
    prices = Prices([OWN])
    assert prices.cost_usd("own-1", [Usage(1_000_000, 0), Usage(500_000, 0)]) == pytest.approx(3.0)
    assert prices.cost_usd("own-1", [Usage(), Usage(500_000, 0)]) is None


@given(st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS))
def test_any_usage(usage: Usage):
    """A cost is a finite number that is not negative, or is not known."""
    found = Prices([OWN]).cost_usd("own-1", [usage])
    assert found is None or 0 <= found < 1e13


def test_names():
    """The first row that fits counts, the settings' before all others; a model that the settings route has a name, also without a price."""
    own = ModelPrice(models=("gpt-*",), input=1, output=1)
    prices = Prices([own, *TABLE], ["llama-*", "*", "gpt-9"])
    assert prices.known("gpt-4o").price is own
    names = {"gpt-4o": "gpt-*", "llama-3-70b": "llama-*", "LLAMA-x": "llama-*", "gpt-9": "gpt-*", "anything": None}
    assert {model: prices.name(model) for model in names} == names
    assert prices.cost_usd("llama-3-70b", [Usage(1, 1)]) is None


def test_many_names():
    """However many models are asked for, only so many are remembered."""
    prices = Prices(TABLE)
    for number in range(5000):
        prices.known(f"model-{number}")
    assert prices._remembered.cache_info().currsize == 1024


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("prices:\n  - models: [a]\n    output: 1", "oddgate.yaml:2: prices[0].input: this key is required"),
        ("prices:\n  - models: [a]\n    input: -1\n    output: 1", "oddgate.yaml:3: prices[0].input: must be at least 0"),
        ("prices:\n  - models: []\n    input: 1\n    output: 1", "oddgate.yaml:2: prices[0].models: must have at least 1 entries"),
        ("prices:\n  - models: [a]\n    input: .nan\n    output: 1", "oddgate.yaml:3: prices[0].input: must be a finite number"),
        ('prices:\n  - models: [a]\n    input: "1"\n    output: 1', "oddgate.yaml:3: prices[0].input: must be a number"),
        ("prices:\n  - models: [a]\n    input: 1\n    output: 1\n    cached: 1", "oddgate.yaml:5: prices[0].cached: "),
    ],
)
def test_settings_that_are_wrong(lines: str, said: str, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Each is named with its file, line and key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oddgate.yaml").write_text(lines + "\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "oddgate.yaml", {})
    assert said in str(caught.value)
