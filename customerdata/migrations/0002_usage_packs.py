"""Turn the usage pack table into monthly partitions of segment_start."""

from django.db import migrations

# Later months are added by customerdata.usage.partitioning; whatever has no month of its own lands
# in the default partition, so an insert never fails. The table is new and empty here.
FORWARD = """
ALTER TABLE customerdata_usagepack RENAME TO customerdata_usagepack_plain;
CREATE TABLE customerdata_usagepack (
    LIKE customerdata_usagepack_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS
) PARTITION BY RANGE (segment_start);
DROP TABLE customerdata_usagepack_plain;
ALTER TABLE customerdata_usagepack ADD CONSTRAINT customerdata_usagepack_pkey
    PRIMARY KEY (customer_id, series_id, segment_start, version);
ALTER TABLE customerdata_usagepack ADD CONSTRAINT customerdata_usagepack_customer_id_fk
    FOREIGN KEY (customer_id) REFERENCES customerdata_customer (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE customerdata_usagepack ADD CONSTRAINT customerdata_usagepack_series_id_fk
    FOREIGN KEY (series_id) REFERENCES customerdata_usageseries (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE customerdata_usagepack ADD CONSTRAINT customerdata_usagepack_contract_id_fk
    FOREIGN KEY (contract_id) REFERENCES customerdata_servicecontract (id) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX customerdata_usagepack_one_current
    ON customerdata_usagepack (customer_id, series_id, segment_start) WHERE superseded_at IS NULL;
CREATE INDEX usagepack_contract_start ON customerdata_usagepack (contract_id, segment_start);
CREATE INDEX usagepack_series_start ON customerdata_usagepack (series_id, segment_start);
CREATE INDEX usagepack_public_id ON customerdata_usagepack (public_id);
ALTER TABLE customerdata_usagepack ALTER COLUMN blob SET STORAGE EXTERNAL;
ALTER TABLE customerdata_usagepack ALTER COLUMN rendered SET STORAGE EXTERNAL;
CREATE TABLE customerdata_usagepack_default PARTITION OF customerdata_usagepack DEFAULT;
"""


class Migration(migrations.Migration):
    """The model state is that of 0001; only the physical table changes."""

    dependencies = [("customerdata", "0001_initial")]

    operations = [
        # Nothing to undo: going back to zero drops the table whatever its shape.
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
