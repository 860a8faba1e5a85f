"""What exchanges cost, by the tokens that endpoints report and a table of prices: the settings', then the one that comes along
(``prices.yaml``). What has no price has no cost; it is never taken for free.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gateway.config.section import Section
from gateway.config.telemetry import ModelPrice
from gateway.wire.model import Usage
from policies.globs import first_of
from policies.positions import parse, read
from policies.schema import validate
from policies.vocabulary import Day

SHIPPED = Path(__file__).parent / "prices.yaml"
_REMEMBERED = 1024
_MAX_MODEL = 256
_MILLION = 1_000_000


class PriceTable(Section):
    """The file's form. ``as_of``: the day on which the prices were so."""

    as_of: Day
    prices: tuple[ModelPrice, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A model that the table or the settings name: ``name`` is how they do. None: it has no price."""

    name: str
    price: ModelPrice | None = None


class Prices:
    """The first row that fits counts. ``named``: models that the settings speak of, which may have no price."""

    def __init__(self, table: Iterable[ModelPrice] = (), named: Iterable[str] = ()) -> None:
        rows = [(price.models, Known(price.models[0], price)) for price in table]
        rows += [((glob,), Known(glob)) for glob in dict.fromkeys(named) if glob.strip("*")]
        self._known = [known for _, known in rows]
        self._first = first_of([globs for globs, _ in rows])
        self._remembered = lru_cache(_REMEMBERED)(self._find)

    def known(self, model: str) -> Known | None:
        """None for a model that nobody but the client speaks of."""
        return self._remembered(model) if 0 < len(model) <= _MAX_MODEL else None

    def name(self, model: str) -> str | None:
        """What metrics call it."""
        known = self.known(model)
        return known.name if known else None

    def cost_usd(self, model: str, usages: Iterable[Usage]) -> float | None:
        """Of all together. None where it cannot be told of each."""
        known = self.known(model)
        if known is None or known.price is None:
            return None
        total = 0.0
        for usage in usages:
            cost = _cost_usd(known.price, usage)
            if cost is None:
                return None
            total += cost
        return total

    def _find(self, model: str) -> Known | None:
        place = self._first(model)
        return None if place is None else self._known[place]


def shipped() -> Sequence[ModelPrice]:
    """Raises ``ProblemsError``."""
    return validate(PriceTable, parse(read(SHIPPED), str(SHIPPED))).prices


def _cost_usd(price: ModelPrice, usage: Usage) -> float | None:
    """Cached tokens without a price of their own cost what others do."""
    asked, written = usage.input_tokens, usage.output_tokens
    if (asked is None and price.input) or (written is None and price.output) or (asked is None and written is None):
        return None
    cached, stored = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    cached_price = price.input if price.cached_input is None else price.cached_input
    stored_price = price.input if price.cache_write is None else price.cache_write
    plain = max(0, (asked or 0) - cached - stored)
    return (plain * price.input + cached * cached_price + stored * stored_price + (written or 0) * price.output) / _MILLION
