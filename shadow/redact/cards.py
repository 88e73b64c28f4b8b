"""Card numbers in text: 13–19 digits that pass Luhn, with the spaces and dashes that people write
into them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

HIDDEN = "[card]"

# A run of digits, with at most two spaces or dashes (of any width) between any of them.
_RUN = re.compile(r"(?<!\d)\d(?:[ \-\u00a0\u2007\u2009-\u2015\u202f]{0,2}\d){12,}")
# Groups as cards show them, with the same marks between all of them, whatever these are: 4929.1234.5678.1236.
_GROUPED = re.compile(
    r"(?<!\d)\d{4}(?P<between>[^0-9A-Za-z]{1,6})(?:\d{4}(?P=between)\d{4}(?P=between)\d{4}(?P<behind>(?P=between)\d{3})?"
    r"|\d{4}(?P=between)\d{4}(?P=between)\d{2,3}|\d{6}(?P=between)\d{4,5})(?!\d)"
)
_GROUP = re.compile(r"\d+")
# What the card schemes issue, for numbers that stand inside longer runs: Visa, Mastercard, American Express,
# Discover, JCB, UnionPay, Diners Club, Maestro.
_ISSUED = (
    re.compile(r"(?=(4\d{18}))"),
    re.compile(r"(?=(4\d{12}))"),
    re.compile(
        r"(?=(4\d{15}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|(?:6011|64[4-9]\d|65\d\d|62\d\d|35\d\d)\d{12}"
        r"|3(?:0[0-5]|[689]\d)\d{11}|(?:5[06-9]|6\d)\d{14}))"
    ),
)


def masked(digits: str) -> str:
    """The first six and last four digits, in one format; nothing of what is too short for that."""
    found = "".join(filter(str.isdecimal, digits))
    return f"{found[:6]}******{found[-4:]}" if 13 <= len(found) <= 40 else HIDDEN


def mask_cards(text: str) -> str:
    """The text with every card number masked."""
    text = _GROUPED.sub(_masked_groups, text)
    return _RUN.sub(lambda run: _masked_run(run[0]), text)


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in even)
    return (sum(map(int, odd)) + doubled) % 10 == 0


def _masked_groups(groups: re.Match[str]) -> str:
    digits = "".join(filter(str.isdecimal, groups[0]))
    behind = groups["behind"] or ""  # part of a number of 19 digits, or a CVV
    if not behind or not passes_luhn(digits[:16]):
        return masked(digits) if passes_luhn(digits) else groups[0]
    return HIDDEN if passes_luhn(digits) else masked(digits[:16]) + behind


def _masked_run(run: str) -> str:
    places = [index for index, mark in enumerate(run) if mark.isdecimal()]
    digits = "".join(run[place] for place in places)
    parts, shown = [], 0
    for start, end, certain in _numbers(digits, _bounds(run)):
        parts += [run[shown : places[start]], masked(digits[start:end]) if certain else HIDDEN]
        shown = places[end - 1] + 1
    return "".join([*parts, run[shown:]])


def _bounds(run: str) -> list[int]:
    """Where groups of digits begin and end, as places among the digits."""
    return [0, *accumulate(len(group) for group in _GROUP.findall(run))]


def _numbers(digits: str, bounds: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Where card numbers are, and whether their ends are certain.

    A group that is one by itself is nothing else. Where readings overlap that end in different places, all
    their groups are one uncertain number: the last digits of the longest may be a CVV.
    """
    spans = {*_by_groups(digits, bounds), *_by_issuer(digits)}
    alone = spans.intersection(pairwise(bounds))
    found: list[tuple[int, int, bool]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if (start, end) not in alone and any(start < last and first < end for first, last in alone):
            continue
        if not found or start >= found[-1][1]:
            found.append((start, end, True))
        elif end != found[-1][1]:
            first, last = found[-1][0], max(end, found[-1][1])
            found[-1] = bounds[bisect_right(bounds, first) - 1], bounds[bisect_left(bounds, last)], False
    yield from found


def _by_groups(digits: str, bounds: list[int]) -> Iterator[tuple[int, int]]:
    """Numbers that begin and end where groups of digits do."""
    for index, start in enumerate(bounds):
        for end in bounds[index + 1 : index + 20]:  # a group has a digit at least
            if end - start > 19:
                break
            if end - start >= 13 and passes_luhn(digits[start:end]):
                yield start, end


def _by_issuer(digits: str) -> Iterator[tuple[int, int]]:
    for issued in _ISSUED:
        for found in issued.finditer(digits):
            if passes_luhn(found[1]):
                yield found.start(1), found.end(1)
