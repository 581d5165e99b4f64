"""CDS-WG1-02 3.3.3 and 9: Server-Provided Files, from the upload to the last byte."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone

from consent.models import Grant
from consent.services.grants.change_by_utility import InvalidStaffChange, grant_files
from consent.services.grants.lifecycle import end_grant
from registration.models import Credential, Message
from registration.models.files import ServerProvidedFile
from tests.consent.files_party import ADMIN_SCOPE, DATA, SCOPE, Party
from tests.consent.oauth.support import ask_token, offer_demo_scopes, plug_in_listener
from tests.factories.consent import GrantFactory, token_for
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/server-provided-files"


@pytest.fixture(autouse=True)
def _offers(monkeypatch):
    plug_in_listener(monkeypatch)
    offer_demo_scopes()


@pytest.fixture
def party():
    """A party."""
    return Party()


def get(path: str, headers: dict[str, str], **more: str) -> Any:
    """Send a GET."""
    return Browser().get(path.removeprefix("http://testserver"), headers=headers | more)


@pytest.mark.spec("WG1-02 3.2 j", "WG1-02 3.3.3 b")
def test_metadata():
    """The address and the scope description; without the scope there is no address."""
    document = Browser().get("/.well-known/oauth-authorization-server").json()
    assert problems("AuthorizationServerMetadata", document) == []
    assert document["cds_server_provided_files_api"] == f"http://testserver{LIST}"
    described = document["cds_scope_descriptions"][SCOPE]
    assert described["grant_admin_scope"] == ADMIN_SCOPE
    assert described["grant_types_supported"] == []
    assert described["token_endpoint_auth_methods_supported"] == []


@pytest.mark.spec("WG1-02 3.3.3 a", "WG1-02 3.3.3 c")
def test_the_grant_appears_on_the_grants_api(party):
    """With one entry per file, and a Message that tells of it."""
    files = [party.upload(), party.upload(name="b.csv")]
    grant = party.share(*files)
    secret = Credential.objects.get(client=party.admin)
    token = ask_token(secret, grant_type="client_credentials", scope="cds_client_admin").json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    body = get(f"/cds-api/v1/grants?scopes={SCOPE}", headers).json()
    assert problems("GrantListing", body) == []
    (listed,) = body["grants"]
    assert listed["status"] == "active"
    assert listed["client_id"] == party.files.client_id
    assert listed["scope"] == listed["enabled_scope"] == SCOPE
    assert listed["authorization_details"] == [
        {"type": SCOPE, "file_id": file.file_id} for file in files
    ]
    assert listed["receipt_confirmations"] == []
    message = Message.objects.get(registration=party.admin.registration)
    assert (message.related_type, message.related_uri) == ("grant", listed["uri"])
    # The party may give a file back; for another one it needs the utility.
    fewer = {"authorization_details": listed["authorization_details"][:1]}
    path = listed["uri"].removeprefix("http://testserver")
    patched = Browser().patch(path, fewer, content_type="application/json", headers=headers)
    assert patched.json()["enabled_authorization_details"] == fewer["authorization_details"]
    asked = Browser().patch(
        path,
        {"authorization_details": listed["authorization_details"]},
        content_type="application/json",
        headers=headers,
    )
    assert asked.status_code == 202
    ids = [f["file_id"] for f in get(LIST, party.reads(grant)).json()["files"]]
    assert ids == [files[0].file_id]


@pytest.mark.spec("WG1-02 9.1 a", "WG1-02 9.2 a", "WG1-02 9.2 c", "WG1-02 9.2 d")
def test_listing(party):
    """Only the files of the token's Grant, last modified first."""
    first, second = party.upload(), party.upload(name="b.csv", description="Second")
    party.share(party.upload(name="of another grant.pdf"))
    party.upload(name="of no grant.pdf")
    headers = party.reads(party.share(first, second))
    body = get(LIST, headers).json()
    assert problems("ServerProvidedFileListing", body) == []
    assert [f["file_id"] for f in body["files"]] == [second.file_id, first.file_id]
    assert (body["next"], body["previous"]) == (None, None)
    ServerProvidedFile.objects.filter(pk=first.pk).update(modified=timezone.now())
    assert [f["name"] for f in get(LIST, headers).json()["files"]] == ["Plan é.pdf", "b.csv"]
    found = get(f"{LIST}?file_ids={second.file_id}+file_x", headers).json()["files"]
    assert found == [
        {
            "file_id": second.file_id,
            "uri": f"http://testserver{LIST}/{second.file_id}",
            "created": found[0]["created"],
            "modified": found[0]["created"],
            "mime_type": "text/csv",
            "size": len(DATA),
            "name": "b.csv",
            "description": "Second",
            "download_uri": f"http://testserver{LIST}/{second.file_id}/download",
        }
    ]


@pytest.mark.spec("CDS-WG1-02", "9.2", "paging")
def test_pages(party):
    """A hundred per page, each file once."""
    files = [party.upload(name=f"{n}.txt", data=b"x") for n in range(103)]
    headers = party.reads(party.share(*files))
    first = get(LIST, headers).json()
    second = get(first["next"], headers).json()
    seen = [f["name"] for f in first["files"] + second["files"]]
    assert len(first["files"]) == 100
    assert seen == [f"{n}.txt" for n in reversed(range(103))]
    assert second["next"] is None
    assert get(second["previous"], headers).json()["files"] == first["files"]


@pytest.mark.parametrize("count", [1, 100])
def test_a_page_costs_the_same_for_any_number_of_files(party, count, django_assert_max_num_queries):
    """Token, Client of the Grant, offers, files."""
    files = [party.upload(name=f"{n}.txt", data=b"x") for n in range(count)]
    headers = party.reads(party.share(*files))
    get(LIST, headers)
    with django_assert_max_num_queries(4):
        assert len(get(LIST, headers).json()["files"]) == count


