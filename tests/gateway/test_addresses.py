"""Addresses as people use them."""

import pytest

from gateway.addresses import http_url


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:5"), ("::1", "http://[::1]:5"), ("localhost", "http://localhost:5")]
)
def test_urls(host: str, url: str):
    """As people paste them."""
    assert http_url(host, 5) == url
