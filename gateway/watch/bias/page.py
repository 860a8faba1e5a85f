"""What the watch says of bias as one page that needs nothing else: no script, no font, no picture, and nothing from anywhere. Pure.

Names of applications, groups and rules are as somebody wrote them, and stand in it as text alone.
"""

from collections.abc import Sequence
from html import escape

from gateway.watch.bias.tables import NOTES, Json, Table, moment, summary, tables

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1d2433; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.note { color: #55607a } .table { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px } caption { text-align: left; color: #55607a; padding-bottom: .3rem }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #dde2ec; white-space: nowrap; vertical-align: top }
th { background: #f3f5f9; position: sticky; top: 0 } tr.bad td { background: #fdecea }
@media (prefers-color-scheme: dark) { body { background: #14171f; color: #e4e8f1 }
th { background: #232936 } td, th { border-color: #333b4d }
.note, caption { color: #a5afc4 } tr.bad td { background: #4a2320 } }
"""
_BAD = frozenset({"disparity", "UNFAIR"})


def page(said: Json) -> str:
    lines = "".join(f"<li>{escape(line.strip())}</li>" for line in summary(said))
    notes = "".join(f"<p>{escape(note)}</p>" for note in NOTES)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>oddgate: bias, {moment(said.get("ts"))}</title>'
        f"<style>{_STYLE}</style></head><body><h1>Bias in the traffic</h1><ul>{lines}</ul>"
        f'{"".join(map(_table, tables(said)))}<h2>How to read it</h2><div class="note">{notes}</div></body></html>\n'
    )


def _table(table: Table) -> str:
    title = f"<h2>{escape(table.title)}</h2>"
    if not table.rows:
        return f'{title}<p class="note">{escape(table.note)}: nothing to show yet</p>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    body = "".join(map(_row, table.rows))
    return f'{title}<div class="table"><table><caption>{escape(table.note)}</caption><tr>{head}</tr>{body}</table></div>'


def _row(row: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in row)
    return f'<tr class="bad">{cells}</tr>' if row[0] in _BAD else f"<tr>{cells}</tr>"
