"""Files of Messages: large bodies in small memory, types, storage, download."""

import base64
import io
import json
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registration.errors import InvalidRequest
from registration.models import Message
from registration.models.message import MessageAttachment
from registration.services.messages.attachments import (
    ReceivedFile,
    received_file,
    store_attachments,
)
from registration.services.messages.stream_body import (
    LONG_STRING,
    AttachmentsTooLarge,
    DecodedFile,
    max_body_bytes,
    read_body,
)
from tests.factories.registration import MessageFactory
from tests.registration.support import admin_caller, offer_demo_scopes

LIST = "/cds-api/v1/messages"
MB = 1024 * 1024
PDF = b"%PDF-1.7\n"


class Slow(io.BytesIO):
    """A connection that brings a few bytes at a time."""

    def __init__(self, content, step):
        super().__init__(content)
        self.step = step

    def read(self, size=-1):
        return super().read(min(size, self.step))


both_ways = pytest.mark.usefixtures("streamed_or_whole")


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def streamed_or_whole(request, settings):
    """STREAM_MESSAGE_BODIES on and off: both answer alike."""
    settings.STREAM_MESSAGE_BODIES = request.param


def refusal_of(raw):
    """Why a body with one long string holds no file."""
    try:
        (file,) = read_body(io.BytesIO(raw), long_string=100).files.values()
    except InvalidRequest as error:
        return error.message
    return file.error


def office(folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/document.xml", "<x/>")
    return content.getvalue()


def item(content, *, filename="form.pdf", mime_type="application/pdf"):
    data = base64.b64encode(content).decode()
    return {"filename": filename, "mime_type": mime_type, "data": data}


def post(api, *items, **fields):
    payload = {
        "type": "private_message",
        "name": "Files",
        "description": "Here",
        "attachments": list(items),
    } | fields
    return api.generic("POST", LIST, json.dumps(payload), "application/json")


def body_of(response):
    return json.loads(b"".join(response.streaming_content))


@pytest.fixture
def api(db):
    offer_demo_scopes()
    return admin_caller()[0]


@both_ways
@pytest.mark.spec("WG1-02 6.9 k")
def test_ten_megabytes_go_in_and_come_back(api):
    """CDS-WG1-02 6.9: the limit is at least 10 MB; what comes back is byte for byte the same."""
    content = PDF + os.urandom(10 * MB - len(PDF))
    answer = post(api, item(content))
    assert answer.status_code == 201
    message = body_of(answer)
    again = body_of(api.get(message["uri"]))
    assert again == message
    assert base64.b64decode(again["attachments"][0]["data"]) == content
    downloaded = api.get(again["attachments"][0]["uri"])
    assert b"".join(downloaded.streaming_content) == content
    assert int(downloaded["Content-Length"]) == len(content)


@pytest.mark.django_db
def test_a_large_body_is_never_held_whole(tmp_path):
    """Reading ten megabytes must not need ten megabytes of memory."""
    file = tmp_path / "body"
    with file.open("wb") as body:
        body.write(b'{"attachments": [{"data": "')
        for _ in range(160):
            body.write(base64.b64encode(os.urandom(65_535)))
        body.write(b'"}]}')
    with file.open("rb") as stream:
        tracemalloc.start()
        read = read_body(stream)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert [one.size for one in read.files.values()] == [160 * 65_535]
    assert peak < 5 * MB
    read.close()


@both_ways
def test_over_the_limit_is_413(api, settings):
    """Also when the files are small one by one, and nothing is kept."""
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 300_000
    small = PDF + bytes(150_000)
    assert post(api, item(small), item(small)).status_code == 413
    answer = post(api, item(PDF + bytes(300_001)))
    assert (answer.status_code, answer.json()["field"]) == (413, "attachments")
    assert not Message.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


@both_ways
def test_reading_stops_where_the_limit_is(settings):
    """A liar's body is not read to its end."""
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 500_000
    stream = io.BytesIO(b'{"attachments": [{"data": "' + b"QUJD" * 2_000_000 + b'"}]}')
    with pytest.raises(AttachmentsTooLarge):
        read_body(stream)
    assert stream.tell() < 2 * MB


@both_ways
def test_a_body_of_text_alone_is_limited(settings):
    """What is no file has to fit in a megabyte, however it is split."""
    with pytest.raises(InvalidRequest, match="too long"):
        read_body(io.BytesIO(json.dumps({"x": ["y" * 1000] * 1200}).encode()))
    assert max_body_bytes() > 10 * MB * 4 // 3


@both_ways
def test_a_long_text_is_no_file(api):
    """It must not turn into an odd description."""
    answer = post(api, description="QUJD" * LONG_STRING)
    assert (answer.status_code, "too long" in answer.json()["error_description"]) == (400, True)


@both_ways
@pytest.mark.parametrize("step", [1, 7, 4096])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: text.replace("/", "\\/"),
        lambda text: text.replace("+", "\\u002B").replace("/", "\\u002f"),
        lambda text: "\\r\\n".join(text[i : i + 76] for i in range(0, len(text), 76)),
    ],
)
def test_base64_as_writers_of_json_write_it(step, write):
    """Escaped slashes, + as a character code, lines as in mails, cut anywhere."""
    content = os.urandom(3001) + b"\xfb\xff\xbf" * 300
    text = write(base64.b64encode(content).decode())
    raw = f'{{"a": "sm\\u00e4ll \\"x\\"", "data": "{text}"}}'.encode()
    body = read_body(Slow(raw, step), long_string=100)
    assert body.payload["a"] == 'smäll "x"'
    file = body.files[body.payload["data"]]
    assert (file.error, file.content.read()) == ("", content)


