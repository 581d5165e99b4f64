"""The product's settings with one other view."""

from portal.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.ceiling.urls"
