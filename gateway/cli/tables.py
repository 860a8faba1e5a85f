"""Tables of labelled data, as files with commas."""

import csv
from collections.abc import Sequence
from pathlib import Path

from gateway.cli.scan import UsageError


def rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """All of them; each has these columns. Raises UsageError for what is no such table."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, csv.Error):
        raise UsageError(f"{path}: not a table") from None
    if not found or any(row.get(column) is None for row in found for column in columns):
        raise UsageError(f"{path}: not rows with {', '.join(columns)}")
    return found
