"""What people paste works: the shell blocks of the README and of the documentation pages, run
literally against a server with the demo's customer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from consent.models import Receipt
from customerdata.demo.dates import Calendar
from customerdata.demo.developer import publish_offers
from customerdata.demo.homes import make_ana
from customerdata.demo.people import PASSWORD, create_people
from portal.docs import page_text
from portal.registries import docs_pages
from registration.models import Client
from tests.docs.shell import Shell, shell_blocks
from tests.programs import require_programs

ROOT = Path(__file__).resolve().parents[2]
README_BASE = "http://127.0.0.1:8000"
# The pages with blocks to paste; each is run below.
PAGES = {"quickstart", "registration"}

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _programs() -> None:
    """A bare machine may go without; continuous integration may not."""
    require_programs("curl", what="what readers paste")


@pytest.fixture
def server(live_server: Any, settings: Any) -> str:
    """A running portal with ana, her services and her readings; the address of it."""
    settings.BASE_URL = live_server.url
    create_people()
    publish_offers()
    make_ana(Calendar.current())
    return str(live_server.url)


@pytest.fixture
def shell(tmp_path: Path, server: str) -> Iterator[Shell]:
    """The reader's shell."""
    with Shell(tmp_path) as bash:
        yield bash


def blocks_of(slug: str) -> list[str]:
    """Return the shell blocks of a documentation page."""
    page = docs_pages.get(slug)
    assert page is not None
    return shell_blocks(page_text(page))


def approve_as_ana(printed: str, server: str) -> None:
    """Do what a reader does in the browser: open the address, sign in, choose, authorize."""
    (address,) = re.findall(r"^http\S+$", printed, re.MULTILINE)
    ana = Browser()
    ana.post("/accounts/login/", {"login": "ana@example.com", "password": PASSWORD})
    form = ana.get(address.removeprefix(server), follow=True)
    html = form.content.decode()
    services = re.findall(r'name="request-1-services" value="(\w+)"', html)
    (mark,) = re.findall(r'name="mark" value="(\w+)"', html)
    fields = {
        "action": "authorize",
        "shown": ["0"],
        "request-1-services": services[:1],
        "mark": mark,
    }
    answer = ana.post(form.request["PATH_INFO"], fields)
    receipt = ana.get(answer["Location"].removeprefix(server), follow=True)
    assert "Stop sharing" in receipt.content.decode()


def stop_sharing() -> None:
    """Press the button of the receipt, as anybody with its link can."""
    receipt = Receipt.objects.latest("pk")
    Browser().post(f"/receipts/{receipt.url_token}/stop/")


def paste_all(shell: Shell, blocks: list[str], server: str) -> tuple[str, str]:
    """Paste blocks with the browser's steps between them: what the last two printed."""
    ask = next(n for n, block in enumerate(blocks) if "/oauth/authorize?" in block)
    for block in blocks[:ask]:
        shell.paste(block)
    approve_as_ana(shell.paste(blocks[ask]), server)
    data = [shell.paste(block) for block in blocks[ask + 1 : -1]][-1]
    stop_sharing()
    return data, shell.paste(blocks[-1])


def test_the_quick_start_reaches_data_and_loses_it_again(shell: Shell, server: str) -> None:
    """The page keeps its promise, block by block."""
    data, ended = paste_all(shell, blocks_of("quickstart"), server)
    (segment,) = json.loads(data)
    assert segment["formats"][0]["type"] == "electric_usage"
    assert len(segment["values"]) == 4
    assert ended == "401"


def test_the_readme_reaches_data_and_loses_it_again(shell: Shell, server: str) -> None:
    """The first thing that newcomers try."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace(README_BASE, server)
    data, ended = paste_all(shell, shell_blocks(text), server)
    assert "electric_usage" in data
    assert ended == "401"


def test_a_client_is_changed_as_the_registration_page_says(shell: Shell, server: str) -> None:
    """The blocks continue the quick start: same variables, same shell."""
    for block in blocks_of("quickstart")[:4]:
        shell.paste(block)
    printed = [shell.paste(block) for block in blocks_of("registration")]
    app = Client.objects.get(client_id=shell.value("CDS_CONSENT_ID"))
    assert app.redirect_uri_list == ["http://localhost:9000/callback"]
    assert '"credential_id"' in printed[1]
    asked = json.loads(printed[2])
    assert (asked["type"], asked["status"]) == ("support_request", "pending")
    assert [file["filename"] for file in asked["attachments"]] == ["question.txt"]


def test_no_page_has_blocks_that_nobody_runs() -> None:
    """A new page with commands needs a test above."""
    assert {page.slug for page in docs_pages if shell_blocks(page_text(page))} == PAGES
