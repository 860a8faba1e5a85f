"""The settings: one typed tree, read once (``settings``). Every key is optional. Relative paths are relative to the folder in which oddgate
is started.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from gateway.incidents.allowed import ActionSettings
from gateway.secret import Secret
from gateway.surfaces import ServedSurface
from policies.vocabulary import Glob, Name

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
MegaBytes = Annotated[int, Field(ge=1, le=65_536)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Host = Annotated[str, Field(min_length=1, max_length=255)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Listen(Section):
    host: Host = "127.0.0.1"
    port: Port = 8080
    """0: any free one."""
    admin_host: Host = "127.0.0.1"
    admin_port: Port = 8081
    admin_token: Secret | None = None
    """Required where ``admin_host`` is not this machine alone."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve the data side. What is bounded is bounded in each of them, but for the store of placeholders."""
    max_body_mb: MegaBytes = 32
    max_upload_mb: MegaBytes = 512
    """Of a file that is judged as it comes, without being kept."""
    max_upload_rows: Count = 100_000
    """Of a file of rows, with those that are empty. APIs take 50,000 or 100,000 requests in the file of a batch."""
    upload_timeout_s: Seconds = 3600
    """How long an upload may take altogether."""
    max_connections: Count = 4096
    header_timeout_s: Seconds = 15
    body_timeout_s: Seconds = 30
    write_timeout_s: Seconds = 120
    """How long a client may take none of its answer."""
    drain_timeout_s: Seconds = 30
    """How long exchanges in flight may take when the gateway is stopped."""


class Policies(Section):
    dir: Path | None = None
    """None: the policies that come with the package."""
    default: Name = "default"
    keep_dir: Path = Path("var")
    """Where the last good policies are kept, and what has become of rollouts."""


def _origin(url: str) -> str:
    """``https://host/prefix``, without the ``/v1`` that the gateway's own paths begin with."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("this is not a URL; allowed: https://HOST[:PORT][/PREFIX]") from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or not (url.isascii() and url.isprintable() and " " not in url)
    ):
        raise ValueError("this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not hold a password; use api_key or headers")
    if parts.query or parts.fragment:
        raise ValueError("a base URL has no ?query or #fragment")
    path = re.sub(r"(/+v1)?/*$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}"


_OURS = frozenset(
    {"host", "content-length", "content-type", "connection", "transfer-encoding", "accept-encoding", "authorization", "te", "upgrade"}
)


def _settable(name: str) -> str:
    if name.lower() in _OURS:
        raise ValueError(f"the header {name} is the gateway's own" + ("; use api_key" if name.lower() == "authorization" else ""))
    return name


_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
HeaderName = Annotated[str, Field(pattern=_HEADER), AfterValidator(_settable)]


def _forwardable(name: str) -> str:
    if name.lower().startswith("x-oddgate-"):
        raise ValueError(f"the header {name} is for the gateway alone")
    if name.lower() in ("traceparent", "tracestate", "baggage"):
        raise ValueError(f"the header {name} goes on by itself, as far as it may; leave it out")
    return name


class Upstream(Section):
    """An LLM endpoint."""

    name: Name
    dialect: Literal["openai", "anthropic", "azure", "any"] = "any"
    """Whose API it speaks, and how it takes its key; ``any``: whatever it is asked in."""
    base_url: Annotated[str, Field(max_length=2000), AfterValidator(_origin)]
    """With or without ``/v1`` at its end; kept without. Requests go to ``{base_url}/v1/chat/completions``."""
    api_key: Secret | None = None
    """None: the client's own key is forwarded."""
    headers: dict[HeaderName, Secret] = {}
    """Sent with every request besides, such as ``openai-organization``."""
    forward_headers: tuple[Annotated[HeaderName, AfterValidator(_forwardable)], ...] = ()
    """Of the client's, besides those that the APIs have: credentials, content types, ``openai-*``, ``anthropic-*`` and the like."""
    models: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    connect_timeout_s: Seconds = 10
    idle_timeout_s: Seconds = 120
    """Between two reads of an answer."""
    timeout_s: Seconds = 600
    """For the whole answer."""
    max_response_mb: MegaBytes = 64


class Route(Section):
    """Which upstreams serve a model, in the order in which they are tried."""

    models: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    strategy: Literal["first_healthy"] = "first_healthy"


