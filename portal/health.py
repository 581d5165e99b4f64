"""Health: /healthz shows that the process is up, /readyz that it can serve, /metrics counts."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from portal.caching.outage import TIMEOUT
from portal.http.permissions import public
from portal.models import OutboxEntry
from portal.registries import HealthCheck, Metric, health_checks, metrics


@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process is running."""
    return HttpResponse("ok", content_type="text/plain")


@public
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if every part that requests depend on works, else 503 with the parts that fail."""
    needed = [*health_checks, *([] if settings.REDIS_OPTIONAL else [_REDIS])]
    parts = {check.name: _works(check) for check in needed}
    ready = all(parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


@public
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer in the Prometheus text format; block this path at the proxy to keep it internal."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge"]
        lines.append(f"{metric.name} {metric.measure():g}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _works(check: HealthCheck) -> bool:
    try:
        check.probe()
    except Exception:  # any failure of a part means "not ready", whatever the cause
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    server = Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
    )
    try:
        server.ping()
    finally:
        server.close()


_REDIS = HealthCheck("redis", _redis)


def _redis_is_away() -> float:
    try:
        _redis()
    except (RedisError, OSError):
        return 1
    return 0


def register() -> None:
    """Add the parts that the foundation itself depends on; Redis only with REDIS_OPTIONAL off."""
    health_checks.register("database", HealthCheck("database", _database))
    metrics.register(
        "redis_away",
        Metric(
            "cds_redis_away",
            "1 while Redis does not respond: limits count per process, background work is late",
            _redis_is_away,
        ),
    )
    metrics.register(
        "outbox",
        Metric(
            "cds_outbox_waiting",
            "Background work that is waiting to run",
            lambda: OutboxEntry.objects.filter(status=OutboxEntry.Status.READY).count(),
        ),
    )
    metrics.register(
        "fetches",
        Metric(
            "cds_fetches_waiting",
            "The part of the backlog that waits for workers of the queue fetches",
            lambda: OutboxEntry.objects.filter(
                status=OutboxEntry.Status.READY, task__in=settings.FETCH_TASKS
            ).count(),
        ),
    )
    metrics.register(
        "outbox_failed",
        Metric(
            "cds_outbox_failed",
            "Background work that failed for good",
            lambda: OutboxEntry.objects.filter(status=OutboxEntry.Status.FAILED).count(),
        ),
    )
