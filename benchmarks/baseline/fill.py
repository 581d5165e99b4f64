"""Store a page of the product as rows of the baseline."""

import json
import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.baseline.settings"

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.baseline.models import Segment  # noqa: E402


def main() -> None:
    """Create the table and fill it."""
    with connection.schema_editor() as editor:
        editor.create_model(Segment)
    page = json.loads(Path(sys.argv[1]).read_bytes())
    Segment.objects.bulk_create(
        Segment(
            segment_id=row["cds_usagesegment_id"],
            segment_start=row["segment_start"],
            segment_end=row["segment_end"],
            interval=row["interval"],
            formats=row["formats"],
            values=row["values"],
        )
        for row in page["usage_segments"]
    )


main()
