"""The settings: one typed tree, read once (``settings``). Every key is optional. Relative paths are relative to the folder in which oddgate
is started.
"""

from typing import Annotated

from pydantic import Field

from gateway.config.alerts import Alerts
from gateway.config.detectors import Detectors, Memo
from gateway.config.keeping import Journal, State, Store
from gateway.config.section import Section
from gateway.config.serving import App, Label, Labels, Listen, Policies, Route, Upstream
from gateway.config.telemetry import ModelPrice, Telemetry
from gateway.config.watch import Watch
from gateway.incidents.allowed import ActionSettings
from gateway.secret import Secret
from gateway.surfaces import ServedSurface


class Config(Section):
    listen: Listen = Listen()
    policies: Policies = Policies()
    upstreams: tuple[Upstream, ...] = ()
    """None: the embedded demo upstream."""
    routes: tuple[Route, ...] = ()
    """None: the first upstream whose ``models`` match."""
    apps: tuple[App, ...] = ()
    """None: transparent, every client is served and its own key forwarded."""
    labels: Labels = Labels()
    surfaces: tuple[ServedSurface, ...] = ()
    """Paths that are served besides the built-in ones."""
    state: State = State()
    journal: Journal = Journal()
    store: Store = Store()
    watch: Watch = Watch()
    telemetry: Telemetry = Telemetry()
    alerts: Alerts = Alerts()
    actions: ActionSettings = ActionSettings()
    """What may be done by itself while an incident goes on."""
    detectors: Detectors = Detectors()
    memo: Memo = Memo()
    prices: Annotated[tuple[ModelPrice, ...], Field(max_length=1000)] = ()
    """What models cost. They come before the prices that come along; the first that fits counts."""
    secret_key: Secret | None = None
    """What placeholders and fingerprints are derived from; None: made once and kept in ``var/oddgate.key``."""


def untrusted_labels(config: Config) -> tuple[Label, ...]:
    """Those of users that no client is trusted to say, whoever it is."""
    trusts = [config.labels.trust if app.trust is None else app.trust for app in config.apps] or [config.labels.trust]
    labels: tuple[Label, ...] = ("user", "session", "group")
    return tuple(label for label in labels if not any(label in trust for trust in trusts))
