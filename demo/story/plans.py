"""The plans by which two endpoints are ramped, in the demo's own copy of routes.yaml."""

CLEAN, BROKEN = "payment-list", "rate-fee"

STEPS = (25, 50, 100)

_GATES = "errors: {max_increase: 5}, latency: null, mismatches: {max: 5}, triage: null"
_PLAN = f"{{steps: {list(STEPS)}, bake: 3s, min_requests: 50, gates: {{{_GATES}}}}}"
PLANS = {CLEAN: _PLAN, BROKEN: _PLAN}
"""`ramp` of both routes.

The gates are asked for what a minute of traffic can show: limits of 5, where a real migration has time for
the defaults. Latency says nothing where clients and both sides share one machine. Triage would keep the
broken endpoint from starting, because its diff group is open; the story is about the gate that measures.
"""
