"""The cache when its server is away: this process's memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.cache import caches
from redis.exceptions import RedisError

from portal.caching.outage import memory

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def away(settings):
    """A cache whose server does not answer."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
    memory.clear()
    yield caches["default"]
    memory.clear()


def test_it_remembers_in_the_process(away):
    """Sign-in counts its attempts here and must neither fail with the cache nor stop counting."""
    away.set("key", [1])
    assert away.get("key") == [1]
    assert away.delete("key") is True
    assert away.get("key", "default") == "default"
    assert away.delete("key") is False


def test_a_lock_is_had_once(away):
    """Code that waits until `add` succeeds goes on when the lock is given back."""
    assert away.add("lock", True) is True
    assert away.add("lock", True) is False
    away.delete("lock")
    assert away.add("lock", True) is True


def test_what_was_kept_is_not_there_when_the_server_is_back(away, settings):
    """Two memories of one key would contradict each other."""
    away.set("key", 1)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    assert caches["default"].get("key") is None


def test_counting_fails_loudly(away):
    """Rate limits count by themselves; nobody else counts here."""
    with pytest.raises(RedisError):
        away.incr("count")


_GET = """
import django; django.setup()
from django.core.cache import cache
try:
    print("got", cache.get("key"))
except Exception as error:
    print("failed", type(error).__name__)
"""


@pytest.mark.parametrize(
    ("switch", "printed"), [("1", "got None"), ("0", "failed ConnectionError")]
)
def test_a_strict_cache_is_the_frameworks_own(switch, printed):
    """REDIS_OPTIONAL=0: nobody gets an answer that another process would not get."""
    environment = os.environ | {"REDIS_URL": NOWHERE, "REDIS_OPTIONAL": switch}
    done = subprocess.run(
        [sys.executable, "-c", _GET],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == printed
