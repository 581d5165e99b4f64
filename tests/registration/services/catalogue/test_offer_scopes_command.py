"""Staff print the offered scopes, edit the file and load it."""

import json

import pytest
from django.core.management import CommandError, call_command

from portal.models import AuditEvent
from registration.services.catalogue.offers import current_offers
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db


def test_what_is_printed_loads_as_it_is(tmp_path, staff, capsys):
    """Nothing is lost on the way, so a file is a backup as well."""
    offer_demo_scopes()
    before = dict(current_offers())
    call_command("offer_scopes")
    file = tmp_path / "offers.json"
    file.write_text(capsys.readouterr().out)
    call_command("offer_scopes", str(file), by=staff.email)
    assert dict(current_offers()) == before


def test_several_ids_of_one_type_are_edited_in_the_file(tmp_path, staff, capsys):
    """CDS-WG1-02 3.2: another limit is another scope id."""
    offer_demo_scopes()
    call_command("offer_scopes")
    rows = json.loads(capsys.readouterr().out)
    short = next(row for row in rows if row["id"] == "cds_usage") | {"id": "cds_usage_short"}
    file = tmp_path / "offers.json"
    file.write_text(json.dumps([*rows, short]))
    call_command("offer_scopes", str(file), by=staff.email)
    assert current_offers()["cds_usage_short"].type == "cds_usage"
    assert AuditEvent.objects.filter(actor=f"user:{staff.pk}").exists()


@pytest.mark.parametrize(
    "text", ["{", "{}", '[{"type": "cds_usage"}]', '[{"id": "x", "type": "y"}]', '[{"id": 1}]']
)
def test_a_broken_file_changes_nothing(tmp_path, text, staff):
    """The command says what is wrong."""
    offer_demo_scopes()
    before = dict(current_offers())
    file = tmp_path / "offers.json"
    file.write_text(text)
    with pytest.raises(CommandError):
        call_command("offer_scopes", str(file), by=staff.email)
    assert dict(current_offers()) == before


def test_coverages_must_exist(tmp_path, staff):
    """CDS-WG1-02 3.4."""
    row = {"id": "cds_grant_admin_1", "type": "cds_grant_admin", "coverages": ["nowhere"]}
    file = tmp_path / "offers.json"
    file.write_text(json.dumps([row]))
    with pytest.raises(CommandError, match="nowhere"):
        call_command("offer_scopes", str(file), by=staff.email)


def test_who_replaces_the_scopes_says_so(tmp_path):
    """Printing them needs no name."""
    file = tmp_path / "offers.json"
    file.write_text("[]")
    with pytest.raises(CommandError, match="--by"):
        call_command("offer_scopes", str(file))
