"""The settings: defaults, every mistake with its line, and the documented example."""

import re
from pathlib import Path

import pytest

from gateway.config import Config, untrusted_labels
from gateway.settings import ConfigError, load_config

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "oddgate.example.yaml"


@pytest.fixture
def load(tmp_path):
    """Settings from a text."""

    def run(text: str, **env: str) -> Config:
        path = tmp_path / "oddgate.yaml"
        path.write_text(text)
        return load_config(path, env)

    return run


def problems(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [re.sub(r"^.*/oddgate\.yaml:?", "", line) for line in str(error.value).splitlines()]


def test_nothing_is_needed(load):
    """No file, an empty one, one of comments, and one of empty sections all mean the defaults."""
    assert load_config(None, {}) == Config()
    for text in ("", "# listen:\n#   port: 1\n", "listen:\npolicies:\nupstreams:\n"):
        assert load(text) == Config()


def test_defaults_are_safe():
    """Nothing listens to other machines, and no record is dropped, unless the settings say so."""
    config = Config()
    assert (config.listen.host, config.listen.admin_host) == ("127.0.0.1", "127.0.0.1")
    assert (config.listen.port, config.listen.admin_port) == (8080, 8081)
    assert config.journal.on_error == "block"
    assert config.policies.dir is None


def test_what_is_set(load):
    """A whole file, secrets from the environment."""
    config = load(
        """
listen: {port: 9000, admin_host: 0.0.0.0, admin_token: env:TOKEN, max_body_mb: 8}
policies: {dir: ./policies, default: support}
upstreams:
  - {name: openai, dialect: openai, base_url: https://api.openai.com, api_key: env:KEY, models: ["gpt-*"], headers: {x-team: env:KEY}}
  - {name: backup, base_url: http://10.0.0.1:8000/v1/}
routes: [{models: ["gpt-*"], to: [openai, backup], strategy: first_healthy}]
apps: [{name: support-bot, key: env:APP, policy: support}, {name: shop, key: sk-shop}]
state: {url: memory://}
journal: {dir: ./var/journal, segment_mb: 64, fsync: interval}
detectors: {pii: {ner_model: ./model, workers: 2}}
""",
        TOKEN="t",
        KEY="k",
        APP="a",
    )
    assert config.listen.admin_token.get_secret_value() == "t"
    assert config.upstreams[0].api_key.get_secret_value() == "k"
    assert config.upstreams[0].headers["x-team"].get_secret_value() == "k"
    assert [upstream.base_url for upstream in config.upstreams] == ["https://api.openai.com", "http://10.0.0.1:8000"]
    assert config.policies.dir == Path("policies")
    assert config.detectors.pii.ner_model == Path("model")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.openai.com", "https://api.openai.com"),
        ("https://api.openai.com/", "https://api.openai.com"),
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://api.openai.com/v1/", "https://api.openai.com"),
        ("https://host:8443/llm/v1", "https://host:8443/llm"),
        ("http://[::1]:9000/v1", "http://[::1]:9000"),
        ("https://host/v1beta", "https://host/v1beta"),
        ("https://host/myv1", "https://host/myv1"),
    ],
)
def test_base_url_with_or_without_v1(load, url, kept):
    """Both ways of writing an endpoint mean the same."""
    assert load(f"upstreams: [{{name: a, base_url: '{url}'}}]").upstreams[0].base_url == kept


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("host", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("http://", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("http://a b", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("http://host:99999", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("http://[::1", "this is not a URL of an endpoint; allowed: https://HOST[:PORT][/PREFIX], or http://…"),
        ("https://user:pass@host", "a URL must not hold a password; use api_key or headers"),
        ("https://host/v1?key=1", "a base URL has no ?query or #fragment"),
    ],
)
def test_urls_that_are_no_endpoint(load, url, message):
    """What cannot be an endpoint is refused, without a word of it: it may hold a key."""
    with pytest.raises(ConfigError) as error:
        load(f"upstreams: [{{name: a, base_url: '{url}'}}]")
    assert problems(error) == [f"1: upstreams[0].base_url: {message}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("listn: {}", ["1: listn: unknown key; did you mean listen? allowed: listen, policies, *"]),
        ("listen:\n  prot: 1", ["2: listen.prot: unknown key; did you mean port? allowed: *"]),
        ("listen: {port: 70000}", ["1: listen.port: must be at most 65535"]),
        ("listen: {port: '8080'}", ["1: listen.port: must be a whole number"]),
        ("listen: {body_timeout_s: 0}", ["1: listen.body_timeout_s: must be more than 0.0"]),
        ("listen: {body_timeout_s: 1e999}", ["1: listen.body_timeout_s: must be *"]),
        ("listen: 8080", ["1: listen: must be a mapping; allowed keys: *"]),
        ("listen: {port: 1, admin_port: 1}", ["1: listen.admin_port: 1 is the port of the data side; allowed: any other"]),
        ("listen: {workers: 0}", ["1: listen.workers: *1*"]),
        ("listen: {workers: 65}", ["1: listen.workers: *64*"]),
        ("listen: {admin_host: 0.0.0.0}", ["1: listen.admin_host: other machines reach this address: set listen.admin_token; *"]),
        ("listen: {admin_host: gateway.internal}", ["1: listen.admin_host: other machines reach this address: *"]),
        ("- a", ["1: must be a mapping; allowed keys: listen, *"]),
        ("listen: {", ["1: this is not YAML: *"]),
        ("labels: {trust: [name]}", ["1: labels.trust[0]: 'name' is not allowed here; allowed: user, session, group, app"]),
        (
            "apps: [{name: a, key: k}]\nlabels: {trust: [user, app]}",
            ["2: labels.trust[1]: applications are known by their keys; allowed where none are configured"],
        ),
        ("apps: [{name: a, key: k, trust: [app]}]", ["1: apps[0].trust[0]: 'app' is not allowed here; allowed: user, session, group"]),
        (
            "upstreams:\n- {name: a, base_url: http://a, forward_headers: [x-title, X-Oddgate-User]}",
            ["2: upstreams[0].forward_headers[1]: the header X-Oddgate-User is for the gateway alone"],
        ),
        (
            "upstreams:\n- {name: a, base_url: http://a, forward_headers: [Baggage]}",
            ["2: upstreams[0].forward_headers[0]: the header Baggage goes on by itself, as far as it may; leave it out"],
        ),
        *(
            (f"telemetry: {{otlp_endpoint: '{url}'}}", ["1: telemetry.otlp_endpoint: this is not the address of a collector; allowed: *"])
            for url in ("collector:4317", "grpc://collector:4317", "http://", "http://c:0", "http://c?x=1", "http://c/a b", "http://[::1")
        ),
        (
            "telemetry: {otlp_endpoint: 'https://me:hush@collector'}",
            ["1: telemetry.otlp_endpoint: an address must not hold a password; headers come from OTEL_EXPORTER_OTLP_HEADERS"],
        ),
        (
            "telemetry:\n  scrape:\n    - {name: a, url: 'http://a/metrics'}\n    - {name: a, url: 'http://b/metrics'}",
            ["4: telemetry.scrape[1].name: the same name is given to scrape[0]; each needs its own"],
        ),
        (
            "telemetry: {scrape: [{name: a, url: 'http://a/m', bearer_token: t, headers: {Authorization: t}}]}",
            ["1: telemetry.scrape[0].bearer_token: headers has authorization already; allowed: one of them"],
        ),
        (
            "telemetry: {scrape: [{name: a, url: 'https://me:hush@a/metrics'}]}",
            ["1: telemetry.scrape[0].url: an address must not hold a password; use bearer_token or headers"],
        ),
        *(
            (f"telemetry: {{scrape: [{{name: a, url: '{url}'}}]}}", ["1: telemetry.scrape[0].url: this is not the address of a page *"])
            for url in ("a", "ftp://a/metrics", "http://a/m#x", "http://a:0/m", "http://a b/m")
        ),
        ("telemetry: {scrape: [{name: a, url: 'http://a/m', kind: ollama}]}", ["1: telemetry.scrape[0].kind: *"]),
        ("telemetry: {otlp_logs: true}", ["1: telemetry.otlp_logs: there is no collector to send them to; set telemetry.otlp_endpoint"]),
        ("telemetry: {forward: http://c}", ["1: telemetry.forward: there is nothing to send on; set telemetry.receive: true"]),
        (
            "telemetry: {receive: true, forward: 'https://me:hush@c'}",
            ["1: telemetry.forward: an address must not hold a password; use forward_headers"],
        ),
        (
            "telemetry:\n  receive: true\n  receive_host: 0.0.0.0",
            ["3: telemetry.receive_host: other machines reach this address: set telemetry.receive_token; *"],
        ),
        (
            "apps: [{name: a, key: k}]\ntelemetry: {receive: true, receive_token: t}",
            ["2: telemetry.receive_token: applications are known by their keys; allowed where none are configured"],
        ),
        (
            "telemetry: {receive: true, receive_port: 8081}",
            ["1: telemetry.receive_port: 8081 is the port of another side; allowed: any other"],
        ),
        (
            "telemetry: {receive: true, forward: 'http://localhost:4318', otlp_endpoint: 'http://127.0.0.1:4318/'}",
            [
                f"1: telemetry.{key}: this is the gateway's own receiver, which would be told of itself without end"
                for key in ("otlp_endpoint", "forward")
            ],
        ),
        (
            "telemetry: {receive: true, forward: http://c, forward_headers: {Content-Type: x}}",
            ["1: telemetry.forward_headers.Content-Type: the header Content-Type is the gateway's own"],
        ),
        ("memo: {max_mb: 1}\nmemo: {max_mb: 2}", ["2: memo: the key is already given on line 1"]),
        ("upstreams:\n- {name: a}", ["2: upstreams[0].base_url: this key is required"]),
        (
            "upstreams:\n- {name: a, base_url: http://a, api_key: env:NOPE}",
            ["2: upstreams[0].api_key: the environment variable NOPE is not set"],
        ),
        (
            "upstreams:\n- {name: a, base_url: http://a, dialect: opnai}",
            ["2: upstreams[0].dialect: 'opnai' is not allowed here; did you mean openai? *"],
        ),
        ("upstreams:\n- {name: a, base_url: http://a, models: []}", ["2: upstreams[0].models: must have at least 1 entries"]),
        (
            "upstreams:\n- {name: a, base_url: http://a, headers: {Host: x}}",
            ["2: upstreams[0].headers.Host: the header Host is the gateway's own"],
        ),
        (
            "upstreams:\n- {name: a, base_url: http://a, headers: {authorization: x}}",
            ["2: upstreams[0].headers.authorization: the header authorization is the gateway's own; use api_key"],
        ),
        (
            "upstreams:\n- {name: a, base_url: http://a}\n- {name: a, base_url: http://b}",
            ["3: upstreams[1].name: the same name is given to upstreams[0]; *"],
        ),
        (
            "upstreams: [{name: a, base_url: http://a}]\nroutes:\n- {to: [a, b, a]}",
            ["3: routes[0].to[1]: there is no upstream b; allowed: a", "3: routes[0].to[2]: a is listed twice"],
        ),
        ("routes:\n- {to: []}", ["2: routes[0].to: must have at least 1 entries"]),
        ("routes:\n- {to: [a], strategy: random}", ["2: routes[0].strategy: 'random' is not allowed here; allowed: first_healthy"]),
        ("apps:\n- {name: a}", ["2: apps[0].key: this key is required"]),
        ("apps:\n- {name: a, key: k, limits: {rpm: 1}}", ["2: apps[0].limits: limits are not supported by this version and *"]),
        (
            "apps:\n- {name: a, key: k}\n- {name: a, key: k}",
            [
                "3: apps[1].name: the same name is given to apps[0]; each needs its own",
                "3: apps[1].key: the same key is given to apps[0]; *",
            ],
        ),
        ("state: {url: env:NOPE}", ["1: state.url: the environment variable NOPE is not set"]),
        ("state: {vault_ttl_h: 0}", ["1: state.vault_ttl_h: must be at least 1"]),
        ("state: {timeout_ms: 0.5}", ["1: state.timeout_ms: must be a whole number"]),
        ("store: {url: x}", ["1: store.url: this is not the URL of a store of exchanges; allowed: sqlite:///PATH *"]),
        ("store: {url: 'clickhouse://me@host/db?secure=true'}", ["1: store.url: this is not the URL of a store of exchanges; allowed: *"]),
        ("store: {url: 'clickhouses://host/db'}", ["1: store.url: this is not the URL of a store of exchanges; allowed: *"]),
        ("store: {url: 'postgresql://me@host'}", ["1: store.url: this is not the URL of a store of exchanges; allowed: *"]),
        ("watch: {shared: true}", ["1: watch.shared: what is shared goes through a Redis: set state.url to redis://…"]),
        (
            "watch: {drift: {reference: {least: 5000, size: 1000}}}",
            ["1: watch.drift.reference.least: no more can be learned first than at all; allowed: 50 to 1000, as reference.size"],
        ),
        (
            "watch: {drift: {reference: {start: '2026-11-01T00:00:00+00:00'}}}",
            ["1: watch.drift.reference.start: this is of a period; set kind: period, or leave it out"],
        ),
        (
            "watch: {drift: {reference: {kind: period, start: '2026-11-02T00:00:00+00:00', end: '2026-11-01T00:00:00+00:00'}}}",
            ["1: watch.drift.reference.kind: a period needs a start, and an end after it"],
        ),
        (
            "watch: {drift: {reference: {kind: period, start: yesterday, end: '2026-11-01T00:00:00'}}}",
            [
                "1: watch.drift.reference.start: this is no time; allowed: 2026-11-22T10:15:00+00:00",
                "1: watch.drift.reference.end: this is no time; allowed: 2026-11-22T10:15:00+00:00",
            ],
        ),
        (
            "watch: {metrics_port: 9464, metrics_host: 0.0.0.0}",
            ["1: watch.metrics_host: other machines reach this address: set watch.metrics_token; allowed without: 127.0.0.1, *"],
        ),
        (
            "watch: {observe: false, bias: {cues: true}}",
            [
                "1: watch.bias.cues: nothing is recorded of what texts are like: set watch.observe to true; allowed without: false",
            ],
        ),
        ("watch: {metrics_port: 8081}", ["1: watch.metrics_port: 8081 is a port of the gateway's; allowed: any other"]),
        ("store: {keep_text: some}", ["1: store.keep_text: 'some' is not allowed here; allowed: none, redacted, full"]),
        (
            "store:\n  keep_text: full\n  text_key: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
            ["2: store.keep_text: full keeps what people say as they say it: set store.allow_full_text: true besides; *"],
        ),
        (
            "store:\n  allow_full_text: true\n  keep_text: full",
            ["3: store.keep_text: full is kept sealed: set store.text_key; allowed without: none, redacted"],
        ),
        (
            "store: {text_key: too-short}",
            ["1: store.text_key: this is too short for a key; allowed: 32 characters and more, such as those of `openssl rand -hex 32`"],
        ),
        ("store: {text_key: env:NOPE}", ["1: store.text_key: the environment variable NOPE is not set"]),
        (
            "watch:\n  bias: {enabled: false}\n  probes:\n    enabled: true\n    attributes: [age, age]",
            [
                "3: watch.probes.apps: say which apps may be asked again; allowed: names, and globs such as *",
                "3: watch.probes.models: say which models may be asked again; allowed: names, and globs such as *",
                "4: watch.probes.enabled: what is asked again is taken from the texts that are kept redacted: set store.keep_text: *",
                "4: watch.probes.enabled: it is a part of the watch for bias: set watch.bias.enabled: true",
                "4: watch.probes.enabled: probes use no client's key: give an upstream its api_key (dialect openai, anthropic or any)",
                "5: watch.probes.attributes: each attribute once",
            ],
        ),
        (
            "store: {retain_days: 3, text_retain_days: 4}",
            ["1: store.text_retain_days: a text is kept no longer than its exchange; allowed: 1 to 3, as store.retain_days"],
        ),
        ("journal: {fsync: sometimes}", ["1: journal.fsync: 'sometimes' is not allowed here; allowed: interval, always, never"]),
        (
            "alerts: []\nlisten: {prt: 1}",
            ["2: listen.prt: unknown key; did you mean port? *"],
        ),
        (
            """\
alerts:
  link: https://a.example/?x
  objectives: [{apps: ["*"], objective: 1}]
  channels:
    - {name: a, kind: slack, url: "https://u:p@h.example/"}
    - {name: b, kind: carrier-pigeon}
  routes:
    - {channels: [a], hours: {zone: Mars/Olympus, start: "8:00", days: [mon, funday]}}""",
            [
                "2: alerts.link: this is not the address of a console; allowed: *",
                "3: alerts.objectives[0].objective: must be at most 0.99999",
                "5: alerts.channels[0].url: this is not the URL of a channel; allowed: *",
                "6: alerts.channels[1].kind: 'carrier-pigeon' is not allowed here; allowed: pagerduty, *",
                "8: alerts.routes[0].hours.zone: this is no time zone; allowed: *",
                "8: alerts.routes[0].hours.start: must match *",
                "8: alerts.routes[0].hours.days[1]: 'funday' is not allowed here; *",
            ],
        ),
        (
            """\
alerts:
  channels:
    - {name: a, kind: slack}
    - {name: a, kind: mail, host: h, sender: a@b.example, to: [c@d.example], user: u}
    - {name: c, kind: pagerduty, routing_key: short}
    - {name: d, kind: teams, url: "https://t.example/x", api_key: k}
    - {name: e, kind: webhook, url: "https://w.example/", secrets: [whsec_x]}
  routes:
    - {channels: [x], hours: {zone: UTC, start: "08:00", end: "08:00"}}""",
            [
                "2: alerts.channels: where no route fits, a page must go somewhere: set alerts.last; allowed: a, a, c, d, e",
                "3: alerts.channels[0].kind: slack needs url",
                "4: alerts.channels[1].name: the same name is given to channels[0]; each needs its own",
                "4: alerts.channels[1].user: user and password go together; allowed: both, or none",
                "5: alerts.channels[2]: routing_key: 32 letters and digits",
                "6: alerts.channels[3].api_key: this is not for teams; allowed: url",
                "7: alerts.channels[4]: a webhook's secret: whsec_ and the base64 of 24 to 64 bytes",
                "9: alerts.routes[0].channels[0]: there is no channel x; allowed: a, a, c, d, e",
                "9: alerts.routes[0].hours.end: this is when they begin; allowed: *",
            ],
        ),
        (
            "alerts: [{kind: slack, url: 'https://h.example/x'}, {name: b, kind: slack, url: 'https://h.example/x', severity: [bad]}, 3]",
            [
                "1: alerts.channels[0].name: this key is required",
                "1: alerts.channels[2]: must be a mapping; allowed keys: *",
                "1: alerts.routes[0].severity: 'bad' is not allowed here; allowed: info, warning, error, critical",
            ],
        ),
    ],
)
def test_refusals(load, text, said):
    """Each mistake is named with its line and key, what is wrong, and what is allowed."""
    with pytest.raises(ConfigError) as error:
        load(text)
    found = problems(error)
    assert len(found) == len(said), found
    for line, expected in zip(found, said, strict=True):
        start, star, _ = expected.partition("*")
        assert line.startswith(start) if star and expected.endswith("*") else line == expected


@pytest.mark.parametrize("end", ["", "/", "/v1/traces", "/v1/traces/"])
def test_the_address_of_a_collector(load, end):
    """With or without the path that spans go to, and with a prefix before it."""
    assert load(f"telemetry: {{otlp_endpoint: 'https://otlp.example.com:4318/otlp{end}'}}").telemetry.otlp_endpoint == (
        "https://otlp.example.com:4318/otlp"
    )
    assert load("telemetry: {otlp_endpoint: null, receive: false, forward: null}").telemetry.otlp_endpoint is None


@pytest.mark.parametrize(
    "text",
    [
        "telemetry: {receive: true, receive_host: 0.0.0.0, receive_token: env:T}",
        "telemetry: {receive: true, receive_host: 0.0.0.0}\napps: [{name: a, key: k}]",
        "telemetry: {receive: true, forward: 'https://c/otlp', forward_headers: {authorization: env:T}}",
    ],
)
def test_receiving_telemetry(load, text):
    """On any address with a token or applications' keys, and with what the collector asks for."""
    assert load(text, T="hush").telemetry.receive


@pytest.mark.parametrize("url", ["redis://h", "redis://:p%40ss@h:6380/2", "rediss://user:hush@[::1]:6379/0", "memory://"])
def test_the_url_of_a_store(load, url):
    """Written out, or kept in the environment for its password."""
    assert load(f"state: {{url: '{url}'}}").state.url.get_secret_value() == url
    assert load("state: {url: env:STORE}", STORE=url).state.url.get_secret_value() == url
    assert load("", ODDGATE_STATE__URL=url).state.url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        *("redis://", "http://h", "unix:///run/hush", "redis://h:0", "redis://h:99999", "redis://h/name", "redis://h/1/2", "hush"),
        *("redis://h?db=1", "redis://h#1", "redis://[::1", "memory://x", "redis:h", "redis://u:hu/sh@h"),
    ],
)
def test_what_is_no_url_of_a_store(load, url):
    """What no store is reached by is refused with what is allowed, and is not repeated: it may hold a password."""
    with pytest.raises(ConfigError) as error:
        load(f"state:\n  url: '{url}'")
    allowed = "memory://, redis://[[USER]:PASSWORD@]HOST[:PORT][/NUMBER], or rediss://… with TLS"
    assert problems(error) == [f"2: state.url: this is not the URL of a store; allowed: {allowed}"]


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"ODDGATE_LISTEN__PORT": "x"}, "$ODDGATE_LISTEN__PORT: listen.port: must be a whole number"),
        ({"ODDGATE_LISTEN__PROT": "1"}, "$ODDGATE_LISTEN__PROT: listen.prot: unknown key; did you mean port?"),
        ({"ODDGATE_TELEMETRY__RECEIVE": "x"}, "$ODDGATE_TELEMETRY__RECEIVE: telemetry.receive: must be true or false"),
        ({"ODDGATE_ALERTS": "[{name: a, kind: x}]"}, "$ODDGATE_ALERTS:1: alerts.channels[0].kind: 'x' is not allowed here"),
        ({"ODDGATE_NONE__X": "x"}, "$ODDGATE_NONE__X: none: unknown key"),
        ({"ODDGATE_UPSTREAM": "nohost"}, "$ODDGATE_UPSTREAM: upstreams[0].base_url: this is not a URL of an endpoint"),
    ],
)
def test_problems_of_the_environment(env, said):
    """A mistake in a variable is named by the variable."""
    with pytest.raises(ConfigError) as error:
        load_config(None, env)
    assert str(error.value).startswith(said)


