"""The product's settings in the environment of a test run (also read by the type checker)."""

import tests.environment  # noqa: F401 -- must come first: settings read the environment
from portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.hashers.QuickScrypt", *PASSWORD_HASHERS[1:]]  # noqa: F405
