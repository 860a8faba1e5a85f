"""The first values of a feature, held until its bins are settled by them."""

from array import array
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from detectors.series.bins import HUGE, MAX_CHARS, OTHER, Bins, SketchBins, Value, category_bins, numeric_bins
from detectors.series.rows import UNKNOWN

Form: TypeAlias = Literal["numeric", "categorical", "sketch"]

_MAX_DISTINCT = 128
_OTHERS = float(_MAX_DISTINCT)
_FEW, _LONG = 100, 5


class Settling:
    """Values of one feature, batch by batch: how many of the exchanges of a part of the week had one, and which."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._values = array("d")
        self._names: dict[str, int] = {}
        self._batches: list[tuple[int, int, int]] = []  # part, exchanges, values
        self._closed = 0
        self.exchanges = 0

    def put(self, value: Value) -> int:
        """What is no finite number is as good as missing. There is no bin of it yet."""
        if isinstance(value, str):
            value = value[:MAX_CHARS]
            known = self._names.get(value)
            if known is None and len(self._names) < _MAX_DISTINCT:
                known = self._names[value] = len(self._names)
            value = _OTHERS if known is None else known
        if -HUGE < value < HUGE:
            self._values.append(value)
        return UNKNOWN

    def close(self, part: int, exchanges: int, *, counts_missing: bool) -> None:
        """Ends a batch. Where what is missing does not count, there were only the exchanges that had a value."""
        present = len(self._values) - self._closed
        exchanges = exchanges if counts_missing else present
        self._closed = len(self._values)
        self.exchanges += exchanges
        if self._batches and self._batches[-1][0] == part:
            _, others, values = self._batches.pop()
            exchanges, present = exchanges + others, present + values
        self._batches.append((part, exchanges, present))

    def drop(self) -> None:
        """What the batch that is open holds."""
        del self._values[self._closed :]

    def is_enough(self, least: int) -> bool:
        """Of rare values, few must do."""
        values = len(self._values)
        return values > 0 and self.exchanges >= least and (values >= min(least, _FEW) or self.exchanges >= _LONG * least)

    def bins(self) -> Bins:
        match self._form:
            case "numeric":
                return numeric_bins(self._values)
            case "categorical":
                return category_bins([name for name in self._read() if name != OTHER])
            case "sketch":
                return SketchBins()

    def counted(self, bins: Bins) -> Iterator[tuple[int, list[int]]]:
        """The batches again, as counts of those bins, each with its part of the week."""
        values: Iterator[Value] = self._read() if self._form == "categorical" else iter(self._values)
        for part, exchanges, present in self._batches:
            counts = [0] * bins.size
            for _ in range(present):
                counts[bins.code(next(values))] += 1
            counts[-1] += exchanges - present
            yield part, counts

    def _read(self) -> Iterator[str]:
        names = list(self._names)
        return (names[int(value)] if value < _OTHERS else OTHER for value in self._values)

    def as_json(self) -> dict[str, Any]:
        return {
            "values": list(self._values),
            "names": list(self._names),
            "batches": self._batches,
            "closed": self._closed,
            "exchanges": self.exchanges,
        }

    def restore(self, data: dict[str, Any]) -> None:
        self._values = array("d", data["values"])
        self._names = {name: at for at, name in enumerate(data["names"])}
        self._batches = [(part, exchanges, values) for part, exchanges, values in data["batches"]]
        self._closed, self.exchanges = data["closed"], data["exchanges"]
