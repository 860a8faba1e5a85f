"""What metrics call models, applications and providers: as the settings do. A name that only a client says is ``other``."""

from collections.abc import Callable, Collection, Mapping

OTHER = "other"


class Names:
    """``model`` says what a model is called that the settings know; ``providers`` are those of the upstreams, by their names."""

    def __init__(
        self,
        model: Callable[[str], str | None] = lambda model: None,
        providers: Mapping[str, str] | None = None,
        apps: Collection[str] = (),
    ) -> None:
        self._model = model
        self._providers = providers or {}
        self._apps = frozenset(apps)

    def of(self, model: str, upstream: str | None, app: str) -> tuple[str, str, str]:
        """Model, provider and application. Empty is what there was none of."""
        return (
            model and (self._model(model) or OTHER),
            self._providers.get(upstream, OTHER) if upstream else "",
            app if not app or app in self._apps else OTHER,
        )
