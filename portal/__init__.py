"""Foundation of the portal: nothing in this package knows the Connected Data Specifications."""

from portal import zone_rules
from portal.celery import app as celery_app

# Here, because no process reaches settings, models or tests without passing this line.
zone_rules.use_packaged_rules()

__all__ = ["celery_app"]
