"""Environment of the test run: everything the settings demand, nothing of it secret."""

import os
import tempfile
from urllib.parse import urlsplit

os.environ.setdefault("SECRET_KEY", "tests-only-not-secret-tests-only-not-secret-0123456789")
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "dGVzdHMtb25seS1ub3Qtc2VjcmV0LTAxMjM0NTY3ODk=")
os.environ.setdefault("TOKEN_DIGEST_KEY", "tests-only-not-secret")
os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/15")
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Every test begins with an empty cache; a process of pytest-xdist empties its own alone.
    redis = urlsplit(os.environ["REDIS_URL"])
    number = int(redis.path.strip("/") or 0) + 1 + int(worker.removeprefix("gw"))
    os.environ["REDIS_URL"] = redis._replace(path=f"/{number % 16}").geturl()
os.environ["BASE_URL"] = "http://testserver"
os.environ["DEMO"] = "1"
os.environ["DEBUG"] = "0"
os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="cds-test-media-")
os.environ["MAIL_DIR"] = ""
# Playwright's synchronous API runs an event loop in this thread; Django need not worry about it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
