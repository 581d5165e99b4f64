"""Health endpoints."""

import pytest

from portal.registries import HealthCheck, health_checks

pytestmark = pytest.mark.django_db


def test_ready_when_every_part_works(client):
    """The database answers."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["parts"]["database"] is True


def test_not_ready_names_the_part(client, monkeypatch):
    """A load balancer takes the server out, an operator sees why."""

    def broken() -> None:
        raise OSError

    monkeypatch.setitem(health_checks._items, "disk", HealthCheck("disk", broken))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["disk"] is False


def test_metrics_are_prometheus_text(client):
    """Waiting work is visible from outside."""
    body = client.get("/metrics").content.decode()
    assert "# TYPE cds_outbox_waiting gauge\ncds_outbox_waiting 0" in body


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_come_past_the_proxy(client, settings, path):
    """They speak http to the process itself; people are sent to https."""
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 200
    assert client.get("/docs/").status_code == 301
