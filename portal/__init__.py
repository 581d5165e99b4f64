"""Foundation of the portal. No module here knows about the Connected Data Specifications."""

from portal.celery import app as celery_app
from portal.values import zone_rules

# Here because every process runs this line before it loads settings, models or tests.
zone_rules.use_packaged_rules()

__all__ = ["celery_app"]
