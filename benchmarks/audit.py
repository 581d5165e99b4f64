"""The audit trail at a million events: writing, sealing, checking.

A trail is filled behind the product's back, then sealed by the product's task as the clock runs
it, then checked. What matters is that none of it depends on how long the trail has become: the
same run of the task over the same number of new events, with an empty trail and with a long one.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.servers import ROOT, database, product_environment, python

WRITES = 2_000
_FILL = """
INSERT INTO portal_auditevent (at, action, actor, subject, registration, request_id, details)
SELECT now(), 'bench.act', 'client:cl_' || n %% 500, 'grant:gr_' || n, '', 'r_bench',
       jsonb_build_object('reason', 'a reason of usual length', 'number', n)
FROM generate_series(1, %s) AS n
"""


def run(options: argparse.Namespace) -> None:
    """Measure in a database of its own."""
    with database(os.environ["DATABASE_URL"]) as url:
        environment = product_environment(url, 0)
        python(environment, str(ROOT / "manage.py"), "migrate", "-v0")
        words = [sys.executable, "-m", "benchmarks.audit", str(options.events)]
        subprocess.run(words, cwd=ROOT, env=environment, check=True)


def timed(words: str, act: Callable[[], object]) -> None:
    """Run something and print how long it took."""
    begun = time.perf_counter()
    result = act()
    print(f"{words:52} {time.perf_counter() - begun:9.3f} s   {result}", flush=True)


def write() -> str:
    """Record events one by one, each in a transaction of its own."""
    from portal.audit import record

    begun = time.perf_counter()
    for number in range(WRITES):
        record("bench.act", by="client:cl_1", subject=f"grant:gr_{number}", details={"n": number})
    return f"{(time.perf_counter() - begun) / WRITES * 1000:.3f} ms each"


def seal_all() -> str:
    """Run the task until nothing is left; say how long its longest run held the worker."""
    from portal import audit
    from portal.tasks import seal_audit

    longest, runs, left = 0.0, 0, True
    while left:
        begun = time.perf_counter()
        seal_audit()
        longest, runs = max(longest, time.perf_counter() - begun), runs + 1
        left = audit.unsealed_count() > 0
    return f"{runs} runs, the longest {longest:.3f} s"


def main() -> None:
    """Write, fill, seal and check."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connection

    from portal import audit

    events = int(sys.argv[1])

    def fill() -> str:
        with connection.cursor() as cursor:
            cursor.execute(_FILL, [events])
            cursor.execute("ANALYZE")
        return f"{events} events"

    timed("writing, empty trail", write)
    timed("sealing those", seal_all)
    timed("filling", fill)
    timed("sealing all", seal_all)
    timed("writing, long trail", write)
    timed("sealing those", seal_all)
    timed("nothing to seal", seal_all)
    timed("checking every seal", audit.broken_seals)
    timed("looking for events that escaped", audit.stray_events)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
