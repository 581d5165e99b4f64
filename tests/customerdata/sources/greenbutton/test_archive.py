"""Compressed files: read within bounds, several feeds in one file, nothing halfway."""

import gzip
import io
import zipfile

import pytest

from customerdata.sources.greenbutton import archive
from customerdata.sources.greenbutton.archive import read_file
from customerdata.sources.greenbutton.model import GreenButtonError
from tests.customerdata.sources.greenbutton.feeds import feed, reading

START = 1768021200
JANUARY = feed([reading(START, 3600, 1)], updated="2026-02-01T00:00:00Z")
FEBRUARY = feed([reading(START, 3600, 2)], updated="2026-03-01T00:00:00Z")


def zipped(**members: bytes) -> bytes:
    """Return a zip; double underscores in names stand for dots."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "."), data)
    return into.getvalue()


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file."""

    def from_bytes(data: bytes):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_file(path)

    return from_bytes


def values(members) -> list[int]:
    """Return the numbers of all feeds in order."""
    return [reading.value for member in members for reading in member.feed.readings()]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped(a__xml=data)])
def test_a_feed_is_read_however_it_is_packed(read, pack):
    """By its first bytes, not by the name of the file."""
    assert values(read(pack(JANUARY))) == [1]


def test_feeds_of_a_zip_are_read_the_oldest_first(read):
    """So that the later one corrects the earlier."""
    members = read(zipped(a__xml=FEBRUARY, b__xml=JANUARY, readme__txt=b"hello"))
    assert values(members) == [1, 2]
    assert [member.name for member in members] == ["b.xml", "a.xml"]
    assert "readme.txt" in members[0].feed.warnings[0]


def test_a_broken_feed_in_a_zip_is_named(read):
    """With the line in that feed."""
    with pytest.raises(GreenButtonError, match=r"b\.xml: line \d+: The XML is malformed"):
        read(zipped(a__xml=JANUARY, b__xml=JANUARY[:-30]))


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(JANUARY)[:-20],
        zipped(a__xml=JANUARY)[:-20],
        zipped(a__txt=JANUARY),
        b"PK\x03\x04",
    ],
    ids=["cut gzip", "cut zip", "no feed", "no zip"],
)
def test_broken_archives_are_refused(read, data):
    """A cut-off download is the commonest broken file."""
    with pytest.raises(GreenButtonError):
        read(data)


@pytest.mark.parametrize(
    "pack", [gzip.compress, lambda data: zipped(a__xml=data[: len(data)], b__xml=data)]
)
def test_what_comes_out_is_bounded(read, monkeypatch, pack):
    """The members of a zip share one bound."""
    monkeypatch.setattr(archive._Budget, "__init__", lambda self: setattr(self, "left", 2000))
    long = feed([reading(START + 3600 * n, 3600, 1) for n in range(20)])
    with pytest.raises(GreenButtonError, match="contains more than"):
        read(pack(long))


def test_a_zip_of_very_many_files_is_refused(read):
    """Each is opened, so their number is bounded too."""
    with pytest.raises(GreenButtonError, match="more than 200 files"):
        read(zipped(**{f"f{n}__txt": b"" for n in range(201)}))
