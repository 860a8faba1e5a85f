"""A small stand-in for the detectors' catalog."""

from collections.abc import Callable

import pytest

from policies.load import LoadedPolicy, load_text


class FakeCatalog:
    def names(self):
        return ("pii", "secrets")

    def entities(self, detect):
        return {"pii": ("EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER"), "secrets": ("AWS_KEY",)}[detect]

    def pooled_entities(self, detect):
        return ("PERSON",) if detect == "pii" else ()

    def pattern_problem(self, name, regex, validator):
        return "it can match in too many ways" if regex == "(a+)+" else None


@pytest.fixture(scope="session")
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture(scope="session")
def loaded(catalog: FakeCatalog) -> Callable[[str], LoadedPolicy]:
    """Load a policy's text."""
    return lambda text: load_text(text, "p.yaml", catalog)
