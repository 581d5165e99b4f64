"""The cache when its server is away: as good as empty."""

import pytest
from django.core.cache import caches
from redis.exceptions import RedisError


@pytest.fixture
def away(settings):
    """A cache whose server does not answer."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    return caches["default"]


def test_it_looks_empty(away, caplog):
    """Sign-in counts its attempts here and must not fail with the cache."""
    away.set("key", 1)
    assert away.get("key", "default") == "default"
    assert away.delete("key") is False
    assert "does not answer" in caplog.text


def test_a_lock_is_had(away):
    """Code that waits until `add` succeeds must not wait forever."""
    assert away.add("lock", True) is True


def test_counting_fails_loudly(away):
    """A count that means nothing would be worse than none; callers decide what follows."""
    with pytest.raises(RedisError):
        away.incr("count")
