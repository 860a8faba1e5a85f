"""What every process of ours does first about what it tells of itself: its own log, and whether what is asked for can be had."""

import logging
import time
from collections.abc import Mapping

from gateway.config import Config
from gateway.otlp.spool import Spool
from gateway.telemetry.logs import set_up
from gateway.telemetry.observed import RECEIVED
from gateway.telemetry.own_log import OwnLog
from gateway.watch.otel.collector import require
from gateway.watch.otel.switches import switches

log = logging.getLogger("oddgate.logs")


def begin(config: Config, part: str, environment: Mapping[str, str]) -> None:
    """``part`` is what the process is.

    Raises RuntimeError where what is asked for is not installed, and ValueError where ``environment`` has a switch that is none.
    """
    settings = config.telemetry
    set_up(settings.logs)
    if settings.otlp_endpoint is not None:
        require()
        switches(environment)
        if settings.otlp_logs:
            from gateway.watch.otel.logs import send_logs

            send_logs(settings.otlp_endpoint, part)
    if settings.spool_mb:
        _put_by(config)


def _put_by(config: Config) -> None:
    """Where that cannot be, it is said, and all else goes on."""
    spool = Spool(config.watch.dir / RECEIVED, config.telemetry.spool_mb << 20, time.time)  # noqa: TID251 a command is a part of the shell
    try:
        spool.start()
    except OSError as error:
        log.warning("what is said here cannot be put by for the watch: %s", error.strerror or type(error).__name__)
        return
    logging.getLogger().addHandler(OwnLog(spool.put, spool.close))
