"""Uploading files, and the rules of ranges (CDS-WG1-02 9, RFC 9110 14)."""

import hashlib
import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from portal.http.files import Part, Unsatisfiable, asked_part
from portal.models import AuditEvent
from registration import urls_of
from registration.catalogue.metadata_parts import MetadataContext
from registration.errors import InvalidRequest
from registration.models.files import ServerProvidedFile
from registration.services.catalogue.offers import current_offers
from registration.services.files.upload import files_metadata, upload_file
from tests.factories.registration import RegistrationFactory
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 " + bytes(range(256)) * 10


def upload(registration=None, *, name="Report 2026.pdf", data=PDF, **values):
    """Return an uploaded file."""
    owner = registration or RegistrationFactory.create()
    return upload_file(
        registration=owner, name=name, content=io.BytesIO(data), by="system", **values
    )


def test_a_file_is_stored_under_a_name_that_nobody_chose():
    """Neither the name nor the extension of an upload reaches the file system."""
    file = upload(description="A report")
    assert (file.size, file.mime_type) == (len(PDF), "application/pdf")
    assert file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert file.created == file.modified
    stored = Path(file.content.name)
    assert stored.parent.name == "server-provided-files"
    assert stored.suffix == ""
    assert "Report" not in file.content.name
    with default_storage.open(file.content.name) as content:
        assert content.read() == PDF
    event = AuditEvent.objects.get(action="file.uploaded")
    assert event.registration == file.registration.registration_id


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("a.csv", "", "text/csv"),
        ("a.unheard-of", "", "application/octet-stream"),
        ("a.pdf", "Application/X-Thing", "application/x-thing"),
    ],
)
def test_the_type_is_said_or_follows_from_the_name(name, given, kept):
    """9.1 mime_type."""
    assert upload(name=name, mime_type=given).mime_type == kept


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "../../etc/passwd"}),
        ("name", {"name": "a\\b.pdf"}),
        ("name", {"name": "a\r\nX: y.pdf"}),
        ("name", {"name": "gpj.\u202efdp.exe"}),
        ("name", {"name": ".."}),
        ("name", {"name": ""}),
        ("name", {"name": "x" * 256}),
        ("mime_type", {"mime_type": "pdf"}),
        ("mime_type", {"mime_type": "text/html; charset=x"}),
        ("mime_type", {"mime_type": "a/b\r\nSet-Cookie: x"}),
    ],
)
def test_names_and_types_that_could_do_harm(field, values):
    """They travel in headers and end on somebody's disk; nothing is stored."""
    with pytest.raises(InvalidRequest) as error:
        upload(**values)
    assert error.value.field == field
    assert not ServerProvidedFile.objects.exists()


def test_a_file_without_a_row_is_not_left_behind(monkeypatch, settings):
    """The storage knows no transactions."""

    def fail(*args, **kwargs):
        raise RuntimeError("no audit today")

    monkeypatch.setattr("portal.audit.record", fail)
    with pytest.raises(RuntimeError):
        upload()
    assert not ServerProvidedFile.objects.exists()
    assert [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()] == []


def test_an_empty_file_is_a_file():
    """Nothing forbids it."""
    assert upload(data=b"").size == 0


@pytest.mark.parametrize("values", [{"sha256": "x"}, {"name": ""}])
def test_the_database_refuses_what_no_service_writes(values):
    """Constraints have tests of their own."""
    row = {"sha256": "0" * 64, "name": "a", "size": 1, "mime_type": "a/b", "content": "x"}
    with pytest.raises(IntegrityError):
        ServerProvidedFile.objects.create(registration=RegistrationFactory.create(), **row | values)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", Part(0, 0)),
        ("bytes=2-5", Part(2, 5)),
        ("bytes=7-", Part(7, 9)),
        ("bytes=-3", Part(7, 9)),
        ("bytes=-99", Part(0, 9)),
        ("bytes=5-99", Part(5, 9)),
        ("BYTES=1-2", Part(1, 2)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=1-2-3", None),
        ("", None),
        ("bytes=" + "9" * 400 + "-", None),
    ],
)
def test_ranges(header, part):
    """One range is served; what is not understood is the whole file (RFC 9110 14.2)."""
    assert asked_part(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_ranges_past_the_end(header):
    """416, not an empty answer."""
    with pytest.raises(Unsatisfiable):
        asked_part(header, 10)


def test_the_address_is_published_with_the_scope_only():
    """Metadata lists no more than works."""
    offer_demo_scopes()
    urls = urls_of.ScopeDocs()
    offered = current_offers()
    some = {k: v for k, v in offered.items() if v.type != "cds_server_provided_files"}
    assert files_metadata(MetadataContext(offers=some, urls=urls)) == {}
    assert files_metadata(MetadataContext(offers=offered, urls=urls)) == {
        "cds_server_provided_files_api": "http://testserver/cds-api/v1/server-provided-files"
    }


def test_the_command(tmp_path, staff, capsys):
    """Staff upload by command until there is a page."""
    registration_id = RegistrationFactory.create().registration_id
    path = tmp_path / "rates.csv"
    path.write_bytes(b"a,b\n")
    by = ["--by", staff.email]
    call_command("upload_file", registration_id, str(path), "--description", "Rates", *by)
    file = ServerProvidedFile.objects.get()
    assert capsys.readouterr().out.strip() == file.file_id
    assert (file.name, file.mime_type, file.description) == ("rates.csv", "text/csv", "Rates")
    for words in (["reg_x", str(path)], [registration_id, str(tmp_path / "missing")]):
        with pytest.raises(CommandError):
            call_command("upload_file", *words, *by)
