"""WSGI entry point of vanilla django-oauth-toolkit."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.vanilla_dot.settings"
application = get_wsgi_application()
