"""What an exchange is served with: declared here, where it is used, and made by the app."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.errors import GatewayError
from gateway.guard.plan import Plan
from gateway.guard.request import Memos
from gateway.proxy.apps import Apps
from gateway.proxy.http import Body, Handshake, Headers, Target, UpstreamAnswer
from gateway.proxy.measures import MeasuresInForce, no_measures
from gateway.proxy.pictures import Pictures
from gateway.proxy.scanning import Scans, Spawn
from gateway.proxy.shutdown import Shutdown
from gateway.proxy.uploading import UploadLimits
from gateway.proxy.upstream import Upstream
from gateway.proxy.vault import Shelf
from gateway.telemetry.record import Exchange
from gateway.wire.model import Json
from gateway.wire.routes import Routes
from policies.subject import NO_SIGNALS, Signals, Subject


class Calls(Protocol):
    """Told of each call of an upstream."""

    def begin(self, upstream: str) -> Headers:
        """What to send besides."""
        ...

    def failed(self, error: GatewayError) -> None: ...

    def under(self, measure: str, kind: str) -> None:
        """A measure changes where it goes, or whether."""
        ...


class Router(Protocol):
    async def send(
        self, target: Target, client: Headers, body: Body, calls: Calls, *, drop_credentials: bool
    ) -> tuple[Upstream, UpstreamAnswer]: ...

    async def connect(
        self, target: Target, client: Headers, protocols: Sequence[str], calls: Calls, *, drop_credentials: bool
    ) -> tuple[Upstream, Handshake]: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What an exchange is served with; made by the app."""

    routes: Routes
    apps: Apps
    choose_plan: Callable[[Subject, str | None, str], Plan]
    """By whose exchange it is, the policy that the app's settings name, and the exchange's id."""
    memos: Memos
    scans: Scans
    router: Router
    vault: Shelf
    spawn: Spawn
    record: Callable[[Exchange], None]
    failed: Callable[[Exchange, Exception], None]
    """Told of a fault of ours, by its type."""
    key: bytes
    wall: Callable[[], float]
    clock: Callable[[], float]
    new_id: Callable[[], str]
    chance: Callable[[int], bytes]
    """Random bytes, so many of them."""
    signals: Callable[[Subject], Signals] = lambda _: NO_SIGNALS
    """What the watch tells of exchanges like this one."""
    measures: MeasuresInForce = field(default_factory=no_measures)
    observes: bool = False
    """Whether records say what exchanges are like."""
    pictures: Pictures | None = None
    """None: pictures are not read."""
    shutdown: Shutdown = field(default_factory=Shutdown)
    uploads: UploadLimits = field(default_factory=UploadLimits)
    keep: Callable[[Json], None] | None = None
    """Writes down what a caller says of an exchange; raises OSError. None: there is nobody to say it to."""
