"""Logs say what happened, never who was meant or what opens a door."""

import io
import json
import logging
import logging.config
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client as Browser

from portal.http.context import RequestContext, current
from portal.logs import RedactingFormatter, RequestFilter, logging_config, redact

SECRETS = (
    "ana@example.com",
    "mW9-d1VKvEG7wRja-fZnYHrllTrgur6udyU2k93QPLA",
    "epqqmr7ia8acs4tu7fxr322aai7g3cnbns4y5bukevirfys7ys4f",
    "ar_j2i5s7gqzvdws6d9wa5ehpfkk69542mh3qvq3bn8",
    "li_x8u4padrrhezbdfifm4kg6vwdmi7iviqnwbvdrnf",
    "I5MKjwDxWaHwgUm",
)


@pytest.mark.parametrize(
    "line",
    [
        "could not send to ana@example.com: mailbox full",
        "Not Found: /receipts/epqqmr7ia8acs4tu7fxr322aai7g3cnbns4y5bukevirfys7ys4f/stop/",
        "Internal Server Error: /oauth/authorize/ar_j2i5s7gqzvdws6d9wa5ehpfkk69542mh3qvq3bn8/",
        "Gone: /accounts-link/li_x8u4padrrhezbdfifm4kg6vwdmi7iviqnwbvdrnf/",
        "Authorization: Bearer mW9-d1VKvEG7wRja-fZnYHrllTrgur6udyU2k93QPLA",
        "GET /cb?code=mW9-d1VKvEG7wRja-fZnYHrllTrgur6udyU2k93QPLA&state=x",
        "<WSGIRequest: GET '/accounts/oidc/id/login/callback/?state=x&code=I5MKjwDxWaHwgUm'>",
    ],
)
def test_what_must_not_be_written_is_taken_out(line):
    """In the message, in an exception and in extra values alike."""
    try:
        raise ValueError(line)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, line, None, sys.exc_info())
    record.request = line
    text = RedactingFormatter("%(message)s").format(record)
    assert not [secret for secret in SECRETS if secret in text]
    assert "ValueError" in json.loads(text)["exc_info"]


def test_ordinary_words_stay():
    """Ids of requests and rows are what one searches for."""
    line = "outbox task failed for r_ab12cd34ef56 on /cds-api/v1/grants/gr_abc by client cl_123"
    record = logging.LogRecord("x", logging.ERROR, "f", 1, line, None, None)
    assert json.loads(RedactingFormatter("%(message)s").format(record))["message"] == line


@pytest.mark.parametrize("text", ["x", "a-", "a.", "a@", "A1-", "%40", "a%40b."])
def test_a_long_line_takes_no_longer(text):
    """Paths and parameters of strangers are logged: their length must not become our time."""
    begun = time.thread_time()
    redact(text * 100_000)
    assert time.thread_time() - begun < 2


def test_the_formatter_is_in_use(settings):
    """On the root logger, so that libraries go through it too."""
    assert settings.LOGGING["formatters"]["json"]["()"] == "portal.logs.RedactingFormatter"
    assert settings.LOGGING["root"]["handlers"] == ["console"]


@pytest.mark.parametrize("path", ["/cds-api/v1/grants", "/nothing-here/"])
def test_a_refused_request_is_found_by_its_id_and_says_no_parameters(db, path, settings):
    """Searches and filters hold names and numbers of customers."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(RequestFilter())
    handler.setFormatter(RedactingFormatter(settings.LOGGING["formatters"]["json"]["fmt"]))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        response = Browser().get(path, {"q": "Ana Lopez", "account": "1111-1"})
    finally:
        logger.removeHandler(handler)
    (line,) = lines.getvalue().splitlines()
    assert response.status_code in {401, 404}
    assert json.loads(line)["request_id"] == response["X-Request-Id"]
    assert json.loads(line)["request"] == f"GET {path}"
    assert "Lopez" not in line
    assert "1111" not in line


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a process would write to its error stream, by the configuration of the product."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    config = logging_config("INFO")
    configurator = logging.config.DictConfigurator(config)
    handler.setFormatter(configurator.configure_formatter(config["formatters"]["json"]))
    for name in config["handlers"]["console"]["filters"]:
        handler.addFilter(configurator.configure_filter(config["filters"][name]))
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("path", ["/", "/cds/coverage", "/oauth/token"])
@pytest.mark.parametrize("host", ["scanner.example", "a..b_c:d"])
def test_a_wrong_host_is_refused_and_alarms_nobody(db, settings, written, path, host):
    """Scanners send any name; an operator is woken by records of level ERROR."""
    settings.SECURE_SSL_REDIRECT = True
    assert (
        Browser(raise_request_exception=False).get(path, headers={"host": host}).status_code == 400
    )
    (line,) = map(json.loads, written.getvalue().splitlines())
    assert (line["name"], line["levelname"]) == ("django.request", "WARNING")
    assert "exc_info" not in line


def test_whatever_else_the_framework_suspects_alarms_nobody(written):
    """Too many fields, a body that is too large: the whole kind, whose other errors stay."""
    logging.getLogger("django.security.TooManyFieldsSent").error("too many")
    logging.getLogger("django.request").error("broken")
    levels = [json.loads(line)["levelname"] for line in written.getvalue().splitlines()]
    assert levels == ["WARNING", "ERROR"]


def test_times_say_their_offset(written):
    """Lines of machines in several zones sort, also on the day on which clocks change."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "words", None, None)
    record.created = datetime(2026, 11, 1, 9, 30, 0, 123456, tzinfo=UTC).timestamp()
    logging.getLogger().handle(record)
    assert json.loads(written.getvalue())["asctime"] == "2026-11-01T09:30:00.123+00:00"


def test_a_record_of_its_own_has_the_id_of_the_request_at_hand():
    """What services log carries it too."""
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "words", None, None)
    token = current.set(RequestContext("r_ab12"))
    try:
        RequestFilter().filter(record)
    finally:
        current.reset(token)
    assert vars(record)["request_id"] == "r_ab12"
