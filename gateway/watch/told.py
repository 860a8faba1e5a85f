"""All that a store holds, told again as the journal told it: a page at a time, however much there is."""

from collections.abc import Iterator

from gateway.watch.row import Label, Record, Row, event_of
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query


def rows(store: ExchangeStore, query: Query) -> Iterator[Row]:
    """Exchanges by their times, oldest first, up to the one that was the newest at first. Raises ``StoreError``."""
    newest = [_place(row) for row in store.page(query, None, 1)]
    after: Place | None = None
    while newest and (found := store.page(query, after, MAX_PAGE, is_oldest_first=True)):
        for row in found:
            if _place(row) > newest[0]:
                return
            yield row
        after = _place(found[-1])


def events(store: ExchangeStore) -> Iterator[Record]:
    """What people said of exchanges: of one, by one rule, their last word. Raises ``StoreError``."""
    after: Label | None = None
    while found := store.all_labels(after, MAX_PAGE):
        yield from map(event_of, found)
        after = found[-1]


def _place(row: Row) -> Place:
    return Place(row.ts, row.request_id)
