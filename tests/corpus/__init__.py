"""Pairs of answers by real PHP and real FastAPI, each with every difference it has.

`python -m tests.corpus` runs both sides and prints precision and recall.
"""

from tests.corpus import (
    bodies,
    dates,
    forms,
    headers,
    html,
    lists,
    numbers,
    payments,
    rules,
    strings,
    structure,
    tables,
    together,
    xml,
)
from tests.support.corpus import Case

CASES: tuple[Case, ...] = (
    *numbers.CASES,
    *strings.CASES,
    *structure.CASES,
    *lists.CASES,
    *dates.CASES,
    *bodies.CASES,
    *headers.CASES,
    *html.CASES,
    *xml.CASES,
    *forms.CASES,
    *tables.CASES,
    *rules.CASES,
    *payments.CASES,
    *together.CASES,
)
