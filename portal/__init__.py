"""Foundation of the portal: nothing in this package knows the Connected Data Specifications."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
