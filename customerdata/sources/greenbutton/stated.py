"""Facts that the operator states if a file does not, for the whole file or a named channel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from customerdata.sources.greenbutton.model import GreenButtonError

# How to read a channel of running totals.
TOTALS_AT_START = "totals-at-start"
TOTALS_AT_END = "totals-at-end"
AMOUNTS = "amounts"
REGISTER_READINGS = (TOTALS_AT_END, TOTALS_AT_START, AMOUNTS)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about one channel; None if not stated."""

    service: str | None = None
    unit: str | None = None
    power_of_ten: int | None = None
    demand_type: str | None = None
    registers: str | None = None


NOTHING = Facts()


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator states.

    The direct fields apply wherever the file does not state the fact, and `named` to the channels
    whose link ends that way. `in_order` says that entries without links belong to the entries
    before them.
    """

    service: str | None = None
    unit: str | None = None
    power_of_ten: int | None = None
    zone: str | None = None
    currency: str | None = None
    demand_type: str | None = None
    registers: str | None = None
    named: Mapping[str, Facts] = field(default_factory=lambda: MappingProxyType({}))
    leave_out: Sequence[str] = ()
    in_order: bool = False

    def about(self, names: Sequence[str]) -> Facts:
        """Return what is stated about the channel with these names, by name only.

        Raises GreenButtonError if two options contradict each other.
        """
        found: dict[str, object] = {}
        for selector, facts in self.named.items():
            if not any_matches(selector, names):
                continue
            for fact in Facts.__dataclass_fields__:
                value = getattr(facts, fact)
                if value is None:
                    continue
                if found.setdefault(fact, value) != value:
                    option = fact.replace("_", "-")
                    raise GreenButtonError(
                        f"--{option} is stated twice for {names[0]}: {found[fact]} and {value}."
                    )
        return Facts(**found)  # type: ignore[arg-type]  # the names are those of its own fields

    def selectors(self) -> Iterable[str]:
        """Yield every name that an option mentions."""
        yield from self.named
        yield from self.leave_out


def matches(selector: str, name: str) -> bool:
    """Return whether a link (or the name of an entry without one) ends in the selector's steps."""
    wanted = selector.strip("/")
    return bool(wanted) and (name.strip("/") == wanted or name.endswith(f"/{wanted}"))


def any_matches(selector: str, names: Iterable[str]) -> bool:
    """Return whether a selector matches one of the names."""
    return any(matches(selector, name) for name in names)
