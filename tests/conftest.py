"""Fixtures that several test files share live in plugins under tests/support."""

from hypothesis import settings

settings.register_profile("fuzz", max_examples=5000, deadline=None)
"""What `make fuzz` runs the property tests with."""

pytest_plugins = [
    "tests.support.databases",
    "tests.support.dataplane",
    "tests.support.demo",
    "tests.support.faulty",
    "tests.support.websocket",
]
