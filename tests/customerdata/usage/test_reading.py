"""Reading segments: whole, trimmed and by subset, from cache or fresh, always the same bytes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import UsageRender
from customerdata.usage.reading import FragmentRequest, fragments, prune_renders
from customerdata.usage.store import write_readings
from customerdata.usage_values.segments import Window
from tests.customerdata.usage.conftest import COST
from tests.customerdata.usage.test_store import START, STEP, T1, T2, usage

KEY = b"k" * 32
OPEN = Window()


@pytest.fixture
def pack(series):
    """Four quarter hours: two raw, two estimated, all with cost."""
    qualities = [Quality.RAW, Quality.RAW, Quality.ESTIMATED, Quality.ESTIMATED]
    columns = [usage(1, 2, 3, 4, quality=qualities), usage(5, 6, 7, 8, column=COST)]
    write_readings(series=series, start=START, columns=columns, as_of=T1, synced=T1)
    return series.packs.current().get()


def read(pack, window=OPEN, positions=(0, 1, 2)):
    """One fragment."""
    return fragments([FragmentRequest(pack, window, positions)], key=KEY)[0]


def test_a_whole_segment_comes_from_its_row(pack, django_assert_num_queries):
    """The common case needs no query, no unpacking and no rendering."""
    light = type(pack).objects.defer("blob").get(pk=pack.pk)
    with django_assert_num_queries(0):
        fragment = read(light)
    assert fragment.segment_id == pack.public_id
    assert fragment.values == (
        b'[[{"eu":1},null,{"c":5}],[{"eu":2},null,{"c":6}],'
        b'[null,{"eu":3},{"c":7}],[null,{"eu":4},{"c":8}]]'
    )


def test_a_subset_is_rendered_once_and_then_cached(pack, django_assert_num_queries):
    """Grants with fewer value types read from the cache as well."""
    expected = b'[[{"c":5}],[{"c":6}],[{"c":7}],[{"c":8}]]'
    with django_assert_num_queries(2):
        assert read(pack, positions=(2,)).values == expected
    with django_assert_num_queries(1):
        assert read(pack, positions=(2,)).values == expected
    assert UsageRender.objects.count() == 1


def test_a_trimmed_segment_has_its_own_id_times_and_formats(pack):
    """Nothing outside the window shows, not even that there was another quality."""
    window = Window(START + timedelta(minutes=20), START + timedelta(minutes=59))
    fragment = read(pack, window)
    assert fragment.segment_id.startswith(pack.public_id + ".")
    assert (fragment.segment_start, fragment.segment_end) == (START + 2 * STEP, START + 3 * STEP)
    assert [entry.quality for entry in fragment.formats] == [Quality.ESTIMATED, None]
    assert fragment.values == b'[[{"eu":3},{"c":7}]]'


def test_a_window_beside_the_segment_leaves_nothing(pack):
    """No empty segments are listed."""
    assert read(pack, Window(START + timedelta(minutes=50), None)) is None


def test_no_value_types_leave_an_empty_shell(pack):
    """With value types null a segment has neither formats nor values (7.2.8.1)."""
    fragment = read(pack, positions=None)
    assert (fragment.formats, fragment.values) == ((), b"[]")


def test_a_correction_never_shows_cached_text(pack, series):
    """The cache is keyed by content."""
    assert b'{"c":5}' in read(pack, positions=(2,)).values
    write_readings(
        series=series, start=START, columns=[usage(50, column=COST)], as_of=T2, synced=T2
    )
    current = series.packs.current().get()
    assert read(current, positions=(2,)).values.startswith(b'[[{"c":50}]')
    assert read(current).values.startswith(b'[[{"eu":1},null,{"c":50}]')
    assert read(pack, positions=(2,)).values.startswith(b'[[{"c":5}]')


def test_the_cache_is_bounded(pack):
    """Pruning drops what was used longest ago and is no loss."""
    for positions in ((0,), (1,), (2,)):
        read(pack, positions=positions)
    assert prune_renders(keep=5) == 0
    assert prune_renders(keep=1) == 2
    assert read(pack, positions=(0,)).values.startswith(b'[[{"eu":1}]')
