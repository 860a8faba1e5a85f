"""Two windows of the store's exchanges, as tables of what was observed of them: what was usual, and what is to be set beside it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.series.observation import Observation
from gateway.watch.observe import observe
from gateway.watch.row import Row, UnreadableError, unpack
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query

MOST = 5000
"""Exchanges of a window."""
LEAST = 50
_CATEGORIES = 30
_MISSING, _OTHER = "missing", "other"

Values = list[Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """Columns by the features' names: each has so many values as its window has exchanges. ``since`` is when the current one begins."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    reference: Mapping[str, Values]
    current: Mapping[str, Values]
    since: float
    sizes: tuple[int, int]


def read(store: ExchangeStore, query: Query, since: float | None, most: int = MOST) -> Tables | None:
    """``since`` None: the later half of the exchanges is set beside the earlier one. None: there are too few. Raises ``StoreError``."""
    if since is None:
        every = _observed(store, query, 2 * most)
        half = len(every) // 2
        late, early = every[:half], every[half:]
    else:
        late = _observed(store, query._replace(since=since), most)
        early = _observed(store, query._replace(until=since), most)
    return tables(early, late) if min(len(early), len(late)) >= LEAST else None


def _observed(store: ExchangeStore, query: Query, most: int) -> list[Observation]:
    """The newest first."""
    found: list[Observation] = []
    after: Place | None = None
    while len(found) < most and (rows := store.page(query, after, MAX_PAGE)):
        found += _observations(rows)
        after = Place(rows[-1].ts, rows[-1].request_id)
    return found[:most]


def _observations(rows: Sequence[Row]) -> Iterator[Observation]:
    for row in rows:
        try:
            observation = observe(unpack(row.record))
        except UnreadableError:
            continue
        if observation:
            yield observation


def tables(early: Sequence[Observation], late: Sequence[Observation]) -> Tables:
    """Of features that both windows have values of."""
    numeric: tuple[dict[str, Values], dict[str, Values]] = ({}, {})
    categorical: tuple[dict[str, Values], dict[str, Values]] = ({}, {})
    for at, window in enumerate((early, late)):
        for name in _names(each.numeric for each in window):
            numeric[at][name] = [each.numeric.get(name) for each in window]
        for name in _names({**each.categorical, **each.sketches} for each in window):
            categorical[at][name] = [_word(each, name) for each in window]
    numbers = tuple(sorted(numeric[0].keys() & numeric[1].keys()))
    words = tuple(sorted(categorical[0].keys() & categorical[1].keys()))
    for name in words:
        known = {word for word, _ in Counter(categorical[0][name] + categorical[1][name]).most_common(_CATEGORIES)}
        for window_of in categorical:
            window_of[name] = [word if word in known else _OTHER for word in window_of[name]]
    reference, current = ({name: (n | c)[name] for name in (*numbers, *words)} for n, c in zip(numeric, categorical, strict=True))
    since = min((each.ts for each in late if each.ts is not None), default=0.0)
    return Tables(numbers, words, reference, current, since, (len(early), len(late)))


def _names(said: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    return dict.fromkeys(name for values in said for name, value in values.items() if value is not None)


def _word(observation: Observation, name: str) -> str:
    word, bucket = observation.categorical.get(name), observation.sketches.get(name)
    return word or (_MISSING if bucket is None else str(bucket))
