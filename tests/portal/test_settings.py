"""Settings and system checks: a wrong value is named, never guessed."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import checks, crypto, env


def test_booleans_are_not_guessed(monkeypatch):
    """`DEBUG=off` must not switch debugging on."""
    monkeypatch.setenv("SOME_FLAG", "off")
    monkeypatch.setattr(env, "VARIABLES", {})
    with pytest.raises(ImproperlyConfigured, match="SOME_FLAG must be 1 or 0"):
        env.env_bool("SOME_FLAG", default=False, help="x")


def test_secrets_have_no_default(monkeypatch):
    """A missing secret stops the start and says its name."""
    monkeypatch.setattr(env, "VARIABLES", {})
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET"):
        env.env_secret("SOME_SECRET", help="x")


def test_values_may_come_from_files(monkeypatch, tmp_path):
    """Container secrets are files."""
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(file))
    monkeypatch.setattr(env, "VARIABLES", {})
    assert env.env_secret("SOME_SECRET", help="x") == "from-file"


@pytest.mark.parametrize("text", ['{"a": ["sk_secret"', '["sk_secret"]', "sk_secret"])
def test_json_with_secrets_is_never_quoted(monkeypatch, text):
    """Messages end in logs."""
    monkeypatch.setenv("SOME_JSON", text)
    monkeypatch.setattr(env, "VARIABLES", {})
    with pytest.raises(ImproperlyConfigured, match="SOME_JSON") as caught:
        env.env_json("SOME_JSON", shape=dict, help="x")
    assert "sk_secret" not in str(caught.value)


def test_json_may_come_from_a_file(monkeypatch, tmp_path):
    """As every secret; without one the default holds."""
    monkeypatch.setattr(env, "VARIABLES", {})
    assert env.env_json("SOME_JSON", shape=dict, help="x") == {}
    file = tmp_path / "providers.json"
    file.write_text('{"stripe": ["a.B", {"api_key": "k"}]}\n')
    monkeypatch.setenv("SOME_JSON_FILE", str(file))
    assert env.env_json("SOME_JSON", shape=dict, help="x") == {"stripe": ["a.B", {"api_key": "k"}]}


def test_checks_name_what_is_wrong(settings):
    """Each check has an id that the operator guide explains."""
    settings.FIELD_ENCRYPTION_KEYS = []
    assert [m.id for m in checks.check_encryption_keys()] == ["portal.E001"]
    settings.FIELD_ENCRYPTION_KEYS = ["short"]
    assert [m.id for m in checks.check_encryption_keys()] == ["portal.E002"]
    settings.WEB_STATEMENT_SECONDS = -1
    settings.WORKER_STATEMENT_SECONDS = settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert [m.id for m in checks.check_statements()] == ["portal.E010"] * 2
    settings.RATE_LIMITS = "off"
    assert [m.id for m in checks.check_rate_limits()] == ["portal.E011"]
    settings.RATE_LIMITS = "none"
    assert [m.id for m in checks.warn_of_missing_limits()] == ["portal.W003"]
    settings.CDS_TIMEZONE = "Mars/Olympus"
    assert [m.id for m in checks.check_zone()] == ["portal.E003"]
    settings.USE_HTTPS, settings.DEMO, settings.MAIL_DIR = False, False, "/tmp/x"  # noqa: S108
    assert [m.id for m in checks.check_transport()] == ["portal.W001", "portal.W002"]


def test_inline_code_in_the_policy_is_an_error(settings):
    """The policy is what keeps a stored script from running."""
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": ["'unsafe-inline'"]}}
    assert [m.id for m in checks.check_csp()] == ["portal.E005"]


def test_encryption_keys_rotate(settings):
    """A new first key encrypts; the old one still opens what it closed."""
    from cryptography.fernet import Fernet

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    closed = crypto.encrypt("secret")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert crypto.decrypt(closed) == "secret"
    assert crypto.digest("a", purpose="x") != crypto.digest("a", purpose="y")