def test_one_upstream_by_environment(load):
    """The short form replaces what the file says of upstreams."""
    config = load("upstreams: [{name: a, base_url: http://a}]", ODDGATE_UPSTREAM="https://api.example.com/v1")
    assert [(upstream.name, upstream.base_url) for upstream in config.upstreams] == [("openai", "https://api.example.com")]


def test_missing_file(tmp_path):
    """A file that was named and is not there is an error, not the defaults."""
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load_config(tmp_path / "none.yaml", {})


def test_secrets_are_never_shown(load):
    """Neither the settings nor an error tell a secret."""
    text = "listen: {admin_token: hush-1}\napps: [{name: a, key: hush-2}]\nsecret_key: hush-3"
    assert "hush" not in repr(load(text))
    with pytest.raises(ConfigError) as error:
        load(text.replace("name: a", "name: a b").replace("secret_key: hush-3", "secret_key: {hush-3: 1}\nstate: {url: hush-4}"))
    assert "hush" not in str(error.value)


def test_documented_example(load):
    """The example parses as it stands, and with what it shows commented out; what it calls a default is one."""
    config = load_config(EXAMPLE, {})
    assert config.model_copy(update={"upstreams": (), "routes": ()}) == Config()
    shown = re.sub(r"^( *)# ?((?:admin_token|dir|api_key|headers|ner_model|secret_key):)", r"\1\2", EXAMPLE.read_text(), flags=re.MULTILINE)
    env = dict.fromkeys(("ODDGATE_ADMIN_TOKEN", "OPENAI_API_KEY", "ODDGATE_KEY"), "x")
    full = load(shown, **env)
    assert full.secret_key is not None
    assert full.upstreams[0].api_key is not None
    assert full.policies.dir == Path("policies")


