"""Rules between keys: each check looks at what is valid by itself, and yields what does not fit together."""

from collections.abc import Iterator, Mapping

from proxy.config.checks import comparing, conflicts, names, process, ramps, spelling, stages
from proxy.config.draft import Draft
from proxy.config.errors import Problem
from proxy.routing.pattern import Pattern

CHECKS = (
    names.backends_exist,
    names.ids_are_unique,
    names.ids_fit_the_ledger,
    names.rewrites_are_defined,
    names.sources_can_be_read,
    names.parameters_exist,
    stages.modern_is_there,
    stages.weight_has_its_stage,
    stages.canaries_have_weights,
    stages.groups_agree,
    stages.cohorts_are_disjoint,
    stages.forms_have_a_body,
    stages.fallback_can_happen,
    stages.writes_are_not_mirrored,
    spelling.header_edits_agree,
    spelling.escapes_are_whole,
    ramps.mismatches_can_be_seen,
    ramps.ramps_are_gradual,
    ramps.gates_can_pass,
    ramps.canaries_have_keys,
    process.ports_differ,
    process.control_is_guarded,
    process.health_checks_end,
    process.certificates_have_keys,
    process.certificates_are_checked,
    process.waits_grow,
    process.sockets_have_short_names,
    comparing.comparisons_compile,
    comparing.redactions_compile,
    comparing.bodies_can_be_compared,
)


def check(draft: Draft, patterns: Mapping[int, Pattern]) -> Iterator[Problem]:
    """Everything that is wrong, or worth a warning, between keys."""
    for one in CHECKS:
        yield from one(draft)
    yield from conflicts.conflicts(draft, patterns)
