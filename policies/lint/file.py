"""A policy's file, looked through by ``lint`` with all that it is built on, so that each remark has the line that it is about."""

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
    return lint(loaded.policy, merged, _ground(root, shelf), catalog, today, scan)


def _ground(root: Node, shelf: Shelf) -> Ground | None:
    """What it is built on, if that is a policy by itself."""
    if root.child("extends") is None:
        return None
    bare = replace(root, mapping={key: child for key, child in (root.mapping or {}).items() if key in ("name", "extends")})
    try:
        return Ground(validate(Policy, extend(bare, shelf.find).node), root)
    except ProblemsError:
        return None