@both_ways
@pytest.mark.parametrize(
    "text", ["QUJD" * 50 + "QUJ", "QUI=" * 50, "!" * 200, "QUJD" * 50 + "\\u00fc"]
)
def test_what_is_not_base64_is_said(text):
    """Padding in the middle, foreign characters, a wrong length."""
    body = read_body(io.BytesIO(f'{{"data": "{text}"}}'.encode()), long_string=100)
    assert "Base64" in body.files[body.payload["data"]].error or "padding" in (
        body.files[body.payload["data"]].error
    )


def test_errors_are_found_across_pieces():
    """Padding ends a file, wherever the connection cut it; the first error stays."""
    file = DecodedFile.empty()
    for piece in (b"QUJDRA==", b"QUJD", b"QUJD"):
        file.feed(piece)
    file.finish()
    assert (file.error, file.content.read()) == ("continues after its padding", b"ABCD")


@both_ways
def test_odd_escapes_are_no_base64():
    """JSON allows them, no encoder of Base64 needs them."""
    said = refusal_of(b'{"data": "' + b"QUJD" * 50 + b'\\"QUJ\\u00zz"}')
    assert "not Base64" in said or "not valid JSON" in said


@pytest.mark.parametrize("text", ["\\/" * 60, "\\u002f" * 40, "QUJD\\n" * 40, "\\r\\n\\tQUJD" * 40])
@pytest.mark.parametrize("step", [1, 7, 64])
def test_escapes_are_read_wherever_the_connection_cuts_them(text, step):
    """Writers of JSON may escape a slash and break lines."""
    raw = f'{{"data": "{text}", "rest": "a\\\\"}}'.encode()
    body = read_body(Slow(raw, step), long_string=100)
    (file,) = body.files.values()
    assert (file.error, file.content.read()) == ("", base64.b64decode(json.loads(raw)["data"]))
    assert body.payload["rest"] == "a\\"


@both_ways
@pytest.mark.parametrize(
    "escape", ["\\b", "\\\\", '\\"', "\\\\u0041", "\\u00e4", "\\ud800", "\\x41", "\\101", "\\u00"]
)
def test_other_escapes_are_no_base64(escape):
    """Neither those of JSON that stand for something else, nor those of other languages."""
    said = refusal_of(f'{{"data": "{"QUJD" * 50}{escape}QUJD"}}'.encode())
    assert any(words in said for words in ("not Base64", "not valid JSON", "half a surrogate"))


