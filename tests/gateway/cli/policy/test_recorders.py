"""Which policy decided a record, by its version."""

from detectors.registry import Catalog
from gateway.cli.policy.recorders import Recorders
from gateway.proxy.versions import Versions
from policies.load import library, load_policy, load_text


def test_recorders(tmp_path):
    """One that is named, one that the gateway keeps, one of the library; nothing for any other."""
    named, kept, other = (load_text(f"name: {name}", "p.yaml", Catalog()) for name in ("named", "kept", "other"))
    Versions(tmp_path).keep([kept])
    default = load_policy(library() / "default.yaml", Catalog())
    recorders = Recorders([named], tmp_path)
    for known in (named, kept, default):
        assert recorders(known.version) == known.policy
    assert recorders(other.version) is None
    assert recorders("") is None
