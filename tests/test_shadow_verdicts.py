"""From comparisons to verdicts: pure."""

from shadow.compare import Answer, Difference, Kind, Result, Severity, Verdict, Where
from shadow.verdicts import Judgement, Reason, confirm, discount, judge, may_be_noise, spot

OK = Answer(200)


def difference(path: str = "$.a", kind: Kind = Kind.CHANGED, **changes: object) -> Difference:
    where = Where.STATUS if path == "status" else Where.BODY
    said = {"where": where, "primary": 1, "shadow": 2, "severity": Severity.MAJOR, **changes}
    return Difference(path=path, kind=kind, **said)  # type: ignore[arg-type]  # spelled out above


def mismatch(*differences: Difference) -> Judgement:
    return Judgement(Verdict.MISMATCH, "", differences)


def test_unread_bodies_say_why() -> None:
    judged = judge(OK, OK, Result(unread="deeper than 512"))
    assert judged == Judgement(Verdict.INCONCLUSIVE, f"{Reason.UNREAD}: deeper than 512")


def test_a_difference_that_moved_in_its_list_is_the_same() -> None:
    first = mismatch(difference("$.items[0].id"))
    assert confirm(first, [Result((difference("$.items[3].id"),))]).verdict is Verdict.MISMATCH


def test_another_kind_at_the_same_path_is_another_difference() -> None:
    confirmed = confirm(mismatch(difference()), [Result((difference(kind=Kind.TYPE),))])
    assert (confirmed.verdict, confirmed.reason) == (Verdict.INCONCLUSIVE, Reason.VANISHED)


def test_noise_beside_a_real_difference_is_marked_and_the_rest_counts() -> None:
    noisy, real = difference("$.now"), difference("$.total")
    judged = discount(mismatch(noisy, real), {spot(noisy)})
    assert judged.verdict is Verdict.MISMATCH
    assert [one.noise for one in judged.differences] == [True, False]


def test_what_is_never_noise() -> None:
    for never in (
        difference(money=True),
        difference("status"),
        difference(kind=Kind.MISSING),
        difference(kind=Kind.EXTRA),
        difference(kind=Kind.TYPE),
    ):
        assert not may_be_noise(never)
        assert discount(mismatch(never), {spot(never)}).verdict is Verdict.MISMATCH


def test_noise_does_not_make_an_inconclusive_one_conclusive() -> None:
    unsure = Judgement(Verdict.INCONCLUSIVE, Reason.VANISHED, (difference(),))
    assert discount(unsure, {spot(difference())}).verdict is Verdict.INCONCLUSIVE
