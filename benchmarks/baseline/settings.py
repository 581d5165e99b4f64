"""A bare framework around the baseline's table: nothing of the product but its database."""

from portal.settings import DATABASES, SECRET_KEY

__all__ = ["DATABASES", "SECRET_KEY"]

INSTALLED_APPS = ["rest_framework", "benchmarks.baseline"]
ROOT_URLCONF = "benchmarks.baseline.urls"
MIDDLEWARE: list[str] = []
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
