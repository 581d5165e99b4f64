"""The sample app as its own process, from "Connect your utility" to "You stopped sharing"."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from customerdata.demo.people import address_of
from tests.browser.world import latest_grant

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "examples" / "client" / "app.py"


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def charts(cast, portal, tmp_path) -> Iterator[str]:
    """The address of the running app; it knows the portal's address and nothing else."""
    port = free_port()
    command = [sys.executable, str(APP), portal, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--state", str(tmp_path / "state.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline()
    assert f"http://127.0.0.1:{port}" in line, process.stderr.read()
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=10)


def test_connect_draw_stop(cast, charts, visitor, new_visitor, password) -> None:
    """What README promises: connect, choose, see the usage, stop, see that it stopped."""
    cast.home("ana")
    visitor.go(charts)
    visitor.follow("Connect your utility")
    visitor.sign_in(address_of("ana"), password)
    visitor.look()
    for number in ("222222", "333333"):
        visitor.box(number).check()
    visitor.press("Authorize")
    visitor.sees("Home Energy Charts")
    expect(visitor.page.get_by_text("You are sharing 2 service(s).")).to_be_visible()
    expect(visitor.page.get_by_role("img").nth(1)).to_be_visible()
    assert latest_grant().client.client_name == "Home Energy Charts"

    second = new_visitor(beside=visitor)
    second.go("/sharing/")
    second.look()
    stop = re.compile("^Stop sharing")
    second.page.get_by_role("link", name=stop).click()
    second.look()
    second.page.get_by_role("button", name=stop).click()
    second.sees("Sharing with Home Energy Charts has stopped")
    second.look()

    visitor.follow("Reload")
    expect(visitor.page.get_by_text("You stopped sharing")).to_be_visible()
    visitor.follow("Connect your utility")
    visitor.sees(re.compile("^Home Energy Charts .*asks for your energy data$"))
    visitor.look()
