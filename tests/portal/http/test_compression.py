"""Answers are compressed for whoever asks, and for nobody else."""

import gzip
import zlib

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from portal.http.compression import accepts_gzip, compressed

PIECES = [b'{"values":[', b"[1]," * 5_000, b"[2]]}"]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("x-gzip; q=1", True),
        ("", False),
        ("*", False),
        ("br, zstd", False),
        ("gzipped", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, identity", False),
    ],
)
def test_only_gzip_named_and_not_excluded(header, wanted):
    """A weight of nought excludes (RFC 9110 12.4.2)."""
    assert accepts_gzip(header) is wanted


def answer(response, method="GET", accept="gzip"):
    """What a request with this header gets for `response`."""
    request = getattr(RequestFactory(), method.lower())("/", headers={"Accept-Encoding": accept})
    return compressed(request, response)


def one_member(packed):
    """The text of a gzip file with exactly one member, as the simplest readers take it."""
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = reader.decompress(packed)
    assert reader.eof
    assert reader.unused_data == b""
    return text


def test_a_stream_stays_a_stream_of_one_member():
    """Many clients read the first member of a file only."""
    response = answer(StreamingHttpResponse(iter(PIECES), content_type="application/json"))
    packed = b"".join(response.streaming_content)
    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"] == "Accept-Encoding"
    assert len(packed) < len(b"".join(PIECES)) / 3
    assert one_member(packed) == b"".join(PIECES)


def test_a_body_is_compressed_when_that_saves_something():
    """Short ones go out as they are."""
    long = answer(HttpResponse(b"".join(PIECES)))
    assert gzip.decompress(long.content) == b"".join(PIECES)
    short = answer(HttpResponse(b"{}"))
    assert "Content-Encoding" not in short
    assert (short.content, short["Vary"]) == (b"{}", "Accept-Encoding")


def test_the_proxy_may_do_it(settings):
    """Compressed twice is work for nothing."""
    settings.COMPRESS_DATA = False
    response = answer(HttpResponse(b"x" * 5_000))
    assert response.content == b"x" * 5_000
    assert "Content-Encoding" not in response


@pytest.mark.parametrize(
    ("method", "accept", "status"), [("GET", "", 200), ("HEAD", "gzip", 200), ("GET", "gzip", 400)]
)
def test_everything_else_is_left_alone(method, accept, status):
    """Not asked for, without a body, or an error."""
    response = answer(HttpResponse(b"x" * 5_000, status=status), method, accept)
    assert "Content-Encoding" not in response
    assert response.content == b"x" * 5_000
    assert response["Vary"] == "Accept-Encoding"
