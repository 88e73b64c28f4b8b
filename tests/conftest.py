"""Fixtures that several test files share live in plugins under tests/support."""

pytest_plugins = [
    "tests.support.databases",
    "tests.support.dataplane",
    "tests.support.demo",
    "tests.support.faulty",
    "tests.support.websocket",
]
