"""What the demo's meters measure, and how usage varies over the day and the year.

Curves are computed in floating point and rounded to whole Wh, W and hundredths of a therm; only
these integers are stored.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from customerdata.demo.grids import Floats, Grid, Integers, Period
from customerdata.models import UsageSeries
from customerdata.usage_values.formats import (
    ElectricDemand,
    ElectricUsage,
    NaturalGasUsage,
)

SCALE = 3
"""Mantissas are thousandths of a kWh, kW or therm."""

Measured = ElectricUsage | ElectricDemand | NaturalGasUsage
Draw = Callable[[Grid, Generator, float], tuple[Integers, ...]]

NET = ElectricUsage("kWh", "net")
FORWARD = ElectricUsage("kWh", "forward")
REVERSE = ElectricUsage("kWh", "reverse")
DEMAND = ElectricDemand("kW", "peak", "forward")
THERMS = NaturalGasUsage("therm")


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Readings of one kind: the formats of its columns, and mantissas for a month of them."""

    period: Period
    formats: tuple[Measured, ...]
    draw: Draw

    @property
    def commodity(self) -> str:
        """The commodity of the series."""
        is_gas = isinstance(self.formats[0], NaturalGasUsage)
        return "natural_gas" if is_gas else "electric"


def _bell(hour: Floats, peak: float, width: float) -> Floats:
    """A bell curve over the day, 1 at its peak; distances wrap around at midnight."""
    distance = (hour - peak + 12) % 24 - 12
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2))


def _home_watts(grid: Grid, rng: Generator, size: float) -> Floats:
    summer, winter = np.maximum(-grid.winter, 0), np.maximum(grid.winter, 0)
    heat = rng.uniform(0.2, 1.0, grid.days)[grid.day]
    weekend = np.where(grid.weekday >= 5, 1.25, 1.0)
    watts = 260 + 480 * _bell(grid.hour, 7.2, 1.1)
    watts += weekend * (1150 + 450 * winter) * _bell(grid.hour, 19.4, 2.1)
    watts += 1700 * summer * heat * _bell(grid.hour, 16.8, 2.8)
    noise = rng.gamma(6, 1 / 6, len(grid))
    return np.asarray(size * watts * noise)


def _solar_watts(grid: Grid, rng: Generator) -> Floats:
    """5 kW panels: a bell curve from sunrise to sunset, under clouds that vary by day."""
    length = 12.2 - 2.5 * grid.winter
    angle = np.clip((grid.hour - 12.8) / length, -0.5, 0.5) * np.pi
    sky = rng.beta(5, 1.6, grid.days)[grid.day] * rng.uniform(0.85, 1.0, len(grid))
    return np.asarray(4600 * (1 - 0.18 * grid.winter) * np.cos(angle) ** 1.4 * sky)


def _energy(watts: Floats, grid: Grid) -> Integers:
    return np.rint(watts * grid.hours).astype(np.int64)


def _solar_home(grid: Grid, rng: Generator, size: float) -> tuple[Integers, ...]:
    used = _energy(_home_watts(grid, rng, size), grid)
    made = _energy(_solar_watts(grid, rng), grid)
    net = used - made
    # Energy sent to the grid is negative in every direction (CDS-WG3-01 10.8.5.1.2).
    return net, np.maximum(net, 0), np.minimum(net, 0)


def _home(grid: Grid, rng: Generator, size: float) -> tuple[Integers, ...]:
    return (_energy(_home_watts(grid, rng, size), grid),)


def _shop_watts(grid: Grid, rng: Generator, size: float) -> Floats:
    """Opening hours on top of a base load of cooling and light."""
    opening = 1 / (1 + np.exp(-2.5 * (grid.hour - 8))) / (1 + np.exp(2.5 * (grid.hour - 18.5)))
    open_days = np.array([1, 1, 1, 1, 1.1, 0.8, 0.25])[grid.weekday]
    cooling = np.maximum(-grid.winter, 0) * _bell(grid.hour, 15.5, 3)
    watts = 4200 + 16_000 * opening * open_days + 9000 * cooling
    return np.asarray(size * watts * rng.uniform(0.92, 1.08, len(grid)))


def _shop(grid: Grid, rng: Generator, size: float) -> tuple[Integers, ...]:
    watts = _shop_watts(grid, rng, size)
    demand = np.rint(watts * rng.uniform(1.05, 1.5, len(grid))).astype(np.int64)
    return _energy(watts, grid), demand


def _shop_month(grid: Grid, rng: Generator, size: float) -> tuple[Integers, ...]:
    watts = size * 11_000 * (1 - 0.2 * grid.winter) * rng.uniform(0.9, 1.1, len(grid))
    return (_energy(watts, grid) // 1000 * 1000,)


def _gas(grid: Grid, rng: Generator, size: float) -> tuple[Integers, ...]:
    """Cooking all year and heating in winter, in hundredths of a therm."""
    days = grid.hours / 24
    cold = np.maximum(grid.winter + 0.25, 0) ** 1.3 * rng.gamma(5, 1 / 5, len(grid))
    therms = size * days * (0.22 * rng.uniform(0.6, 1.4, len(grid)) + 2.3 * cold)
    return (np.rint(therms * 100).astype(np.int64) * 10,)


SOLAR_HOME = Profile(Period.QUARTER_HOUR, (NET, FORWARD, REVERSE), _solar_home)
HOME = Profile(Period.HOUR, (FORWARD,), _home)
SHOP = Profile(Period.HOUR, (FORWARD, DEMAND), _shop)
SHOP_BY_MONTH = Profile(Period.MONTH, (FORWARD,), _shop_month)
GAS_BY_DAY = Profile(Period.DAY, (THERMS,), _gas)

PROFILES = (SOLAR_HOME, HOME, SHOP, SHOP_BY_MONTH, GAS_BY_DAY)


def profile_of(series: UsageSeries) -> Profile:
    """Return the profile of a demo series. Raises KeyError for any other series."""
    keys = [column.key for column in series.formats]
    for profile in PROFILES:
        is_same_grid = profile.period.interval == series.interval
        if is_same_grid and keys == [column.key for column in profile.formats]:
            return profile
    raise KeyError(f"{series} is not part of the demo")
