"""What holds for all tests: how fast examples are made and run is the machine's affair, not a property of what is tested.

Continuous integration tries the same examples every time, so that what fails there was changed there; elsewhere they are new each time.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("oddgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("oddgate-ci", settings.get_profile("oddgate"), derandomize=True, database=None)
settings.load_profile("oddgate-ci" if os.environ.get("CI") else "oddgate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with the most that is slow come first, and then all that need a gateway: where files are handed out to several processes,
    none is left with a long one at the end. Tests of one file stay together, in their order.
    """
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], "integration" not in item.path.parts))