def test_every_key_is_documented():
    """Every setting stands in the example."""
    text = EXAMPLE.read_text()
    schema = Config.model_json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    undocumented = {key for key in keys if not re.search(rf"\b{key}:", text)} - {"rpm", "tpm", "usd_per_day"}
    assert undocumented == set()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("labels: {trust: []}", ("user", "session", "group")),
        ("labels: {}", ("group",)),
        ("labels: {trust: [group, app]}", ("user", "session")),
        ("apps: [{name: a, key: k1}, {name: b, key: k2, trust: [group]}]", ()),
        ("labels: {trust: [group]}\napps: [{name: a, key: k1, trust: []}, {name: b, key: k2, trust: [user]}]", ("session", "group")),
    ],
)
def test_untrusted_labels(load, text, labels):
    """A label is nobody's to say where neither an application's own list nor, without one, the general list has it."""
    assert untrusted_labels(load(text)) == labels


@pytest.mark.parametrize(
    ("said", "days"), [("{}", 7), ("{retain_days: 3}", 3), ("{text_retain_days: 30}", 30), ("{retain_days: 9, text_retain_days: 1}", 1)]
)
def test_how_long_texts_are_kept(load, said, days):
    """A week, unless it is said otherwise, and never longer than the exchanges."""
    assert load(f"store: {said}").store.text_days == days


def test_full_text_by_both_switches(load):
    """With the second switch and a key, everything may be kept."""
    store = load(f"store: {{keep_text: full, allow_full_text: true, text_key: {'k' * 32}}}").store
    assert store.keep_text == "full"
    assert "kkk" not in repr(store)
