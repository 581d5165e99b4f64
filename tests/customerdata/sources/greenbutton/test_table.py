"""The table of all cases in `cases/README.md`: what was expected beside what is stored."""

from collections import defaultdict
from decimal import Decimal

from consent.catalogue.demo_offers import demo_offers
from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.sources.greenbutton.stated import Told
from portal.values.jsontext import canonical
from registration.services.catalogue.offers import load_offers
from tests.customerdata.sources.greenbutton.conftest import Value, load, stored
from tests.customerdata.sources.greenbutton.test_cases import CASES, REFUSED, TAKEN, of

HEAD = """# Small files that earlier releases stored wrongly or refused

The expected result of each row was worked out by hand and is compared with what the import stores.
If a row has several files, they are imported one after the other. A test fails if the import does
not match this table.

| file | options | expected | stored | warnings |
| --- | --- | --- | --- | --- |
"""


def options(told: Told) -> str:
    """Return the words of the command line."""
    parts = [
        f"--{fact} {channel}={value}"
        for channel, facts in told.named.items()
        for fact in ("unit", "registers")
        if (value := getattr(facts, fact))
    ]
    parts += [f"--unit {told.unit}"] if told.unit else []
    parts += [f"--leave-out {channel}" for channel in told.leave_out]
    parts += ["--in-order"] if told.in_order else []
    return " ".join(f"`{part}`" for part in parts)


def summed(values: list[Value]) -> str:
    """Return sums by service, format, quality and length."""
    sums: dict[tuple[str, str, int], list[Decimal]] = defaultdict(list)
    for value in values:
        name = value.service if len(value.service) < 20 else f"{value.service[:4]}..."
        quality = f", {value.quality}" if value.quality else ""
        sums[name, f"{value.words}{quality}", value.seconds].append(value.value)
    return "; ".join(
        f"{name + ': ' if name else ''}{words}: {len(group)} of {seconds} s, sum "
        f"{canonical(sum(group, Decimal()))}"
        for (name, words, seconds), group in sums.items()
    )


def refusal(name: str, told: Told) -> str:
    """Return why a file is refused."""
    try:
        load(of(name), told)
    except GreenButtonError as error:
        return error.message.replace("|", "/")
    return "not refused"


def test_the_table_says_what_is_seen(account):
    """Reproducible: the text below is all that the file holds."""
    load_offers(demo_offers().values())
    lines = []
    for name, told, _ in REFUSED:
        lines.append(f"| {name} | {options(told)} | refused | refused: {refusal(name, told)} | |")
    for case in TAKEN:
        warnings = [text for name in case.files for text in load(of(name), case.told).warnings]
        cells = (", ".join(case.files), options(case.told), summed(sorted(case.expected)))
        lines.append(f"| {' | '.join(cells)} | {summed(stored())} | {'<br>'.join(warnings)} |")
        UsagePack.objects.all().delete()
        UsageSeries.objects.all().delete()
    table = HEAD + "\n".join(sorted(lines)) + "\n"
    assert (CASES / "README.md").read_text() == table, table
