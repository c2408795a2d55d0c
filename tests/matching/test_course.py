"""The course of an order: every pattern of answers and silence comes to an end, within a bound that is known."""

from collections.abc import Iterator
from itertools import product

from matching.course import ENDS, Clocks, Phase, Place, longest, longest_after_consent, steps

FIRST = Place(Phase.CHOOSING)


def patterns(here: Place, clocks: Clocks) -> Iterator[tuple[int, Phase]]:
    """Every pattern of answers from here on: its working days, and the end that it comes to."""
    if here.ended:
        yield 0, here.phase
    for step in steps(here, clocks, names=4):
        for days, end in patterns(step.to, clocks):
            yield step.days + days, end


def test_every_pattern_of_answers_ends_and_every_end_is_met() -> None:
    found = list(patterns(FIRST, Clocks()))
    assert len(found) > 400
    assert {end for _, end in found} == ENDS
    assert max(days for days, _ in found) == longest(FIRST, Clocks()) == 20


def test_by_default_an_order_ends_within_fifteen_working_days_after_consent() -> None:
    assert longest_after_consent(Clocks()) == 15


def test_the_bound_follows_from_the_clocks() -> None:
    for ballots, yes, accept, naming, answers, rounds, declines in product(
        (1, 4), (1, 3), (1, 3), (1, 3), (2, 5), (1, 2, 3), (1, 3)
    ):
        clocks = Clocks(ballots, yes, accept, naming, answers, rounds, declines)
        further = (rounds - 1) * (ballots + yes + declines * accept)
        assert longest_after_consent(clocks) == declines * accept + further + naming + answers + accept
        assert longest(FIRST, clocks) == longest_after_consent(clocks) + ballots + yes


def test_after_three_declines_a_fresh_list_is_drawn_and_then_the_coordinator_asked() -> None:
    here, clocks = Place(Phase.ASKING, left=6), Clocks()
    for _ in range(3):
        here = next(step.to for step in steps(here, clocks) if step.what == "declined")
    assert here == Place(Phase.CHOOSING, 2)
    last = Place(Phase.ASKING, 2, left=1)
    assert next(step.to for step in steps(last, clocks) if step.what == "declined").phase is Phase.NAMING


def test_silence_alone_never_brings_a_mediator() -> None:
    silent = {"all_silent", "no_yes", "nobody_named", "no_answer", "declined", "no_common_name"}

    def by_silence(here: Place) -> Iterator[Phase]:
        if here.ended:
            yield here.phase
        for step in steps(here, Clocks()):
            if step.what in silent or step.what.startswith("provisional"):
                yield from by_silence(step.to)

    assert Phase.ACCEPTED not in set(by_silence(FIRST))


def test_a_side_may_refuse_at_any_place() -> None:
    for phase in set(Phase) - ENDS:
        ends = [step.to.phase for step in steps(Place(phase, left=2), Clocks()) if step.what == "refused"]
        assert ends == [Phase.REFUSED]
