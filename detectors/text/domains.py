"""Which names are registered domains: the public suffix list as tldextract carries it, never fetched, never cached on disk."""

from tldextract import TLDExtract


class Domains:
    """The bundled list, loaded once."""

    def __init__(self) -> None:
        self._extract = TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)
        self._extract("example.com")  # the list is read at the first call: not while somebody waits

    def has_registered_domain(self, value: str) -> bool:
        """Whether an e-mail address or URL ends in a name under a public suffix."""
        return bool(self._extract(value).fqdn)
