"""`pytest -p tests.support.compiled`: the tests, and all that they start, with what is compiled."""

import pytest

from proxy import native

if not native.enable():
    raise pytest.UsageError("nothing is compiled of this very source: make fast")
