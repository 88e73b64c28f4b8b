"""What the shadow worker needs of routes.yaml is refused where it would not work there."""

from tests.support.config import errors_below


def test_places_to_hide_must_be_ones_that_can_be_found_again() -> None:
    assert errors_below(
        """\
        routes:
          - id: a
            match: {path: /a}
            modern: payments
            shadow:
              redact:
                paths: ["$.a", "$.b[?@.x]"]
        """
    ) == [
        "routes.yaml:11:24: routes[0].shadow.redact.paths[1]: "
        "redact.paths are made of names, indexes from 0 on "
        "and wildcards, without filters or slices"
    ]
