"""Environment of the test run: everything the settings demand, nothing of it secret."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "tests-only-not-secret-tests-only-not-secret-0123456789")
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "dGVzdHMtb25seS1ub3Qtc2VjcmV0LTAxMjM0NTY3ODk=")
os.environ.setdefault("TOKEN_DIGEST_KEY", "tests-only-not-secret")
os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/15")
os.environ["BASE_URL"] = "http://testserver"
os.environ["DEMO"] = "1"
os.environ["DEBUG"] = "0"
os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="cds-test-media-")
os.environ["MAIL_DIR"] = ""
# Playwright's synchronous API runs an event loop in this thread; Django need not worry about it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