class Limits(Section):
    rpm: Count | None = None
    tpm: Annotated[int, Field(ge=1)] | None = None
    usd_per_day: Annotated[float, Field(gt=0)] | None = None


Label = Literal["user", "session", "group", "app"]


class Labels(Section):
    """What clients say of their requests, in headers: ``x-oddgate-user`` and the like."""

    trust: tuple[Label, ...] = ("user", "session")
    """Those that are read; the others are as if they had not been sent. ``app``: only where no applications are configured."""


class App(Section):
    """An application that may use the gateway, known by its key."""

    name: Name
    key: Secret
    policy: Name | None = None
    """None: the one that applies to it, else the default."""
    trust: tuple[Literal["user", "session", "group"], ...] | None = None
    """Which of its labels are read. None: those of ``labels.trust``."""
    limits: Limits | None = None


_STORES = "memory://, redis://[[USER]:PASSWORD@]HOST[:PORT][/NUMBER], or rediss://… with TLS"


def _store(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may hold a password."""
    text = url.get_secret_value()
    if text == "memory://":
        return url
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not re.fullmatch(r"/?|/\d{1,6}", parts.path) or parts.query or parts.fragment:
        raise ValueError(f"this is not the URL of a store; allowed: {_STORES}")
    return url


class State(Section):
    """Where that lies which outlasts an exchange: what placeholders in conversations that a provider keeps stand for."""

    url: Annotated[Secret, AfterValidator(_store)] = SecretStr("memory://")
    timeout_ms: Annotated[int, Field(ge=1, le=60_000)] = 250
    """How long an exchange waits for a Redis, each time."""
    vault_ttl_h: Annotated[int, Field(ge=1, le=87_600)] = 720
    """How long a conversation's placeholders can be restored after its last exchange."""
    vault_max_mb: MegaBytes = 64
    """Of ``memory://``; a Redis has its own limit."""


class Journal(Section):
    dir: Path = Path("var/journal")
    segment_mb: MegaBytes = 64
    keep_mb: MegaBytes = 4096
    """The oldest segments are removed beyond this."""
    fsync: Literal["interval", "always", "never"] = "interval"
    on_error: Literal["block", "allow"] = "block"
    """What becomes of an exchange whose record cannot be written."""


_EXCHANGES = (
    "sqlite:///PATH (sqlite:////PATH from the root), postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=require], or "
    "clickhouse://USER[:PASSWORD]@HOST[:PORT]/DATABASE (clickhouses:// with TLS)"
)
_STORE_SERVERS = {"postgresql": ("", "sslmode=require"), "clickhouse": ("",), "clickhouses": ("",)}
"""What may follow the path."""


def _exchanges(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may hold a password."""
    text = url.get_secret_value()
    if re.fullmatch(r"sqlite:///[^?#\x00]+", text):
        return url
    try:
        parts = urlsplit(text)
        is_usable = parts.query in _STORE_SERVERS.get(parts.scheme, ()) and bool(parts.hostname and parts.username) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not re.fullmatch(r"/[^/]{1,63}", parts.path) or parts.fragment:
        raise ValueError(f"this is not the URL of a store of exchanges; allowed: {_EXCHANGES}")
    return url


_MIN_KEY = 32


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < _MIN_KEY:
        raise ValueError(f"this is too short for a key; allowed: {_MIN_KEY} characters and more, such as those of `openssl rand -hex 32`")
    return key


class Store(Section):
    """Where the watch keeps exchanges for those who look."""

    url: Annotated[Secret, AfterValidator(_exchanges)] = SecretStr("sqlite:///./var/oddgate.db")
    retain_days: Annotated[int, Field(ge=1, le=3660)] = 30
    """With today. What is older goes, a day (UTC) at a time."""
    keep_text: Literal["none", "redacted", "full"] = "none"
    """What is kept of what exchanges say: nothing; the texts without all that rules find in them; or all of it as it came, sealed."""
    allow_full_text: bool = False
    """The second switch, without which ``full`` is refused."""
    text_key: Annotated[Secret, AfterValidator(_long_enough)] | None = None
    """What texts are sealed with, and opened by ``oddgate exchanges ID --text``."""
    text_retain_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """With today. None: 7, or ``retain_days`` where that is less."""

    @property
    def text_days(self) -> int:
        return min(7, self.retain_days) if self.text_retain_days is None else self.text_retain_days

    @property
    def path(self) -> Path | None:
        """Of a SQLite file; None for a server."""
        kind, _, path = self.url.get_secret_value().partition(":///")
        return Path(path) if kind == "sqlite" else None


def _moment(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise ValueError("this is no time; allowed: 2026-11-22T10:15:00+00:00")


def moment(text: str) -> float:
    """In seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


Moment = Annotated[str, Field(max_length=64), AfterValidator(_moment)]


class DriftReference(Section):
    """What traffic is compared with."""

    kind: Literal["frozen", "rolling", "period"] = "frozen"
    """``frozen``: what came first; ``rolling``: that of late, which forgets what is old; ``period``: that of a time that was good."""
    least: Annotated[int, Field(ge=50, le=1_000_000)] = 1000
    """Exchanges that are learned before anything is compared."""
    size: Annotated[int, Field(ge=50, le=10_000_000)] = 10_000
    """Exchanges that are learned at most, or remembered."""
    start: Moment | None = None
    end: Moment | None = None


class WatchDrift(Section):
    """Whether traffic is as usual, for each application, model and surface."""

    enabled: bool = True
    reference: DriftReference = DriftReference()
    sensitivity: Literal["low", "normal", "high"] = "normal"
    """A false alarm is expected once in 10,000,000, 1,000,000 or 100,000 exchanges, or less often."""
    features: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=40)] = ()
    """None: all that there are."""
    utc_offset_h: Annotated[float, Field(ge=-14, le=14)] = 0
    """Of the place whose days and weekends the traffic follows."""
    max_keys: Annotated[int, Field(ge=1, le=400)] = 200
    max_models: Annotated[int, Field(ge=1, le=1000)] = 16
    """Of an application on a surface that are watched by themselves; the others are watched together."""
    confirm: bool = False
    """Whether Evidently is asked about each drift that is found, in a process of its own. What it says decides nothing."""


