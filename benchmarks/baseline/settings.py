"""The product's settings with the baseline's table and URLs, and nothing in between."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.baseline"]
ROOT_URLCONF = "benchmarks.baseline.urls"
MIDDLEWARE: list[str] = []
