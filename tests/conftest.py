"""What holds for all tests: how fast examples are made and run is the machine's affair, not a property of what is tested.

Continuous integration tries the same examples every time, so that what fails there was changed there; elsewhere they are new each time.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("oddgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("oddgate-ci", settings.get_profile("oddgate"), derandomize=True, database=None)
settings.load_profile("oddgate-ci" if os.environ.get("CI") else "oddgate")