@both_ways
@pytest.mark.parametrize("escape", ["\\/", "\\u002f", "\\n"])
def test_a_body_of_escapes_is_no_work(escape):
    """Whole runs at once: a step for each escape would hold a process for seconds."""
    text = (escape * 1_000_000)[: 3_000_000 // 24 * 24]
    body = b'{"data": "' + text.encode() + b'"}'
    begun = time.process_time()
    read_body(io.BytesIO(body)).close()
    assert time.process_time() - begun < 1


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    streams=st.booleans(),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ),
    step=st.integers(min_value=1, max_value=50),
    ascii_only=st.booleans(),
)
def test_any_json_is_read_like_the_parser_reads_it(streams, value, step, ascii_only):
    """Only files are taken out; everything else passes through unchanged."""
    raw = json.dumps({"value": value}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        expected = json.loads(raw.decode())
    except UnicodeDecodeError:
        with override_settings(STREAM_MESSAGE_BODIES=streams), pytest.raises(InvalidRequest):
            read_body(Slow(raw, step))
        return
    with override_settings(STREAM_MESSAGE_BODIES=streams):
        assert read_body(Slow(raw, step)).payload == expected


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    raw=st.binary(max_size=300), step=st.integers(min_value=1, max_value=20), streams=st.booleans()
)
def test_no_body_breaks_the_reader(raw, step, streams):
    """Whatever arrives is parsed or refused."""
    try:
        with override_settings(STREAM_MESSAGE_BODIES=streams):
            read_body(Slow(raw, step), long_string=10)
    except InvalidRequest:
        return


@pytest.mark.spec("WG1-02 6.7 b")
@pytest.mark.parametrize(
    ("content", "declared", "kept"),
    [
        (PDF, "application/pdf", "application/pdf"),
        (PDF, "application/octet-stream", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0\x00", "image/jpeg", "image/jpeg"),
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b"hello", "text/plain", "text/plain"),
        (b"hello", "application/octet-stream", "text/plain"),
        (b'{"a": 1}', "application/json", "application/json"),
        (b"<a/>", "application/xml", "application/xml"),
        (office("other"), "application/zip", "application/zip"),
        (
            office("xl"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            office("word"),
            "application/octet-stream",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_types_that_are_taken(content, declared, kept):
    """By what the content is; the sender may say octet-stream (6.7)."""
    file = received_file(filename="x", declared_type=declared, content=io.BytesIO(content))
    assert file.content_type == kept


@pytest.mark.spec("WG1-02 6.7 b")
@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"", "text/plain"),
        (b"MZ\x90\x00\x03", "application/octet-stream"),
        (b"\x00\x01", "application/pdf"),
        (PDF, "image/png"),
        (b"<html><script>alert(1)</script>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"hello", "application/pdf"),
        (b"PK\x03\x04broken", "application/zip"),
        (office("xl"), "application/zip"),
        (b"a\x00b", "text/plain"),
        (b"\xff\xfe", "text/plain"),
    ],
)
def test_types_that_are_not(content, declared):
    """Programs, pages, and whatever is not what it says."""
    with pytest.raises(InvalidRequest):
        received_file(filename="x", declared_type=declared, content=io.BytesIO(content))


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "../../etc/passwd"},
        {"filename": "a\\b.pdf"},
        {"filename": ""},
        {"filename": None},
        {"filename": "x" * 201},
        {"filename": "gpj.\u202efdp"},
        {"filename": "a\nb"},
        {"mime_type": None},
        {"mime_type": "pdf"},
        {"mime_type": "text/html; charset=utf-8"},
        {"data": None},
        {"data": 5},
        {"data": "%%%"},
        {"data": "QUI"},
    ],
)
def test_wrong_attachments_are_named_and_store_nothing(api, settings, change):
    """400, and no file stays behind."""
    answer = post(api, item(PDF), item(PDF) | change)
    assert (answer.status_code, answer.json()["field"]) == (400, "attachments")
    assert not Message.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


def test_too_many_files(api):
    """Twenty are enough for one letter."""
    assert post(api, *[item(PDF)] * 21).status_code == 400


def test_storage_knows_no_names(api, settings):
    """The name in storage is random; the sender's is data only."""
    post(api, item(PDF, filename="secret plan.pdf"))
    (file,) = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert "secret" not in str(file)
    assert file.suffix == ""
    assert len(file.name) > 40


