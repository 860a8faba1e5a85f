"""Where the watch leaves measures for the path: a file of its folder, or the Redis that gateways share."""

from collections.abc import Callable
from functools import partial

from gateway.config import Config
from gateway.proxy.keeping import read_file, replace_file
from gateway.proxy.measures import MAX_BYTES, NAME
from gateway.storage.board import SharedMeasures


def measures_reader(config: Config) -> Callable[[], bytes | None]:
    """What reads them, sealed as they are left; it may raise OSError. Raises RuntimeError where what the settings ask for is not
    installed.
    """
    if config.watch.shared:
        return SharedMeasures(config.state.url.get_secret_value()).read
    return partial(read_file, config.watch.dir / NAME, MAX_BYTES)


def measures_writer(config: Config, name: str = "") -> Callable[[bytes], None]:
    """What leaves them, sealed; ``name`` is the watch's own among all. It raises as the reader does."""
    if config.watch.shared:
        return SharedMeasures(config.state.url.get_secret_value(), name).save
    return partial(replace_file, config.watch.dir / NAME)
