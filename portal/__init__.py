"""Foundation of the portal: nothing in this package knows the Connected Data Specifications."""

from portal.celery import app as celery_app
from portal.values import zone_rules

# Here, because no process reaches settings, models or tests without passing this line.
zone_rules.use_packaged_rules()

__all__ = ["celery_app"]
