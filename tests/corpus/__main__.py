"""Prints what the comparison gets wrong, and its precision and recall."""

import sys

from tests.corpus import CASES
from tests.support.corpus import judge, score


def main() -> int:
    judged = judge(CASES)
    for one in judged:
        for missed in (one.expected - one.found).elements():
            print(f"missed   {one.case.name}: {missed}")
        for wrong in (one.found - one.expected).elements():
            print(f"wrong    {one.case.name}: {wrong}")
        if one.result.unread:
            print(f"unread   {one.case.name}: {one.result.unread}")
    total = score(judged)
    equal = sum(not one.case.expect for one in judged)
    print(f"{total.pairs} pairs, {equal} of them equal, {total.expected} differences")
    print(f"precision {total.precision:.2%}, recall {total.recall:.2%}")
    return 0 if total.right == total.expected == total.found else 1


if __name__ == "__main__":
    sys.exit(main())