class Torn(io.BytesIO):
    """A source that gives its content once: to be stored, and not to be summed up."""

    rounds = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Fail when it is read again from the start."""
        self.rounds += self.tell() == 0
        if self.rounds > 1:
            raise OSError("disk gone")
        return super().read(size)


@pytest.mark.django_db
def test_a_failure_leaves_no_file(settings):
    """All or nothing, in the database and in storage; also of the file that has no row yet."""
    files = [
        received_file(filename="a.pdf", declared_type="application/pdf", content=io.BytesIO(PDF)),
        ReceivedFile("b.pdf", "application/pdf", "application/pdf", Torn(PDF), len(PDF)),
    ]
    with pytest.raises(OSError, match="gone"), transaction.atomic():
        store_attachments(message=MessageFactory.create(), files=files)
    assert not Message.objects.exists()
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_a_download_is_never_a_page(api):
    """CDS-WG1-02 6.7 files are strangers' files: attachment, no sniffing, nothing to run."""
    name = 'Zählung "1".csv'
    message = body_of(post(api, item(b"<b>,x", filename=name, mime_type="text/csv")))
    answer = api.get(message["attachments"][0]["uri"])
    assert answer["Content-Type"] == "text/csv"
    assert answer["Content-Disposition"].startswith('attachment; filename="Z?hlung _1_.csv"')
    assert "filename*=UTF-8''Z%C3%A4hlung%20%221%22.csv" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "no-store"
    b"".join(answer.streaming_content)


def test_other_parties_files_are_404(api):
    """By any Message, one's own too."""
    mine = body_of(post(api, item(PDF)))
    foreign = MessageFactory.create()
    file = received_file(filename="x", declared_type="application/pdf", content=io.BytesIO(PDF))
    store_attachments(message=foreign, files=[file])
    attachment = MessageAttachment.objects.get(message=foreign)
    for message_id in (foreign.message_id, mine["message_id"]):
        answer = api.get(f"{LIST}/{message_id}", {"attachment": attachment.attachment_id})
        assert answer.status_code == 404
    assert api.get(mine["uri"], {"attachment": ""}).status_code == 404


def test_listings_carry_the_files(api):
    """The same object as by its uri, and the other lists stay plain."""
    first = body_of(post(api, item(PDF), item(b"a,b", filename="t.csv", mime_type="text/csv")))
    second = post(api, name="no file").json()
    listing = body_of(api.get(LIST))
    assert listing["read"] == [second, first]
    assert listing["unread"] == listing["outstanding"] == []
    assert listing["read_next"] is None


@pytest.mark.parametrize("sizes", [[90, 90, 10, 90, 200, 1]])
def test_pages_end_before_they_grow_too_large(api, settings, sizes):
    """Walking forth and back shows each Message once, in order, the oversized one alone."""
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 100_000
    expected: list[str] = []
    registration = api.handler._force_user.registration
    for size in sizes:
        message = MessageFactory.create(registration=registration, read=True)
        MessageAttachment.objects.create(
            message=message,
            filename="x",
            declared_type="text/plain",
            content_type="text/plain",
            size=size * 1000,
            sha256="",
            stored_as=default_storage.save("messages/x", io.BytesIO(b"x")),
        )
        expected.insert(0, message.message_id)
    seen, pages, url = [], [], LIST
    while url:
        page = body_of(api.get(url))
        pages.append([row["message_id"] for row in page["read"]])
        seen += pages[-1]
        last, url = page, page["read_next"]
    assert seen == expected
    assert [len(page) for page in pages] == [1, 1, 2, 1, 1]
    back, url = pages[-1], last["read_previous"]
    while url:
        page = body_of(api.get(url))
        back = [row["message_id"] for row in page["read"]] + back
        url = page["read_previous"]
    assert back == expected


def test_nothing_is_written_before_the_message_is_right(api, settings):
    """A wrong type costs no storage."""
    assert post(api, item(PDF), type="notification").status_code == 400
    assert not Path(settings.MEDIA_ROOT).exists()
