"""Problems, which know their key path, → errors, which know their line and column."""

from proxy.config.errors import ConfigError, KeyPath, Problem, dotted
from proxy.config.nodes import Scalar
from proxy.config.source import Place, Source


def located(problem: Problem, source: Source) -> ConfigError:
    """The error of a problem, at the place in the file where it can be put right.

    A value that a route inherits is put right in `defaults`. A key that is missing is reported at the mapping
    that lacks it, and what is wrong inside a short form (`modern: payments`) at its text.
    """
    path = problem.path
    place = source.locate(path)
    if place.found < len(path) and (inherited := _in_defaults(path, place, source)):
        path, place = inherited
    is_missing = place.found < len(path) and not isinstance(place.node, Scalar)
    position = place.key if is_missing or problem.at_key else place.node.position
    known = path if is_missing else path[: place.found]
    return ConfigError(source.file, *position, dotted(known), _message(problem, source), problem.severity)


def _message(problem: Problem, source: Source) -> str:
    if problem.other is None:
        return problem.message
    return problem.message.replace("{line}", str(source.locate(problem.other).key.line))


def _in_defaults(path: KeyPath, place: Place, source: Source) -> tuple[KeyPath, Place] | None:
    """The path below `defaults`, when that leads further than the path below the route does."""
    if path[:1] != ("routes",):
        return None
    inherited = ("defaults", *path[2:])
    other = source.locate(inherited)
    return (inherited, other) if other.found - 1 > place.found - 2 else None
