"""The reference pages: where metadata points, what the tables hold, what they must not hold."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser
from rest_framework.exceptions import AuthenticationFailed, UnsupportedMediaType

from customerdata.addresses import ABBREVIATIONS, EXAMPLES, normalize_stored
from customerdata.demo.people import LOGINS, PASSWORD, address_of
from portal.docs import page_text
from portal.errors import DomainError
from portal.http.api import as_domain_error
from portal.registries import docs_pages
from tests.docs.shell import shell_blocks
from tests.registration.support import offer_demo_scopes

ROOT = Path(__file__).resolve().parents[2]
HOST = "http://testserver"


def documentation_links(value: object) -> Iterator[str]:
    """Yield the links to documentation pages anywhere in a JSON document."""
    if isinstance(value, str) and value.startswith(f"{HOST}/docs/"):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from documentation_links(item)
    elif isinstance(value, list):
        for item in value:
            yield from documentation_links(item)


def subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield every error class below one."""
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


@pytest.mark.django_db
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.spec("CDS-WG1-02", "3.4, 3.8, 3.10", "documentation links lead to what they describe")
def test_documentation_links_of_metadata_lead_to_anchors(slash):
    """Each scope, field and choice; also with the slash that people add to addresses."""
    offer_demo_scopes()
    site = Browser()
    pages: dict[str, str] = {}
    links = set()
    for document in ("oauth-authorization-server", "cds-server-metadata.json"):
        links |= set(documentation_links(json.loads(site.get(f"/.well-known/{document}").content)))
    assert len([link for link in links if "#" in link]) > 50
    for link in links:
        path, _, anchor = link.removeprefix(HOST).partition("#")
        path = path.rstrip("/") + slash if "/scopes/" in path else path
        if path not in pages:
            response = site.get(path)
            assert response.status_code == 200, link
            pages[path] = response.content.decode()
        assert not anchor or f'id="{anchor}"' in pages[path], link


@pytest.mark.django_db
@pytest.mark.spec("WG3-01 7.1.13.1 e")
@pytest.mark.parametrize("scope_id", ["cds_usage", "cds_service_contracts"])
def test_scope_pages_say_how_addresses_are_compared(scope_id):
    """Abbreviations, separator, parts, and examples of both kinds with their normalized form."""
    offer_demo_scopes()
    page = Browser().get(f"/docs/scopes/{scope_id}").content.decode()
    (part,) = re.findall(r'<h2 id="addresses">.*?(?=<h2)', page, re.DOTALL)
    for short, word in ABBREVIATIONS.items():
        assert f"<code>{short}</code> is <code>{word}</code>" in part
    for address in EXAMPLES:
        assert f"<code>{normalize_stored(address)}</code>" in part
    assert part.count("<td>typical</td>") == 2
    assert part.count("<td>atypical</td>") == 1
    assert "{street with its unit}, {city}, {region}, {postal code}" in part


def test_the_errors_page_lists_every_code():
    """With its own status: the table comes from the classes."""
    page = docs_pages.get("errors")
    assert page is not None
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", page_text(page), re.MULTILINE)
    listed = {code for code, _ in rows}
    assert len(rows) == len(listed), "a code is listed twice"
    # Neither the classes of tests nor those made for one answer are part of the product.
    errors = [
        each
        for each in subclasses(DomainError)
        if not each.__module__.startswith("tests")
        and hasattr(sys.modules[each.__module__], each.__name__)
    ]
    assert {error.code for error in errors} <= listed
    assert {(error.code, str(error.status)) for error in errors} <= set(rows)


def test_refused_requests_add_no_rows_to_the_errors_page():
    """Refusals of the framework get their code on the way out, under a class of the moment."""
    page = docs_pages.get("errors")
    assert page is not None
    before = page_text(page)
    refusals = [
        as_domain_error(AuthenticationFailed("x")),
        as_domain_error(UnsupportedMediaType("x")),
    ]
    assert None not in refusals
    assert page_text(page) == before


def test_the_test_accounts_page_lists_the_logins():
    """Those that the demo makes, and no others."""
    page = docs_pages.get("test-accounts")
    assert page is not None
    text = page_text(page)
    assert PASSWORD in text
    named = set(re.findall(r"\b(\w+@example\.com)\b", text))
    assert named == {address_of(name) for name in LOGINS}


def test_blocks_are_found():
    """The extraction that the quick start test relies on."""
    assert shell_blocks("a\n```sh\nls\n```\n```\nno\n```\n```sh\npwd\n```\n") == ["ls\n", "pwd\n"]


def test_no_page_speaks_of_anything_but_the_product():
    """No address of a machine it was made on, and nothing unfinished."""
    files = subprocess.run(
        [
            "git",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.md",
            "*.html",
            "*.txt",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    unwanted = re.compile(r"/(?:work|tmp)/|/root\b|\bTODO\b|\bFIXME\b|lorem ipsum", re.IGNORECASE)
    found = [
        f"{name}: {match.group()}"
        for name in files
        if (ROOT / name).is_file()
        for match in unwanted.finditer((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert found == []
