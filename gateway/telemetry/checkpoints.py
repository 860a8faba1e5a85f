"""The newest signed checkpoint of a journal, in a file beside the segments, so that an end that is cut off later does not fit it.

It can be taken elsewhere, where whoever can write to the journal's folder cannot replace it.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.telemetry.chain import CHECKPOINT, End, ends
from gateway.telemetry.signing import Signer

NEWEST = "newest.checkpoint"
_MODE = 0o600


def keep_newest(folder: Path, word: Mapping[str, Any], *, is_synced: bool = True) -> None:
    """Whole or not at all; ``is_synced``: also where the machine dies meanwhile. Raises OSError."""
    beside = folder / f".{NEWEST}.{os.getpid()}.new"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE), "w") as file:
            json.dump(word, file, indent=2)
            file.write("\n")
            if is_synced:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(folder / NEWEST)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def read_newest(folder: Path, signer: Signer) -> dict[str, Any] | None:
    """None where there is none. Raises ValueError where it is no checkpoint of the gateway's, and OSError."""
    try:
        said = json.loads((folder / NEWEST).read_bytes())
    except FileNotFoundError:
        return None
    ends_in(said, signer)
    return dict(said)


def ends_in(said: object, signer: Signer) -> list[End]:
    """How far chains were, as a checkpoint has it. Raises ValueError where it is none, or not signed with the gateway's key."""
    if not isinstance(said, Mapping) or said.get("kind") != CHECKPOINT:
        raise ValueError("it is no checkpoint")
    if not signer.is_signed(said):
        raise ValueError("it is not signed with this gateway's key")
    return ends([said, *said.get("heads", ())])