@pytest.mark.spec("WG1-02 3.3.2 f", "WG1-02 9.3 a", "WG1-02 9.4 a")
def test_get_and_download(party):
    """The object, then the bytes, never to be shown on this server's origin."""
    file = party.upload()
    headers = party.reads(party.share(file))
    body = get(f"{LIST}/{file.file_id}", headers).json()
    assert problems("ServerProvidedFile", body) == []
    response = get(body["download_uri"], headers)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == DATA
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Length"] == str(len(DATA)) == str(body["size"])
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Plan%20%C3%A9.pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Accept-Ranges"] == "bytes"
    head = Browser().head(f"{LIST}/{file.file_id}/download", headers=headers)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(DATA)))
    assert head.content == b""


def test_a_broken_download_goes_on(party):
    """One range, as long as the content is still the same (RFC 9110 13.1.5, 14)."""
    file = party.upload()
    headers = party.reads(party.share(file))
    path = f"{LIST}/{file.file_id}/download"
    etag = get(path, headers)["ETag"]
    for condition in ("", etag, get(path, headers)["Last-Modified"]):
        asked = {"Range": "bytes=1000-1999"} | ({"If-Range": condition} if condition else {})
        part = get(path, headers, **asked)
        assert part.status_code == 206
        assert b"".join(part.streaming_content) == DATA[1000:2000]
        assert part["Content-Range"] == f"bytes 1000-1999/{len(DATA)}"
        assert part["Content-Length"] == "1000"
        assert part["Content-Type"] == "application/pdf"
    for condition in ('"other"', f"W/{etag}", "Thu, 01 Jan 1998 00:00:00 GMT", "nonsense"):
        whole = get(path, headers, **{"Range": "bytes=1-2", "If-Range": condition})
        assert whole.status_code == 200
    past = get(path, headers, Range=f"bytes={len(DATA)}-")
    assert past.status_code == 416
    assert past["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.spec("WG1-02 9.2 b")
def test_each_party_and_each_grant_has_its_own(party):
    """Another Grant's file and another party's are 404, in every endpoint and filter."""
    rival = Party()
    mine, unshared, theirs = party.upload(), party.upload(), rival.upload()
    headers = party.reads(party.share(mine))
    rival.share(theirs)
    for file in (unshared, theirs):
        for path in (f"{LIST}/{file.file_id}", f"{LIST}/{file.file_id}/download"):
            assert get(path, headers).status_code == 404
        assert get(f"{LIST}?file_ids={file.file_id}", headers).json()["files"] == []
    # Even a Grant that names another party's file opens nothing of it.
    entry = {"type": SCOPE, "file_id": theirs.file_id}
    forged = GrantFactory.create(
        client=party.files, user=None, scope=SCOPE, authorization_details=[entry]
    )
    assert get(LIST, party.reads(forged)).json()["files"] == []
    assert get(f"{LIST}/{theirs.file_id}", party.reads(forged)).status_code == 404
    assert rival.ask(forged).json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 9 a", "WG1-02 9.1 b")
def test_other_tokens_open_no_files(party):
    """Nobody's is 401; the admin's, a customer's, and a file Client's own are 403."""
    file = party.upload()
    grant = party.share(file)
    data = GrantFactory.create(client=party.app, scope="cds_usage")
    admin = GrantFactory.create(client=party.admin, user=None, scope="cds_client_admin")
    for path in (LIST, f"{LIST}/{file.file_id}", f"{LIST}/{file.file_id}/download"):
        assert get(path, {}).status_code == 401
        for raw in (token_for(data), token_for(admin), token_for(grant)):
            assert get(path, {"Authorization": f"Bearer {raw}"}).status_code == 403
        assert get(path, party.reads(data)).status_code == 403


def test_files_end_with_their_grant(party):
    """A closed or expired Grant opens nothing, at once."""
    file = party.upload()
    grant = party.share(file)
    headers = party.reads(grant)
    assert get(LIST, headers).status_code == 200
    end_grant(grant=grant, status="disabled", reason="test", by="system")
    assert get(LIST, headers).status_code == 401
    over = party.share(file, expires=timezone.now())
    assert party.ask(over).status_code == 400


def test_files_are_shared_with_whom_they_are_for(party):
    """The wrong Client, scope or party is a mistake of staff, and refused."""
    file, other = party.upload(), Party().upload()
    wrong: list[dict[str, Any]] = [
        {"client": party.files, "files": [other], "scope_id": SCOPE},
        {"client": party.app, "files": [file], "scope_id": SCOPE},
        {"client": party.files, "files": [file], "scope_id": "cds_usage"},
        {"client": party.files, "files": [], "scope_id": SCOPE},
    ]
    for values in wrong:
        with pytest.raises(InvalidStaffChange):
            grant_files(**values, by="system")


def test_the_command(party, staff, capsys):
    """Staff share by command until there is a page."""
    file = party.upload()
    words = [party.files.client_id, SCOPE, file.file_id]
    by = ["--by", staff.email]
    call_command("grant_file", *words, "--expires", "2090-01-01T00:00Z", *by)
    grant = Grant.objects.get(scope=SCOPE)
    assert capsys.readouterr().out.strip() == grant.grant_id
    assert grant.expires is not None
    assert len(get(LIST, party.reads(grant)).json()["files"]) == 1
    for position, wrong in ((0, "cl_x"), (1, "cds_usage"), (2, "file_x")):
        with pytest.raises(CommandError):
            call_command(
                "grant_file", *[wrong if n == position else w for n, w in enumerate(words)], *by
            )
