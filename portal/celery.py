"""The Celery application; tasks are found in each app's `tasks` module."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.conf import settings

from portal.db.statements import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def limit_worker_statements(**kwargs: Any) -> None:
    """Limit the statements of a worker; all processes import this module, but few are workers."""
    limit_statements(settings.WORKER_STATEMENT_SECONDS)