class WatchBias(Section):
    """Whether outcomes differ between groups of people."""

    enabled: bool = True
    cues: bool = False
    """Whether records say of which groups the last message of a user speaks. A mention says nothing of the user; and it is sensitive."""


SwappedAttribute = Literal["gender", "religion", "nationality", "ethnicity", "age", "orientation", "disability", "wealth"]


class WatchProbes(Section):
    """What endpoints answer to the same question about another group: asked off the path, with the settings' keys, and paid for."""

    enabled: bool = False
    apps: Annotated[tuple[Glob, ...], Field(max_length=100)] = ()
    """Whose exchanges are asked again."""
    models: Annotated[tuple[Glob, ...], Field(max_length=100)] = ()
    """And of which models."""
    attributes: Annotated[tuple[SwappedAttribute, ...], Field(min_length=1)] = ("gender",)
    share: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Of the exchanges that fit."""
    per_minute: Annotated[int, Field(ge=3, le=600)] = 6
    """Calls; a probe is three."""
    usd_per_day: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    """By the prices. A model without a price is not asked."""
    tokens_per_day: Annotated[int, Field(ge=1, le=10**12)] = 500_000
    answer_tokens: Annotated[int, Field(ge=1, le=100_000)] = 300
    """What an answer may have at most."""
    timeout_s: Seconds = 60


class Watch(Section):
    """The process beside the gateway that makes everything of the journal which is not needed at once."""

    dir: Path = Path("var")
    """Where it says how it is (``watch.json``)."""
    shared: bool = False
    """Whether journals go to the Redis of ``state.url``, from where ``oddgate watch``, once or several times, keeps them in the store."""
    metrics_host: Host = "127.0.0.1"
    metrics_port: Port | None = None
    """Where ``oddgate watch`` shows how it is; the one beside a gateway is shown by that."""
    metrics_token: Secret | None = None
    """Required where ``metrics_host`` is not this machine alone."""
    observe: bool = True
    """Whether records say what exchanges are like, without their texts; without it there is no drift to be seen of what is said."""
    drift: WatchDrift = WatchDrift()
    bias: WatchBias = WatchBias()
    probes: WatchProbes = WatchProbes()


def _collector(url: str) -> str:
    """``http://host:4318``, without the ``/v1/traces`` that spans go to."""
    return _address(url, "headers come from OTEL_EXPORTER_OTLP_HEADERS")


def _next_collector(url: str) -> str:
    return _address(url, "use forward_headers")


