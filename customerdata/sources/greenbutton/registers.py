"""Running totals of a register: ESPI `accumulationBehaviour` says what a number sums up.

A total is not consumption. The differences between totals are, once the operator states whether a
total was read at the start or at the end of its period.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from customerdata.sources.greenbutton.model import GreenButtonError, Reading
from customerdata.sources.greenbutton.periods import end
from customerdata.sources.greenbutton.stated import AMOUNTS, REGISTER_READINGS, TOTALS_AT_END

# ESPI AccumulationBehaviourType: bulk quantity, cumulative, summation, latching and bounded.
_TOTALS = frozenset({1, 3, 9, 13, 14})
# Continuous cumulative. One large utility states it for amounts per interval.
_DOUBTFUL = 2


def is_register(accumulation: int | None) -> bool:
    """Return whether numbers with this behavior can be running totals."""
    return accumulation in _TOTALS or accumulation == _DOUBTFUL


def amounts(
    readings: Sequence[Reading],
    accumulation: int | None,
    stated: str | None,
    name: str,
    warnings: list[str],
    *,
    is_net: bool = False,
) -> list[Reading]:
    """Return the amounts of a channel; `readings` are in order of time.

    Totals of flow in both directions (`is_net`) can fall without a restart of the register.
    Raises GreenButtonError for totals if it is not stated when they were read.
    """
    if not readings or not is_register(accumulation) or stated == AMOUNTS:
        return list(readings)
    if stated is not None:
        return _differences(readings, stated == TOTALS_AT_END, is_net, warnings)
    values = [reading.value for reading in readings if reading.value is not None]
    falls = any(after < before for before, after in pairwise(values))
    if accumulation == _DOUBTFUL and not is_net and (falls or not any(values)):
        warnings.append(
            f"line {readings[0].line}: accumulationBehaviour 2 means running totals, but the "
            f"values of {name} fall; they are read as amounts per interval."
        )
        return list(readings)
    raise GreenButtonError(
        f"{name} states running totals of a register (accumulationBehaviour {accumulation}), not "
        f"amounts. State how to read them with --registers {name}=HOW "
        f"({', '.join(REGISTER_READINGS)}), or leave them out with --leave-out {name}.",
        line=readings[0].line,
        element="accumulationBehaviour",
    )


def _differences(
    readings: Sequence[Reading], at_end: bool, is_net: bool, warnings: list[str]
) -> list[Reading]:
    """Return the amounts between totals; a total that falls means that the register restarted."""
    totals = [reading for reading in readings if reading.value is not None]
    taken = []
    for before, after in pairwise(totals):
        if before.cost is not None or after.cost is not None:
            raise GreenButtonError(
                "The cost of a running total has no period.", line=after.line, element="cost"
            )
        begin, until = (end(before), end(after)) if at_end else (before.start, after.start)
        assert before.value is not None  # noqa: S101 -- filtered above
        assert after.value is not None  # noqa: S101 -- filtered above
        if until <= begin:
            raise GreenButtonError(
                "Two totals were read at the same time.", line=after.line, element="value"
            )
        if after.value < before.value and not is_net:
            warnings.append(
                f"line {after.line}: the total falls from {before.value} to {after.value}; the "
                "amount in between is not known and stays a gap."
            )
            continue
        marks = tuple(sorted({*before.qualities, *after.qualities}))
        taken.append(
            replace(
                after,
                start=begin,
                seconds=int((until - begin).total_seconds()),
                value=after.value - before.value,
                qualities=marks,
            )
        )
    return taken
