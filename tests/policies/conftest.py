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

    def is_calibrated(self, detect):
        return detect in ("topics", "language", "secrets")

    def is_of_domains(self, detect):
        return detect in ("topics", "language")

    def missing(self, detect):
        return None

    def languages(self):
        return ("de", "en")

    def form_problem(self, kind, form):
        return (("type",), "there is no type intger") if form == {"type": "intger"} else None

    def pattern_problem(self, name, regex, validator):
        return "it can match in too many ways" if regex == "(a+)+" else None


@pytest.fixture(scope="session")
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture(scope="session")
def loaded(catalog: FakeCatalog) -> Callable[[str], LoadedPolicy]:
    """Load a policy's text."""
    return lambda text: load_text(text, "p.yaml", catalog)
