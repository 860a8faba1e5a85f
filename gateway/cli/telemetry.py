"""What every process of ours does first about what it tells of itself: its own log, and whether what is asked for can be had."""

from collections.abc import Mapping

from gateway.config import Telemetry
from gateway.telemetry.logs import set_up
from gateway.watch.otlp import require
from gateway.watch.switches import switches


def begin(settings: Telemetry, part: str, environment: Mapping[str, str]) -> None:
    """``part`` is what the process is.

    Raises RuntimeError where what is asked for is not installed, and ValueError where ``environment`` has a switch that is none.
    """
    set_up(settings.logs)
    if settings.otlp_endpoint is None:
        return
    require()
    switches(environment)
    if settings.otlp_logs:
        from gateway.watch.otlp_logs import send_logs

        send_logs(settings.otlp_endpoint, part)
