"""Durations, sizes and percentages as routes.yaml writes them, and the numbers they become.

A duration becomes seconds (float, as asyncio wants it), a size bytes (int), a percentage hundredths of a
percent (int, 0–10,000), so that a weight compares with a bucket without rounding.
"""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from proxy.config.scalars import typed

SECOND = 1.0
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
PERCENT = 100

_SECONDS = {
    "d": Decimal(86400),
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
}
_BYTES = {"GiB": GIB, "MiB": MIB, "KiB": KIB, "B": 1}
_LONGEST = Decimal(3650 * 86400)
_LARGEST = 2**50

_DURATION_PART = r"([0-9]{1,12}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)"
_DURATION = re.compile(f"(?:{_DURATION_PART})+")
_SIZE = re.compile(r"([0-9]{1,16})(B|KiB|MiB|GiB)")
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")


def parse_duration(value: object) -> float:
    """`250ms`, `10s`, `1h30m` → seconds. Raises ValueError for anything else."""
    value = typed(value)
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        hint = f"; did you mean {value}s?" if _is_count(value) and value else ""
        raise ValueError(f"must be a duration such as 250ms, 10s, 5m, 24h or 14d{hint}")
    parts = re.findall(_DURATION_PART, value)
    seconds = sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))
    if seconds > _LONGEST:
        raise ValueError("must not be longer than 3650d")
    return float(seconds)


def parse_timeout(value: object) -> float:
    """As `parse_duration`, zero refused: a timeout of zero would fail every request."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise ValueError("must be longer than 0s")
    return seconds


def parse_size(value: object) -> int:
    """`64KiB`, `1MiB`, or a plain number of bytes → bytes. Raises ValueError for anything else."""
    value = typed(value)
    match = _SIZE.fullmatch(f"{value}B" if _is_count(value) else str(value))
    if match is None:
        raise ValueError("must be a size such as 512B, 64KiB, 1MiB or 2GiB, or a number of bytes")
    size = int(match[1]) * _BYTES[match[2]]
    if size > _LARGEST:
        raise ValueError("must not be larger than 1048576GiB")
    return size


def parse_percent(value: object) -> int:
    """`12.5` or `12.5%` → 1250 hundredths of a percent. Raises ValueError for anything else."""
    value = typed(value)
    number = value.removesuffix("%") if isinstance(value, str) and value.endswith("%") else value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number or number is not value) or not _PERCENT.fullmatch(str(number)):
        raise ValueError("must be a percentage from 0 to 100 with two decimals at most, such as 5 or 0.25")
    hundredths = int(Decimal(str(number)) * PERCENT)
    if hundredths > 100 * PERCENT:
        raise ValueError("must not be more than 100 percent")
    return hundredths


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def format_duration(seconds: float) -> str:
    """Seconds → the shortest spelling in one unit: `90s`, `250ms`, `14d`."""
    exact = Decimal(str(seconds))
    unit = next((unit for unit, size in _SECONDS.items() if exact >= size and exact % size == 0), "ms")
    return f"{(exact / _SECONDS[unit]).normalize():f}{unit}" if exact else "0s"


def format_size(size: int) -> str:
    """Bytes → the shortest spelling in one unit: `64KiB`, `1500B`."""
    unit = next(unit for unit, count in _BYTES.items() if size % count == 0)
    return f"{size // _BYTES[unit]}{unit}" if size else "0B"


def format_percent(hundredths: int) -> float:
    """1250 → 12.5, and 1200 → 12."""
    whole, rest = divmod(hundredths, PERCENT)
    return hundredths / PERCENT if rest else whole


_DurationText = Annotated[str, Field(pattern=f"^(?:{_DURATION_PART})+$")]
_SizeText = Annotated[str, Field(pattern=f"^{_SIZE.pattern}$")] | Annotated[int, Field(ge=0)]
_PercentText = Annotated[str, Field(pattern=f"^{_PERCENT.pattern}%$")] | Annotated[float, Field(ge=0, le=100)]

Timeout = Annotated[
    float,
    BeforeValidator(parse_timeout, json_schema_input_type=_DurationText),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
"""Seconds, more than zero."""

Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=_DurationText),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
"""Seconds, zero allowed."""

Size = Annotated[
    int,
    BeforeValidator(parse_size, json_schema_input_type=_SizeText),
    PlainSerializer(format_size, return_type=str, when_used="json"),
]
"""Bytes."""

Percent = Annotated[
    int,
    BeforeValidator(parse_percent, json_schema_input_type=_PercentText),
    PlainSerializer(format_percent, return_type=int | float, when_used="json"),
]
"""Hundredths of a percent, 0–10,000."""
