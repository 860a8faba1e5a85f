"""The bypass matrix, of gateways whose gaps are known."""

from pathlib import Path

import pytest

from bench.driving import plan_of
from bench.matrix import SPLIT, WRITINGS, Cell, Plans, cells, judge_answer, judge_request, judge_stream, judged, summary, table, write_table
from bench.surfaces import CHAT
from tests.support.guards import MAILS

ALL = Plans(plan_of("redact", [MAILS]), plan_of("block", [MAILS]))
USERS = Plans(plan_of("redact", [MAILS], scope=["user"]), plan_of("block", [MAILS], scope=["user"]))
VALUE = "john.smith@example.com"


@pytest.mark.parametrize("judge", [judge_request, judge_answer, judge_stream])
def test_what_is_not_looked_at_is_a_bypass(judge):
    """At a place that no rule has, a value gets through, and the matrix says so."""
    assert judge(CHAT, "arguments", VALUE, VALUE, ALL) == "inspected"
    assert judge(CHAT, "arguments", VALUE, VALUE, USERS) == "not blocked"
    assert judge_request(CHAT, "user", VALUE, VALUE, USERS) == "inspected"


def test_what_is_not_rewritten_is_a_bypass():
    """So does one that is blocked by the one rule and not rewritten by the other."""
    assert judge_request(CHAT, "user", VALUE, VALUE, Plans(USERS.redacting, ALL.blocking)) == "inspected"
    assert judge_request(CHAT, "system", VALUE, VALUE, Plans(USERS.redacting, ALL.blocking)) == "not rewritten"


def test_the_worst_of_all_values_counts():
    """A detector of addresses alone lets the card through."""
    assert judged(CHAT, "user", "plain", ALL, judge_request) == "not blocked"


def test_every_cell_of_the_matrix_is_there():
    """Each surface, place and way of writing has its cell; nothing but the splitting can be left out."""
    unguarded = Plans(plan_of("flag", ()), plan_of("flag", ()))
    found = {(cell.surface, cell.way, cell.place, cell.writing) for cell in cells(unguarded) if cell.is_bypass}
    assert {("chat", "stream", place, writing) for place in ("output", "arguments", "reasoning", "n=4") for writing in WRITINGS} <= found
    assert {writing for surface, _, place, writing in found if (surface, place) == ("files", "parts")} == {*WRITINGS, SPLIT}


def test_table(tmp_path: Path):
    """A row for each surface and way, a column for each place; a bypass lowers its cell, and stands in the sum."""
    found = [
        Cell("chat", "request", "user", "plain", "inspected"),
        Cell("chat", "request", "user", "base64", "refused"),
        Cell("chat", "stream", "output", "plain", "not blocked"),
    ]
    assert table(found) == "| | user | output |\n|---|---|---|\n| chat, request | 2/2 (1 refused) |  |\n| chat, stream |  | 0/1 |"
    assert summary(found) == "3 cells: 1 inspected, 1 refused, 1 bypassed"
    page = tmp_path / "page.md"
    page.write_text("none")
    with pytest.raises(SystemExit):
        write_table(page, found)
    assert page.read_text() == "none"
