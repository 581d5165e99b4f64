"""System checks: settings that the metadata publishes."""

from registration.checks import check_published_settings


def test_good_settings_pass(settings):
    """The defaults, and a server that moved."""
    settings.CDS_MIGRATED_TO = "https://new.example/.well-known/cds-server-metadata.json"
    assert check_published_settings() == []


def test_bad_settings_are_named(settings):
    """Each with its id."""
    settings.SERVER_CREATED = "once"
    settings.CDS_MIGRATED_TO = "new.example"
    found = [problem.id for problem in check_published_settings()]
    assert found == ["registration.E001", "registration.E002"]
