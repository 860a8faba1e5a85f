"""A store of exchanges in ClickHouse, which several watches may write to. Its client library is an extra: ``oddgate[clickhouse]``.

There is no transaction. A batch is written part by part, texts before the exchanges that they are of, and last of all how far the journal
was read: what dies in between comes again, and what is there by then is left out. What two write at the same moment is there twice until
ClickHouse merges it, and is read once. A day is a partition, which is dropped whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from gateway.storage.days import DAY_S, FIRST, day_of, first_kept, kept_from
from gateway.storage.exchanges import TEXT_DAYS
from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, apart, unpack
from gateway.watch.store import MAX_PAGE, Place, Query, StoreError

_ANSWER_S = 20
"""How long the server may take for anything."""
_KEYS_AT_ONCE = 1000  # some 60 bytes each: well within a statement's 256 KiB
_EXCHANGES, _TEXTS, _LABELS, _OFFSETS, _DAYS = "exchanges", "texts", "labels", "offsets", "days"
_NAME, _AMONG_FEW = "String", "LowCardinality(String)"
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    _EXCHANGES: {
        "day": "UInt32", "request_id": _NAME, "ts": "Float64", "app": _AMONG_FEW, "surface": _AMONG_FEW, "model": _AMONG_FEW,
        "policy": _AMONG_FEW, "decision": _AMONG_FEW, "outcome": _AMONG_FEW, "status": "Int32", "upstream": _AMONG_FEW,
        "rules": _AMONG_FEW, "total_ms": "Float64", "overhead_ms": "Float64", "input_tokens": "Int64", "output_tokens": "Int64",
        "record": "String", "cost_usd": "Nullable(Float64)",
    },
    _TEXTS: {"day": "UInt32", "request_id": _NAME, "ts": "Float64", "texts": "String"},
    _LABELS: {
        "day": "UInt32", "request_id": _NAME, "app": _NAME, "kind": _AMONG_FEW, "rule": _NAME, "ts": "Float64", "label": _AMONG_FEW,
        "score": "Nullable(Float64)", "version": "UInt64",
    },
    _OFFSETS: {"reader": _NAME, "segments": "Map(String, Int64)", "version": "UInt64"},
    _DAYS: {"name": _NAME, "made": "Float64", "version": "UInt64"},
}  # fmt: skip
_ENGINES: Mapping[str, str] = {
    _EXCHANGES: "ReplacingMergeTree PARTITION BY day ORDER BY (ts, request_id)",
    _TEXTS: "ReplacingMergeTree PARTITION BY day ORDER BY (request_id, ts)",
    _LABELS: "ReplacingMergeTree(version) PARTITION BY day ORDER BY (request_id, app, kind, rule)",
    _OFFSETS: "ReplacingMergeTree(version) ORDER BY reader",
    _DAYS: "ReplacingMergeTree(version) ORDER BY name",
}
_FOUND_BY_ID = "INDEX by_id request_id TYPE bloom_filter GRANULARITY 4"
_ROW, _LABEL = ", ".join(Row._fields), ", ".join(Label._fields)
_OF_DAYS = (_EXCHANGES, _TEXTS, _LABELS)
_BACKWARDS = "DESC NULLS FIRST"
"""Only so is it the order of the key the other way round, in which a page is read without all that follows."""
_EACH_DAY_BY_ITSELF = "SETTINGS do_not_merge_across_partitions_select_final = 1"
_PACKED: Mapping[str, str | dict[str, str]] = {"record": "bytes", "texts": "bytes"}

Values = Mapping[str, object]


def open_clickhouse(
    url: str, reader: str, retain_days: int, text_retain_days: int = TEXT_DAYS, *, read_only: bool = False
) -> "ClickHouseStore":  # fmt: skip
    """``clickhouse://USER[:PASSWORD]@HOST[:PORT]/DATABASE``, by its HTTP interface; ``clickhouses://`` by TLS. Raises ``StoreError`` and
    RuntimeError.
    """
    store = ClickHouseStore(url, reader, retain_days, text_retain_days, read_only=read_only)
    try:
        if not read_only:
            store.make()
    except StoreError:
        store.close()
        raise
    return store


class ClickHouseStore:
    """``reader`` names who reads which journal, where several share a database. As for days and what they hold, see ``exchanges``."""

    def __init__(self, url: str, reader: str, retain_days: int, text_retain_days: int, *, read_only: bool) -> None:
        try:
            from clickhouse_connect import get_client
            from clickhouse_connect.driver.exceptions import ClickHouseError
        except ImportError:
            raise RuntimeError(
                "store.url names a ClickHouse, whose client library is not installed; pip install 'oddgate[clickhouse]'"
            ) from None
        self._errors = (ClickHouseError, OSError, ValueError, TypeError, OverflowError)  # the last ones of values that no column takes
        self._reader = reader
        self._retain_days = {_EXCHANGES: retain_days, _TEXTS: text_retain_days}
        self._opened = monotonic()
        self._offsets: Offsets | None = None
        self._version = 0
        parts = urlsplit(url)
        is_secure = parts.scheme == "clickhouses"
        with self._raised():
            self._client = get_client(
                host=parts.hostname or "",
                port=parts.port or (8443 if is_secure else 8123),
                username=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.removeprefix("/")),
                interface="https" if is_secure else "http",
                compress=False,  # what is long is packed already
                connect_timeout=_ANSWER_S,
                send_receive_timeout=_ANSWER_S,
                client_name="oddgate",
                settings={"readonly": 2} if read_only else {},
                autogenerate_session_id=False,
            )

    def make(self) -> None:
        """The tables, where there are none."""
        for table, columns in _COLUMNS.items():
            stated = [f"{name} {kind}" for name, kind in columns.items()]
            if table == _EXCHANGES:
                stated.append(_FOUND_BY_ID)
            self._do(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(stated)}) ENGINE = {_ENGINES[table]}")

    def offsets(self) -> Offsets:
        found = self._ask(f"SELECT segments, version FROM {_OFFSETS} FINAL WHERE reader = %(reader)s", {"reader": self._reader})  # noqa: S608 our own names
        segments, self._version = found[0] if found else ({}, 0)
        self._offsets = dict(segments)
        return dict(segments)

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        """Of a batch that fails some may be kept, and is known when it comes again."""
        new = self._new(rows)
        told: list[Row] = []
        texts: list[tuple[object, ...]] = []
        for row in new:
            record, texts_of = apart(row.record)
            told.append(row._replace(record=record))
            if texts_of:
                texts.append((int(day_of(row.ts)), row.request_id, row.ts, texts_of))
        self._insert(_TEXTS, texts)
        self._insert(_EXCHANGES, [(int(day_of(row.ts)), *row) for row in told])
        self._insert(_LABELS, [(int(day_of(label.ts)), *label, _version(label.ts)) for label in _last(labels)])
        if self._offsets is None:
            self.offsets()
        if offsets != self._offsets:
            self._insert(_OFFSETS, [(self._reader, dict(offsets), self._version + 1)])
            self._offsets, self._version = dict(offsets), self._version + 1
        return len(new)

    def prune(self, now: float) -> int:
        """As that of ``exchanges``: the oldest day of exchanges and of texts at most, the first with what was said until then."""
        days = self._days(now)
        newest = max([begin for those in days.values() for begin in those.values()], default=now) + DAY_S + monotonic() - self._opened
        return sum([self._prune(table, days[table], min(now, newest)) for table in self._retain_days])

    def _prune(self, table: str, days: Mapping[str, float], now: float) -> int:
        oldest = first_kept(now, self._retain_days[table])
        begin, day = min([(begin, day) for day, begin in days.items()], default=(oldest, ""))
        if begin >= oldest:
            return 0
        self._drop(table, day)
        self._do(f"ALTER TABLE {_DAYS} DELETE WHERE name = %(name)s", {"name": f"{table}_{day}"})
        if table == _EXCHANGES:
            for said in self._partitions(_LABELS):
                if said < day_of(oldest):
                    self._drop(_LABELS, said)
        return 1

    def page(self, query: Query, after: Place | None, limit: int, *, is_oldest_first: bool = False) -> list[Row]:
        if limit <= 0:
            return []
        order, beyond = ("ASC", ">") if is_oldest_first else (_BACKWARDS, "<")
        where, values = _conditions(query, after, beyond)
        statement = (
            f"SELECT {_ROW} FROM {_EXCHANGES} FINAL WHERE {where} "  # noqa: S608 our own names
            f"ORDER BY ts {order}, request_id {order} LIMIT {min(limit, MAX_PAGE)} {_EACH_DAY_BY_ITSELF}"
        )
        return list(map(Row._make, self._ask(statement, values)))

    def record(self, request_id: str) -> Record | None:
        packed = self._first("record", _EXCHANGES, request_id)
        return unpack(packed) if packed else None

    def texts(self, request_id: str) -> Record:
        packed = self._first("texts", _TEXTS, request_id)
        return unpack(packed) if packed else {}

    def labels(self, request_id: str) -> list[Label]:
        statement = f"SELECT {_LABEL} FROM {_LABELS} FINAL WHERE request_id = %(id)s ORDER BY ts"  # noqa: S608 our own names
        return list(map(Label._make, self._ask(statement, {"id": request_id})))

    def all_labels(self, after: Label | None, limit: int) -> list[Label]:
        where, values = "", {}
        if after:
            where = "WHERE (request_id, app, kind, rule) > %(after)s "
            values = {"after": (after.request_id, after.app, after.kind, after.rule)}
        statement = f"SELECT {_LABEL} FROM {_LABELS} FINAL {where}ORDER BY request_id, app, kind, rule LIMIT {min(limit, MAX_PAGE)}"  # noqa: S608 our own names
        return list(map(Label._make, self._ask(statement, values)))

    def close(self) -> None:
        with suppress(*self._errors):
            self._client.close()

    def _new(self, rows: Sequence[Row]) -> list[Row]:
        """Those that are not there, each once."""
        given = {(row.ts, row.request_id): row for row in reversed(rows)}
        keys = list(given)
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            those = keys[start : start + _KEYS_AT_ONCE]
            statement = f"SELECT ts, request_id FROM {_EXCHANGES} WHERE day IN %(days)s AND (ts, request_id) IN %(keys)s"  # noqa: S608 our own names
            for known in self._ask(statement, {"days": tuple({int(day_of(ts)) for ts, _ in those}), "keys": tuple(those)}):
                given.pop(known, None)
        return list(given.values())

    def _days(self, now: float) -> Mapping[str, Mapping[str, float]]:
        """For each table from when on its days are kept. When a day of no day, or still to come, is first seen, is written down."""
        known = {name: (made, version) for name, made, version in self._ask(f"SELECT name, made, version FROM {_DAYS} FINAL", {})}  # noqa: S608 our own name
        days: dict[str, dict[str, float]] = {}
        for table in self._retain_days:
            days[table] = {}
            for day in self._partitions(table):
                made, version = known.get(f"{table}_{day}", (0.0, 0))
                if not FIRST <= made <= now + DAY_S and kept_from(day, now, now) != kept_from(day, FIRST, now):
                    made = now
                    self._insert(_DAYS, [(f"{table}_{day}", now, version + 1)])
                days[table][day] = kept_from(day, made, now)
        return days

    def _partitions(self, table: str) -> list[str]:
        statement = "SELECT DISTINCT partition_id FROM system.parts WHERE database = currentDatabase() AND table = %(table)s AND active"
        return sorted(partition.rjust(8, "0") for (partition,) in self._ask(statement, {"table": table}))

    def _drop(self, table: str, day: str) -> None:
        self._do(f"ALTER TABLE {table} DROP PARTITION {int(day)}")

    def _first(self, column: str, table: str, request_id: str) -> bytes:
        found = self._ask(f"SELECT {column} FROM {table} WHERE request_id = %(id)s LIMIT 1", {"id": request_id})  # noqa: S608 our own names
        packed: bytes = found[0][0] if found else b""
        return packed

    def _ask(self, statement: str, values: Values) -> Sequence[tuple[Any, ...]]:
        with self._raised():
            return [tuple(row) for row in self._client.query(statement, dict(values), column_formats=dict(_PACKED)).result_rows]

    def _do(self, statement: str, values: Values | None = None) -> None:
        with self._raised():
            self._client.command(statement, dict(values or {}))

    def _insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if not rows:
            return
        columns = _COLUMNS[table]
        with self._raised():
            self._client.insert(table, rows, column_names=list(columns), column_type_names=list(columns.values()))

    @contextmanager
    def _raised(self) -> Iterator[None]:
        """The store's own errors. The server's message may tell a value, its code does not."""
        try:
            yield
        except self._errors as error:
            code = getattr(error, "code", None)
            raise StoreError(f"ClickHouse error {code}" if code else f"ClickHouse: {type(error).__name__}") from None


def _conditions(query: Query, after: Place | None, beyond: str) -> tuple[str, Values]:
    names = ("app", "surface", "model", "decision", "outcome", "upstream")
    values: dict[str, object] = {name: value for name in names if (value := getattr(query, name))}
    where = [f"{name} = %({name})s" for name in values]
    if query.policy:
        where.append("(policy = %(policy)s OR startsWith(policy, %(version)s))")
        values |= {"policy": query.policy, "version": f"{query.policy}@"}
    if query.rule:
        where.append("position(rules, %(rule)s) > 0")
        values["rule"] = f",{query.rule},"
    if query.since is not None:
        where.append("ts >= %(since)s")
        values["since"] = query.since
    if query.until is not None:
        where.append("ts < %(until)s")
        values["until"] = query.until
    if after is not None:
        where.append(f"ts {beyond}= %(after_ts)s AND (ts, request_id) {beyond} %(after)s")
        values |= {"after_ts": after.ts, "after": tuple(after)}
    return " AND ".join(where) or "1", values


def _last(labels: Iterable[Label]) -> Iterable[Label]:
    """Of one, by one rule, in a batch."""
    last: dict[tuple[str, ...], Label] = {}
    for label in sorted(labels, key=lambda label: label.ts):
        last[label.request_id, label.app, label.kind, label.rule] = label
    return last.values()


def _version(ts: float) -> int:
    """The later, the higher; what comes before all days is the lowest."""
    return int(min(max(ts, 0.0), 1e12) * 1_000_000)
