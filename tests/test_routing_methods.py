"""The method a request really has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.methods import SAFE_METHODS, effective_method
from proxy.routing.request import TOO_LARGE
from tests.support.routing import head


@pytest.mark.parametrize(
    ("target", "method", "fields", "effective"),
    [
        ("/", "GET", [], b"GET"),
        ("/", "POST", [], b"POST"),
        ("/", "GET", ["X-HTTP-Method-Override: delete"], b"DELETE"),
        ("/", "POST", ["X-Http-Method-Override: PUT"], b"PUT"),
        ("/", "GET", ["X-Method-Override: PATCH"], b"PATCH"),
        ("/", "GET", ["X-HTTP-Method: PATCH"], b"PATCH"),
        ("/", "GET", ["X-HTTP-Method-Override:"], b"GET"),
        ("/?_method=DELETE", "GET", [], b"DELETE"),
        ("/?a=1&_method=delete", "POST", [], b"DELETE"),
        ("/?%5Fm%65thod=DELETE", "GET", [], b"DELETE"),
        ("/?.method=DELETE", "GET", [], b"DELETE"),
        ("/?_METHOD=DELETE", "GET", [], b"DELETE"),
        ("/?_method=GET&_method=DELETE", "GET", [], b"DELETE"),
        ("/?_method=DELETE&_method=GET", "GET", [], b"DELETE"),
        ("http://h/?_method=DELETE", "GET", [], b"DELETE"),
        ("/?_method=", "GET", [], b"GET"),
        ("/?_methods=DELETE&=DELETE", "GET", [], b"GET"),
        ("/?a=DELETE", "GET", [], b"GET"),
        ("/_method=DELETE", "GET", [], b"GET"),
        ("/?_method=GET", "POST", [], b"POST"),
        ("/", "POST", ["X-HTTP-Method-Override: GET"], b"POST"),
        ("/", "HEAD", ["X-HTTP-Method-Override: GET"], b"HEAD"),
    ],
)
def test_effective_method(target: str, method: str, fields: list[str], effective: bytes) -> None:
    assert effective_method(head(target, method, *fields)) == effective


def test_a_form_may_name_the_method() -> None:
    request = head("/", "POST")
    assert effective_method(request, b"a=1&_method=put") == b"PUT"
    assert effective_method(request, b"_method=GET") == b"POST"
    assert effective_method(request, TOO_LARGE) == b"POST"


METHODS = st.sampled_from(["GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "PURGE"])


@given(METHODS, METHODS, METHODS)
def test_an_override_never_makes_a_request_safe(method: str, in_header: str, in_query: str) -> None:
    request = head(f"/?_method={in_query}", method, f"X-HTTP-Method-Override: {in_header}")
    named = {method.encode(), in_header.encode(), in_query.encode()}
    assert (effective_method(request) in SAFE_METHODS) is (named <= SAFE_METHODS)
