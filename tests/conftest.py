"""What holds for all tests: how fast examples are made and run is the machine's affair, not a property of what is tested."""

from hypothesis import HealthCheck, settings

settings.register_profile("oddgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oddgate")