def _address(url: str, instead: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", url)
    except ValueError:
        is_usable = False
    if not is_usable or parts.query or parts.fragment:
        raise ValueError("this is not the address of a collector; allowed: http://HOST[:PORT][/PREFIX], or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"an address must not hold a password; {instead}")
    return re.sub(r"(/+v1/traces)?/*$", "", url)


def _of_a_collector(name: str) -> str:
    if name.lower() in _OURS - {"authorization"}:
        raise ValueError(f"the header {name} is the gateway's own")
    return name


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", url)
    except ValueError:
        is_usable = False
    if not is_usable or parts.fragment:
        raise ValueError("this is not the address of a page of metrics; allowed: http://HOST[:PORT]/PATH, or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not hold a password; use bearer_token or headers")
    return url


class ScrapeTarget(Section):
    """An inference server whose page of metrics (Prometheus) the watch reads."""

    name: Name
    url: Annotated[str, Field(max_length=2000), AfterValidator(_page)]
    kind: Literal["vllm", "tgi", "llamacpp", "any"] = "any"
    """Which metrics are taken, and what they mean; ``any``: all of them, by their own names."""
    interval_s: Annotated[float, Field(ge=1, le=150)] = 15
    bearer_token: Secret | None = None
    headers: dict[Annotated[str, Field(pattern=_HEADER), AfterValidator(_of_a_collector)], Secret] = {}


class Telemetry(Section):
    """What is told to others of exchanges, by the watch; and what applications tell of themselves, by way of the gateway."""

    logs: Literal["text", "json"] = "text"
    """How the gateway and the watch write their own log, to standard error: lines for people, or an object a line."""
    otlp_endpoint: Annotated[str, Field(max_length=2000), AfterValidator(_collector)] | None = None
    """Of an OpenTelemetry collector, by HTTP. None: no spans are made."""
    otlp_logs: bool = False
    """Whether the gateway's and the watch's own log goes to that collector, too."""
    guardrail_conventions: Literal["none", "a", "b"] = "none"
    """By which of the drafts guards' spans are named besides."""
    receive: bool = False
    """Whether applications' own telemetry is taken (OTLP over HTTP), for the policies that name it to redact."""
    receive_host: Host = "127.0.0.1"
    receive_port: Port = 4318
    receive_token: Secret | None = None
    """Required where ``receive_host`` is not this machine alone and no applications are configured, whose keys are asked for else."""
    receive_max_mb: MegaBytes = 16
    """Of one export, unpacked."""
    forward: Annotated[str, Field(max_length=2000), AfterValidator(_next_collector)] | None = None
    """The collector that gets what was redacted, by HTTP. None: it goes no further."""
    forward_headers: dict[Annotated[str, Field(pattern=_HEADER), AfterValidator(_of_a_collector)], Secret] = {}
    """What the collector asks for, such as ``authorization``."""
    spool_mb: Annotated[int, Field(ge=0, le=65_536)] = 64
    """How much of what was received is put by for the watch, in short, after redaction, and of the gateway's and the watch's own log
    (``received`` in ``watch.dir``). 0: nothing.
    """
    scrape: Annotated[tuple[ScrapeTarget, ...], Field(max_length=64)] = ()


class PiiDetector(Section):
    ner_model: Path | None = None
    """A folder with a spaCy model; None: the installed one."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    queue: Annotated[int, Field(ge=1, le=65_536)] = 64
    """How many texts may wait for a worker before more are refused."""
    cache_dir: Path = Path("var/cache")


class OcrDetector(Section):
    """Text in the pictures of requests and answers. Its workers are started when the first picture comes."""

    enabled: bool | None = None
    """None: where the extra ``ocr`` is installed."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    queue: Annotated[int, Field(ge=1, le=65_536)] = 64
    """How many pictures may wait for a worker before more are refused."""
    deadline_ms: Annotated[int, Field(ge=1, le=60_000)] = 20_000
    """For all pictures of a request, a row or an event, which are read side by side."""
    max_pixels: Annotated[int, Field(ge=1, le=100_000_000)] = 9_000_000
    max_picture_mb: MegaBytes = 10
    max_pictures: Annotated[int, Field(ge=1, le=1000)] = 20
    """Of one request, row or event, besides those that are remembered."""


class Detectors(Section):
    pii: PiiDetector = PiiDetector()
    ocr: OcrDetector = OcrDetector()


Usd = Annotated[float, Field(ge=0, le=1_000_000)]


class ModelPrice(Section):
    """What models cost, in US dollars for a million tokens."""

    models: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)]
    """Those that it is for. Metrics call them by the first."""
    input: Usd
    output: Usd
    cached_input: Usd | None = None
    """Of what is read from the provider's cache; None: as any other input."""
    cache_write: Usd | None = None
    """Of what is put there; None: as any other input."""


