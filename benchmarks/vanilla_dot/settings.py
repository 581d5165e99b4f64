"""Nothing but the library and what it needs; the same database server and connection reuse."""

from portal.settings import DATABASES, SECRET_KEY

__all__ = ["DATABASES", "SECRET_KEY"]

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"]
ROOT_URLCONF = "benchmarks.vanilla_dot.urls"
MIDDLEWARE: list[str] = []
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# PBKDF2, the default, is slow on purpose and would decide the comparison by itself.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OAUTH2_PROVIDER = {
    "SCOPES": {"bench": "Bench", "introspection": "Introspect tokens"},
    "CLIENT_SECRET_HASHER": "md5",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
}
