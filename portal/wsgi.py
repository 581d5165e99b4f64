"""WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.db.statements import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
limit_statements(settings.WEB_STATEMENT_SECONDS)
application = get_wsgi_application()
