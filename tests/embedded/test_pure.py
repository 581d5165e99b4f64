"""The parts of the embedded services that need no server."""

import socket
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from embedded import console, demo, ports, secrets_file, services
from embedded.layout import Layout


@pytest.fixture
def layout(tmp_path):
    """Return the layout of a demo in a checkout whose path holds a space."""
    return Layout.of("demo", checkout=tmp_path / "my checkout")


def test_secrets_are_private_and_stay_the_same(tmp_path):
    """A new encryption key would make every stored client secret unreadable."""
    path = tmp_path / "secrets.env"
    first = secrets_file.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secrets_file.load_or_create(path) == first
    assert set(first) == {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "TOKEN_DIGEST_KEY"}
    Fernet(first["FIELD_ENCRYPTION_KEYS"])


def test_missing_secrets_are_added_without_touching_the_others(tmp_path):
    """An upgrade may need one more secret; a person may have written the file by hand."""
    path = tmp_path / "secrets.env"
    path.write_text("# mine\nSECRET_KEY=chosen by hand\n\n")
    found = secrets_file.load_or_create(path)
    assert found["SECRET_KEY"] == "chosen by hand"
    assert found["TOKEN_DIGEST_KEY"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_checkouts_have_different_secrets(tmp_path):
    """A shared default would let one demo forge the sessions of another."""
    one = secrets_file.load_or_create(tmp_path / "one")
    other = secrets_file.load_or_create(tmp_path / "other")
    assert not set(one.values()) & set(other.values())


def test_a_taken_port_is_seen_and_avoided():
    """The recorded port of the last run may belong to someone else now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        assert not ports.is_free(taken)
        assert ports.choose(taken) != taken
    assert ports.choose(taken) == taken


def test_a_taken_web_port_names_the_way_out():
    """The person must learn PORT= from the message itself."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(console.Refusal, match=rf"{taken}.* make demo PORT={taken + 1}"):
            demo.refuse_taken_port("127.0.0.1", taken)


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(text):
    """Better one sentence than a traceback of the web server."""
    with pytest.raises(console.Refusal, match="PORT must be a number"):
        demo.web_address({"PORT": text})


def test_the_demo_listens_on_this_machine_only_unless_told():
    """A demo with known passwords must not be on the network by default."""
    assert demo.web_address({}) == ("127.0.0.1", 8000)
    assert demo.web_address({"HOST": "0.0.0.0", "PORT": "9001"}) == ("0.0.0.0", 9001)  # noqa: S104


def test_only_one_process_runs_a_profile(layout):
    """Two supervisors of one data folder would end each other's servers."""
    with services.sole_runner(layout) as first, services.sole_runner(layout) as second:
        assert first
        assert not second
    with services.sole_runner(layout) as again:
        assert again


def test_a_second_demo_is_told_where_the_first_one_is(layout):
    """Most second starts are a forgotten terminal."""
    running = services.Services("postgres://a", "redis://b", 4711, base_url="http://127.0.0.1:8005")
    services.record(layout, running)
    message = demo.already_running(layout)
    assert "http://127.0.0.1:8005" in message
    assert "4711" in message
    assert "make stop" in message


def test_recorded_addresses_are_private(layout):
    """They hold the servers' passwords."""
    services.record(layout, services.Services("postgres://a", "redis://b", 1))
    assert stat.S_IMODE(layout.services_file.stat().st_mode) == 0o600


def test_a_damaged_record_counts_as_none(layout):
    """A crash while writing or an older version must not stop the next start."""
    layout.services_file.write_text('{"database_url": 1')
    assert services.recorded(layout) is None
    layout.services_file.write_text('{"unknown": 1}')
    assert services.recorded(layout) is None


def test_the_environment_of_a_demo(layout, monkeypatch):
    """The settings read exactly these; what the caller has set wins, the servers are ours."""
    for name in ("SECRET_KEY", "BASE_URL", "DEMO", "MEDIA_ROOT", "MAIL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEBUG", "1")
    monkeypatch.setenv("PORT", "8123")
    running = services.Services("postgres://here", "redis://there", 1)
    found = services.environment(layout, running, demo=True)
    assert found["DATABASE_URL"] == "postgres://here"
    assert found["REDIS_URL"] == "redis://there"
    assert found["BASE_URL"] == "http://127.0.0.1:8123"
    assert found["DEMO"] == "1"
    assert found["DEBUG"] == "1"
    assert found["SECRET_KEY"]
    assert found["MEDIA_ROOT"] == str(layout.local / "media")


def test_a_test_run_gets_the_servers_and_no_keys(layout, monkeypatch):
    """With the keys of this checkout's demo, results would differ from machine to machine."""
    left_out = {"SECRET_KEY", "DEMO", "MAIL_DIR", "DJANGO_SETTINGS_MODULE"}
    for name in left_out:
        monkeypatch.delenv(name, raising=False)
    running = services.Services("postgres://here", "redis://there", 1)
    found = services.environment(layout, running, demo=False)
    assert found["DATABASE_URL"] == "postgres://here"
    assert not left_out & set(found)


def test_nothing_is_started_when_both_addresses_are_given(layout, monkeypatch):
    """DATABASE_URL and REDIS_URL win: whoever sets them has servers."""
    from embedded.supervisor import Supervisor

    monkeypatch.setenv("DATABASE_URL", "postgres://theirs/db")
    monkeypatch.setenv("REDIS_URL", "redis://theirs")
    with Supervisor() as supervisor:
        running = services.start(layout, supervisor)
        assert not supervisor.children
    assert (running.database_url, running.redis_url) == ("postgres://theirs/db", "redis://theirs")


def test_static_files_are_collected_again_only_after_a_change(tmp_path):
    """The second start has a few seconds; collecting costs some of them."""
    folder = tmp_path / "app" / "static" / "app"
    folder.mkdir(parents=True)
    (folder / "style.css").write_text("a{}")
    before = demo.static_fingerprint(tmp_path)
    (tmp_path / ".local" / "static").mkdir(parents=True)
    (tmp_path / ".local" / "static" / "collected.css").write_text("a{}")
    assert demo.static_fingerprint(tmp_path) == before
    (folder / "style.css").write_text("a{color:red}")
    assert demo.static_fingerprint(tmp_path) != before


def test_the_box_frames_every_line():
    """A ragged frame would look broken in the one thing everybody reads."""
    lines = console.box("Ready", [("Portal", "http://a/"), ("Documentation", "http://a/docs/")])
    assert len({len(line) for line in lines.splitlines()}) == 1
    assert "Documentation  http://a/docs/" in lines


def test_another_users_folder_is_refused_with_a_reason(tmp_path, monkeypatch):
    """`make demo` as root first and as oneself later is a common mix-up."""

    def deny(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "mkdir", deny)
    with pytest.raises(console.Refusal, match="belongs to another user"):
        Layout.of("demo", checkout=tmp_path)
