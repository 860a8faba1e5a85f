"""What measures may be aimed at: the names of the settings, and the policies that are in force."""

import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.config import Config
from gateway.incidents.allowed import Endpoint, Known
from policies.load import library, load_dir
from policies.objections import Catalog

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,199}")
_DEMO = "demo"


def known_to(config: Config) -> Known:
    """Without policies."""
    upstreams = {each.name: Endpoint(each.dialect, each.api_key is not None) for each in config.upstreams}
    return Known(
        frozenset(app.name for app in config.apps), upstreams or {_DEMO: Endpoint("any", has_key=False)}, frozenset(_models(config))
    )


def known_with_policies(config: Config, catalog: Catalog) -> Known:
    """Raises PolicyError and OSError, where policies cannot be read."""
    loaded = load_dir(config.policies.dir or library(), catalog)
    return replace(known_to(config), policies=tuple([each.policy for each in loaded.values()]))


def _models(config: Config) -> Iterator[str]:
    """Those that are named, and not only meant by a glob."""
    named = [part.models for part in config.upstreams] + [part.models for part in config.routes] + [part.models for part in config.prices]
    for models in named:
        yield from filter(_MODEL.fullmatch, models)
