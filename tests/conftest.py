"""Fixtures that several test files share live in plugins under tests/support."""

import signal

from hypothesis import HealthCheck, settings

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` ignores it, for children too

settings.register_profile(
    "steady",
    deadline=None,  # a machine may be slow
    derandomize=True,  # the same examples each time: what failed once can be repeated
    suppress_health_check=[HealthCheck.too_slow],
)
"""What the property tests run with unless another profile is asked for."""

settings.register_profile("fuzz", max_examples=5000, deadline=None)
"""What `make fuzz` runs the property tests with: other examples each time."""

settings.load_profile("steady")

pytest_plugins = [
    "tests.support.databases",
    "tests.support.dataplane",
    "tests.support.demo",
    "tests.support.faulty",
    "tests.support.websocket",
]