class Memo(Section):
    """Scan results that are remembered, so that a repeated history is not scanned again."""

    max_mb: MegaBytes = 64


def _channel_url(url: SecretStr) -> SecretStr:
    """No message has the URL in it, which may be what the channel is used by."""
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", text)
    except ValueError:
        is_usable = False
    if not is_usable or parts.fragment or parts.username is not None:
        raise ValueError("this is not the URL of a channel; allowed: https://HOST[:PORT][/PATH], or http://…")
    return url


ChannelKind = Literal["pagerduty", "slack", "alertmanager", "teams", "opsgenie", "mail", "webhook"]


class AlertChannel(Section):
    """Where people are told of incidents. Which keys it has, its kind says."""

    name: Name
    kind: ChannelKind
    url: Annotated[Secret, AfterValidator(_channel_url)] | None = None
    """Of PagerDuty and Opsgenie: None is the usual one."""
    routing_key: Secret | None = None
    api_key: Secret | None = None
    secrets: Annotated[tuple[Secret, ...], Field(max_length=5)] = ()
    """What a webhook is signed with, each ``whsec_…``: several, while one takes the place of another."""
    headers: dict[Annotated[str, Field(pattern=_HEADER), AfterValidator(_of_a_collector)], Secret] = {}
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(max_length=256)] = ""
    password: Secret | None = None
    sender: Annotated[str, Field(max_length=256)] | None = None
    to: Annotated[tuple[Annotated[str, Field(max_length=256)], ...], Field(max_length=50)] = ()


def _link(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", url)
    except ValueError:
        is_usable = False
    if not is_usable or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("this is not the address of a console; allowed: https://HOST[:PORT][/PREFIX], or http://…")
    return url.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("this is no time zone; allowed: names such as Europe/Berlin, America/New_York, UTC") from None
    return name


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)


class AlertHours(Section):
    """From one time of a day to another; where the first is later, over midnight."""

    zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)]
    start: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    end: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = "24:00"
    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] = DAYS
    """On which they begin."""


class AlertRoute(Section):
    """Who is told of what. All that it says must be so; every route that fits counts."""

    channels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    apps: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)] = ("*",)
    urgency: Literal["ticket", "page"] = "ticket"
    """At least."""
    severity: Literal["info", "warning", "error", "critical"] = "info"
    """At least."""
    hours: AlertHours | None = None


Objective = Annotated[float, Field(ge=0.5, le=0.99999)]


class AlertObjective(Section):
    """What is promised of some applications' exchanges."""

    apps: Annotated[tuple[Glob, ...], Field(min_length=1, max_length=100)]
    objective: Objective


class Alerts(Section):
    """What is not as usual is made into incidents, and people are told of them."""

    enabled: bool = True
    objective: Objective = 0.995
    """The share of an application's exchanges that are to be good, over 30 days."""
    objectives: Annotated[tuple[AlertObjective, ...], Field(max_length=100)] = ()
    """The first that fits counts, before ``objective``."""
    usd_per_day: Annotated[float, Field(gt=0, le=10_000_000)] | None = None
    """What all exchanges of a day (UTC) may cost. Nothing is stopped: it is told when the day is on its way to cost more."""
    learning_h: Annotated[float, Field(ge=0, le=720)] = 24
    """How long nobody is told of what only seems unusual of an application that is new. Budgets that burn are told at once."""
    channels: Annotated[tuple[AlertChannel, ...], Field(max_length=20)] = ()
    """None: incidents are kept and shown, and nobody is told."""
    routes: Annotated[tuple[AlertRoute, ...], Field(max_length=100)] = ()
    """None: everything goes to ``last``."""
    last: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """Who is paged where no route fits. Needed where there are channels."""
    link: Annotated[str, Field(max_length=500), AfterValidator(_link)] | None = None
    """Where people reach the console: notices link to the incident there."""


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
