"""What PHP prints into a body by itself: notices, warnings and fatal errors, as HTML or as text."""

from dataclasses import dataclass

import re2

_LEVELS = (
    "Warning|Notice|Deprecated|Strict Standards|Fatal error|Parse error|Compile error"
    "|Recoverable fatal error|Catchable fatal error|Unknown error"
)
_FATAL = ("Fatal error", "Parse error", "Compile error", "Recoverable fatal error", "Catchable fatal error")
# main.c, php_error_cb: "%s\n<b>%s</b>:  %s in <b>%s</b> on line <b>%d</b><br />\n%s" with html_errors, and
# "%s\n%s: %s in %s on line %d\n%s" without. A message may hold anything, so it ends at the first such ending.
# Lines begin and end as they are printed: within a JSON string, \n is two letters.
_HTML = (
    rf"(?:<br />\s*|^|\n)<b>({_LEVELS})</b>:  (?:.|\n)*?"
    r" in <b>[^<\n]*</b> on line <b>\d+</b><br />(?:\n|$)"
)
_TEXT = rf"(?:^|\n)(?:PHP )?({_LEVELS}): (?:.|\n)*? in [^\n]+? on line \d+\n?"
_NOTICE = re2.compile(f"{_HTML}|{_TEXT}")


@dataclass(frozen=True, slots=True)
class Notices:
    """A body without what PHP printed into it. first: the first notice. fatal: the script died."""

    text: str
    first: str = ""
    fatal: bool = False


def strip_notices(text: str) -> Notices:
    """Take PHP's own messages out of a body; most bodies have none and cost one scan."""
    if " on line " not in text:
        return Notices(text)
    found = list(_NOTICE.finditer(text))
    if not found:
        return Notices(text)
    kept, end = [], 0
    for notice in found:
        kept.append(text[end : notice.start()])
        end = notice.end()
    levels = {notice[1] or notice[2] for notice in found}
    return Notices("".join([*kept, text[end:]]), found[0][0].strip(), not levels.isdisjoint(_FATAL))
