"""Usage segments (CDS-WG3-01 10.8).

They are not versioned rows and not granted one by one: they follow the contracts of an entry.
`customerdata.api.segments` reads, filters, cuts and writes them.
"""

from customerdata.kinds.base import Kind

USAGE_SEGMENT = Kind(
    name="usage_segment",
    object_name="UsageSegment",
    section="10.8",
    include="include_usage_segments",
    metadata="cds_usagesegments_api",
    path="usage-segments",
    envelope="usage_segments",
    public_id="cds_usagesegment_id",
    # All value types that we emit are the standard's own.
    more_metadata={"cds_usagesegments_additional_value_types": {}},
)
