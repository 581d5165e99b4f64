"""The command: options that name channels, and a report of what is stored."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from customerdata.models import ServiceContract
from tests.customerdata.sources.greenbutton.conftest import stored
from tests.customerdata.sources.greenbutton.test_cases import CASES

pytestmark = pytest.mark.usefixtures("account")


def run(name: str | Path, *options: str) -> str:
    """Import a file and return what was printed."""
    path = next(CASES.glob(f"{name}_*.xml")) if isinstance(name, str) else name
    out = io.StringIO()
    command = ["import_greenbutton", str(path), "--account", "77-1", *options]
    call_command(*command, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_report_says_what_is_stored_channel_by_channel():
    """Service, channel, direction, unit, quality, number, length and sum."""
    report = run("01")
    for line in (
        "  electric, M1: electric_usage forward kWh: 3 values of 3600 s, sum 3",
        "  electric, M2: electric_usage forward kWh: 3 values of 3600 s, sum 0.6",
        "Sum of electric_usage forward kWh: 3.6",
        "Segments: 2 new, 0 corrected, 0 unchanged.",
    ):
        assert line in report
    assert "electric_usage forward kWh, estimated: 1 value of 3600 s, sum 0.1" in run("13")


def test_options_name_channels():
    """The channel, its reading type or its usage point, as the file links them."""
    report = run("14a", "--leave-out", "M2", "--leave-out", "ReadingType/R3")
    assert "M2 was left out" in report
    assert [str(v.value) for v in stored()] == ["1"]
    report = run("02", "--registers", "M2=totals-at-end")
    assert "M2: electric_usage forward kWh: 2 values of 3600 s, sum 2" in report


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--unit", "M2=gallons"], "not one of Wh"),
        (["--power-of-ten", "99"], "not one of -12"),
        (["--unit", "M2=Wh", "--unit", "M2=kWh"], "twice"),
        (["--unit", "M7=Wh"], "No channel of the file is called M7"),
        (["--leave-out", "R1/nothing"], "No channel of the file is called"),
        (["--zone", "Mars/Olympus"], "not an IANA time zone"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, words):
    """A typing error must not change what is stored."""
    with pytest.raises(CommandError, match=words):
        run("01", *options)
    assert not ServiceContract.objects.exists()


def test_a_dry_run_reports_and_stores_nothing():
    """It reports what would be stored, from the store, and takes it back."""
    report = run("01", "--dry-run")
    assert "Sum of electric_usage forward kWh: 3.6" in report
    assert "Dry run: nothing was stored." in report
    assert not ServiceContract.objects.exists()


def test_a_compressed_file_is_read(tmp_path):
    """As it was downloaded."""
    path = tmp_path / "usage.gz"
    path.write_bytes(gzip.compress(next(CASES.glob("01_*")).read_bytes()))
    assert "Sum of electric_usage forward kWh: 3.6" in run(path)


def test_a_zip_is_loaded_whole_or_not_at_all(tmp_path):
    """A refused feed takes the ones before it back; the error names it."""
    path = tmp_path / "usage.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("05b", "05c"):
            file.write(next(CASES.glob(f"{name}_*")), f"{name}.xml")
    report = run(path, "--dry-run")
    assert report.index("05b.xml") < report.index("05c.xml")
    with zipfile.ZipFile(path, "a") as file:
        file.write(next(CASES.glob("14b_*")), "14b.xml")
    with pytest.raises(CommandError, match="money"):
        run(path)
    assert not ServiceContract.objects.exists()


def test_an_option_may_name_a_channel_of_one_feed_of_a_zip(tmp_path):
    """The others do not have it; a name that none has is refused as ever."""
    path = tmp_path / "usage.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("05b", "14b"):
            file.write(next(CASES.glob(f"{name}_*")), f"{name}.xml")
    report = run(path, "--leave-out", "M2")
    assert report.count("M2 was left out") == 1
    assert len(stored()) == 4
    with pytest.raises(CommandError, match="No channel of the file is called M7"):
        run(path, "--leave-out", "M2", "--leave-out", "M7")
