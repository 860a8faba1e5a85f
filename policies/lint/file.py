"""A policy's file, looked through by ``lint`` with all that it is built on, so that each remark has the line that it is about."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from policies.extend import extend
from policies.lint.remarks import Lint, lint
from policies.lint.weakening import Ground
from policies.load import LoadedPolicy, Shelf
from policies.objections import Catalog
from policies.policy import Policy
from policies.positions import Node
from policies.problems import ProblemsError
from policies.rehearsal.exchange import Scan
from policies.schema import validate


def lint_file(loaded: LoadedPolicy, catalog: Catalog, today: str, scan: Scan | None = None) -> list[Lint]:
    """Raises ``ProblemsError`` where the file has changed meanwhile and can no longer be read."""
    shelf = Shelf(loaded.path.parent)
    root = shelf.parsed(loaded.path)
    merged = extend(root, shelf.find)
    return lint(loaded.policy, merged, Ground(tuple(_below(root, shelf)), root), catalog, today, scan)


def _below(root: Node, shelf: Shelf) -> Iterator[Policy]:
    """Each policy that it is built on, by itself, and all of them together: those of them that are policies without what lies over them."""
    extends = root.child("extends")
    if extends is None or extends.is_null:
        return
    for names in (*(extends.items or ()), extends):
        bare = replace(root, mapping={"name": root.at(("name",)), "extends": names})
        with suppress(ProblemsError):
            yield validate(Policy, extend(bare, shelf.find).node)
