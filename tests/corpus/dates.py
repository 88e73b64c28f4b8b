"""Points in time: PHP's formats against Pydantic's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from tests.support.corpus import Case


class Event(BaseModel):
    at: datetime


def event(*parts: int, zone: str = "UTC") -> Event:
    return Event(at=datetime(*parts, tzinfo=ZoneInfo(zone)))  # type: ignore[misc,arg-type] # year, month, day, …


def instant(**how: object) -> dict[str, object]:
    return {"rules": [{"path": "$.at", "instant": how or True}]}


BERLIN = instant(zone="Europe/Berlin")
SQL = "echo json_encode(['at' => date('Y-m-d H:i:s', 1767323045)]);"

CASES = (
    Case("date-sql", SQL, lambda: event(2026, 1, 2, 3, 4, 5), ["body $.at changed major"]),
    Case("date-sql-allowed", SQL, lambda: event(2026, 1, 2, 3, 4, 5), [], instant()),
    Case(
        "date-compact",
        "echo json_encode(['at' => date('YmdHis', 1767323045)]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case("date-sql-off", SQL, lambda: event(2026, 1, 2, 3, 4, 6), ["body $.at changed major"], instant()),
    Case("date-sql-within", SQL, lambda: event(2026, 1, 2, 3, 4, 6), [], instant(within="2s")),
    Case("date-sql-precision", SQL, lambda: event(2026, 1, 2, 3, 4, 5, 678000), [], instant(within="1s")),
    Case(
        "date-sql-precision-exact",
        SQL,
        lambda: event(2026, 1, 2, 3, 4, 5, 678000),
        ["body $.at changed"],
        instant(),
    ),
    Case(
        "date-sql-zone",
        "echo json_encode(['at' => '2026-07-01 12:00:00']);",
        lambda: event(2026, 7, 1, 10),
        [],
        BERLIN,
    ),
    Case(
        "date-sql-zone-winter",
        "echo json_encode(['at' => '2026-01-01 12:00:00']);",
        lambda: event(2026, 1, 1, 11),
        [],
        BERLIN,
    ),
    Case(
        "date-sql-zone-forgotten",
        "echo json_encode(['at' => '2026-07-01 12:00:00']);",
        lambda: event(2026, 7, 1, 12),
        ["body $.at changed"],
        BERLIN,
    ),
    Case(
        "date-atom",
        "echo json_encode(['at' => gmdate(DATE_ATOM, 1767323045)]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-offset-no-colon",
        "echo json_encode(['at' => gmdate('Y-m-d\\TH:i:sO', 1767323045)]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-other-offset",
        "echo json_encode(['at' => '2026-01-02T04:04:05+01:00']);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-other-offset-plain",
        "echo json_encode(['at' => '2026-01-02T04:04:05+01:00']);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        ["body $.at changed"],
    ),
    Case(
        "date-mail",
        "echo json_encode(['at' => gmdate(DATE_RFC2822, 1767323045)]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-cookie",
        "echo json_encode(['at' => gmdate(DATE_COOKIE, 1767323045)]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-epoch",
        "echo json_encode(['at' => 1767323045]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        [],
        instant(),
    ),
    Case(
        "date-epoch-plain",
        "echo json_encode(['at' => 1767323045]);",
        lambda: event(2026, 1, 2, 3, 4, 5),
        ["body $.at type"],
    ),
    Case(
        "date-microtime",
        "echo json_encode(['at' => 1767323045.678]);",
        lambda: event(2026, 1, 2, 3, 4, 5, 678000),
        [],
        instant(),
    ),
    Case(
        "date-microtime-text",
        "echo json_encode(['at' => sprintf('%.3F', 1767323045.678)]);",
        lambda: event(2026, 1, 2, 3, 4, 5, 678000),
        [],
        instant(),
    ),
    Case(
        "date-zone-abbreviated",
        "date_default_timezone_set('Europe/Berlin');\n"
        "echo json_encode(['at' => date('Y-m-d H:i:s T', 1782900000)]);",
        lambda: event(2026, 7, 1, 10),
        [],
        instant(),
    ),
    Case(
        "date-object",
        "echo json_encode(['at' => new DateTime('2026-07-01 12:00:00', new DateTimeZone('Europe/Berlin'))]);",
        lambda: event(2026, 7, 1, 10),
        [],
        instant(),
    ),
    Case(
        "date-object-offset",
        "echo json_encode(['at' => new DateTimeImmutable('2026-07-01T12:00:00+02:00')]);",
        lambda: event(2026, 7, 1, 10),
        [],
        instant(),
    ),
    Case(
        "date-object-abbreviation",
        "echo json_encode(['at' => new DateTime('2026-07-01 12:00:00 CEST')]);",
        lambda: event(2026, 7, 1, 10),
        [],
        instant(),
    ),
    Case(
        "date-object-plain",
        "echo json_encode(['at' => new DateTime('2026-07-01 12:00:00', new DateTimeZone('UTC'))]);",
        lambda: event(2026, 7, 1, 12),
        ["body $.at type"],
    ),
    Case(
        "date-object-wrong",
        "echo json_encode(['at' => new DateTime('2026-07-01 12:00:00', new DateTimeZone('Europe/Berlin'))]);",
        lambda: event(2026, 7, 1, 12),
        ["body $.at changed"],
        instant(),
    ),
    Case(
        "date-zero",
        "echo json_encode(['at' => '0000-00-00 00:00:00']);",
        lambda: {"at": None},
        ["body $.at type"],
        instant(),
    ),
    Case(
        "date-repeated-hour",
        "echo json_encode(['at' => '2026-10-25 02:30:00']);",
        lambda: event(2026, 10, 25, 1, 30),
        [],
        BERLIN,
    ),
    Case(
        "date-day",
        "echo json_encode(['at' => date('Y-m-d', 1767323045)]);",
        lambda: {"at": date(2026, 1, 2)},
    ),
    Case(
        "date-day-shifted",
        "date_default_timezone_set('Pacific/Auckland'); echo json_encode(['at' => "
        "date('Y-m-d', 1767353045)]);",
        lambda: {"at": datetime.fromtimestamp(1767353045, UTC).date()},
        ["body $.at changed"],
    ),
    Case(
        "date-week-year",
        "echo json_encode(['at' => date('o-\\WW', 1767323045)]);",
        lambda: {"at": datetime.fromtimestamp(1767323045, UTC).strftime("%Y-W%V")},
    ),
    *(
        Case(
            f"date-{name.lower()}",
            f"$d = new DateTimeImmutable('2026-07-01 12:00:00 Europe/Berlin'); "
            f"echo json_encode(['at' => $d->format({name})]);",
            lambda: event(2026, 7, 1, 10, 0, 0),
            [],
            BERLIN,
        )
        for name in ("DATE_RFC822", "DATE_RFC850", "DATE_RFC1036", "DATE_COOKIE", "DATE_RSS")
    ),
)
