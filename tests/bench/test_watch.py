"""The bench of the watch: that it measures what it says."""

from bench import watch
from gateway.watch.row import Row, parse
from gateway.wire.codec import encode


def test_records():
    """They are such as the gateway writes: rows with all that a row has, each with an id of its own."""
    rows = [parse(encode(watch._record(number))) for number in range(3)]
    assert all(isinstance(row, Row) and all(row) for row in rows)
    assert len({row.request_id for row in rows}) == 3


def test_figures(capsys):
    """Each part is measured over all exchanges."""
    figures = watch.watch(exchanges=20)["watch"]
    assert set(figures) == {"journal_us", "store_us", "row_bytes", "spans_us"}
    assert all(figure > 0 for figure in figures.values())
    assert capsys.readouterr().out.count("of a core at 500/s") == 3
