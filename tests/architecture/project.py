"""The project as these tests see it: its files and its modules."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("detectors", "policies", "gateway")
_NOT_OURS = {".git", ".venv", "var", "build", "dist", "__pycache__", "node_modules"}


def files(*suffixes: str) -> Iterator[Path]:
    """Every file that is, or is to be, in the repository, relative to its root; with these suffixes, if any are given."""
    yield from (path.relative_to(ROOT) for path in _below(ROOT) if not suffixes or path.suffix in suffixes)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            is_tools_own = path.name.startswith(".") and path.name != ".ci"
            if not (path.name in _NOT_OURS or is_tools_own or path.name.endswith(".egg-info")):
                yield from _below(path)
        elif not path.name.startswith(".coverage"):
            yield path


@cache
def modules() -> Mapping[str, Path]:
    """The modules of our packages by their dotted names."""
    found = {}
    for path in files(".py"):
        if path.parts[0] in PACKAGES:
            found[".".join(path.with_suffix("").parts).removesuffix(".__init__")] = path
    return found


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """What a file imports, anywhere in it, as dotted names with their lines; a module imported from its package counts as itself."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    known = modules()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in known else str(node.module)), node.lineno


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
