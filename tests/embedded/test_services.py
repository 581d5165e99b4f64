"""Real embedded servers: start, keep data, survive a kill, fall back to the second wheel."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded import processes, services
from embedded.layout import Layout
from embedded.postgres import WHEEL_VARIABLE, WHEELS
from embedded.supervisor import Supervisor

pytestmark = pytest.mark.smoke


@pytest.fixture
def layout(tmp_path, monkeypatch) -> Iterator[Layout]:
    """Return the layout of a demo of its own, in a path with a space, and delete it afterwards."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    layout = Layout.of("demo", checkout=tmp_path / "my checkout")
    yield layout
    if layout.server_folder_record.exists():
        shutil.rmtree(Path(layout.server_folder_record.read_text().strip()))


def write_and_read(running: services.Services) -> int:
    """Add a row to a table and return how many rows it has."""
    with psycopg.connect(running.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('é')")
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_data_survives_a_restart(layout):
    """`make demo` twice in a row keeps what was consented to in between."""
    for rows in (1, 2):
        with Supervisor() as supervisor:
            running = services.start(layout, supervisor)
            assert write_and_read(running) == rows
            broker = redis.Redis.from_url(running.redis_url)
            assert broker.incr("starts") == rows


def test_the_cluster_has_what_the_portal_relies_on(layout):
    """Unicode case rules without a system locale, and the two extensions of the migrations."""
    with Supervisor() as supervisor:
        running = services.start(layout, supervisor)
        with psycopg.connect(running.database_url) as connection:
            row = connection.execute("SELECT upper('é'), current_setting('TimeZone')").fetchone()
            assert row == ("É", "UTC")
            connection.execute("CREATE EXTENSION pg_trgm")
            connection.execute("CREATE EXTENSION btree_gin")


def test_only_who_has_the_password_gets_in(layout):
    """Other users of the machine can reach a loopback port too."""
    with Supervisor() as supervisor:
        running = services.start(layout, supervisor)
        address = f"host=127.0.0.1 port={running.postgres_port} user=postgres dbname=portal"
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"{address} password=guess")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(host="127.0.0.1", port=running.valkey_port or 0).ping()


def test_a_start_after_everything_was_killed(layout):
    """Power cuts and `kill -9` leave a stale postmaster.pid and pid files behind."""
    with Supervisor() as supervisor:
        running = services.start(layout, supervisor)
        write_and_read(running)
        for child in supervisor.children.values():
            processes.signal_group(child.process, signal.SIGKILL)
            child.process.wait()
        again = services.start(layout, supervisor)
        assert write_and_read(again) == 2


def test_a_server_that_outlived_its_supervisor_is_ended_first(layout):
    """Two servers on one data folder would destroy it; PostgreSQL would refuse to start."""
    with Supervisor() as first:
        running = services.start(layout, first)
        write_and_read(running)
        abandoned = [child.process.pid for child in first.children.values()]
        with Supervisor() as second:
            assert write_and_read(services.start(layout, second)) == 2
            for pid in abandoned:
                assert not processes.is_alive(pid)


def test_a_recycled_process_id_does_not_block_the_start(layout):
    """After a container restart the recorded id often belongs to another program, here to us."""
    with Supervisor() as supervisor:
        services.start(layout, supervisor)
        data = next(
            Path(part)
            for part in supervisor.children["postgres"].program.argv
            if "/postgres" in part and Path(part).is_dir()
        )
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    with Supervisor() as supervisor:
        assert write_and_read(services.start(layout, supervisor)) == 1


def test_a_damaged_broker_snapshot_is_dropped(layout):
    """The broker holds no truth: better an empty one than none."""
    with Supervisor() as supervisor:
        services.start(layout, supervisor)
        folder = supervisor.children["valkey"].program.cwd
    (folder / "broker.rdb").write_bytes(b"REDIS0011 not a snapshot")
    with Supervisor() as supervisor:
        running = services.start(layout, supervisor)
        assert redis.Redis.from_url(running.redis_url).ping()


@pytest.mark.parametrize("wheel", WHEELS)
def test_each_wheel_works_alone(layout, monkeypatch, wheel):
    """The first wheel calls itself alpha, so the second must not rot."""
    monkeypatch.setenv(WHEEL_VARIABLE, wheel)
    monkeypatch.setenv("REDIS_URL", "redis://unused")
    with Supervisor() as supervisor:
        assert write_and_read(services.start(layout, supervisor)) == 1
        assert wheel in str(supervisor.children["postgres"].program.argv[0])


def test_a_broken_first_wheel_falls_back_to_the_second(layout, monkeypatch, capsys):
    """On a machine where the first one's programs do not run, the demo still starts."""
    from embedded.postgres import Postgres

    original = Postgres._run

    def broken(self, program, *arguments):
        if self.wheel.module == WHEELS[0]:
            raise OSError("cannot execute")
        return original(self, program, *arguments)

    monkeypatch.setattr(Postgres, "_run", broken)
    monkeypatch.setenv("REDIS_URL", "redis://unused")
    with Supervisor() as supervisor:
        assert write_and_read(services.start(layout, supervisor)) == 1
    assert f"wheel {WHEELS[0]} does not work here" in capsys.readouterr().out
