"""Small files that outlast the process: each is replaced whole or not at all, and is for its owner's eyes only, unless it is said who else
may read it. What decides is signed with the gateway's key, so that whoever can write the file cannot decide.
"""

import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """What was there before stays until the new content is on the disk. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """What is in the file, which is made where there is none: whole, and once, whoever else makes it at the same time. Raises OSError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
        try:
            replace_file(beside, make())
            with suppress(FileExistsError):
                path.hardlink_to(beside)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    return path.read_bytes()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path, max_bytes: int) -> bytes | None:
    """None where there is no such file. Raises OSError, also where it is larger than anything that was ever kept."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        return None
    if len(content) > max_bytes:
        raise OSError(f"more than {max_bytes} bytes")
    return content


def signed(body: bytes, key: bytes, purpose: bytes) -> bytes:
    """With a signature for one purpose, as ``unsigned`` takes it off again."""
    return hmac.digest(key, purpose + body, "sha256").hex().encode() + b"\n" + body


def unsigned(content: bytes, key: bytes, purpose: bytes) -> bytes | None:
    """None where it was not signed with this key for this purpose."""
    body = content.partition(b"\n")[2]
    return body if hmac.compare_digest(content, signed(body, key, purpose)) else None
