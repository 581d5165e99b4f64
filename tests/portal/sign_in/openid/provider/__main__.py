"""Serve the provider on a free port: `python -m tests.portal.sign_in.openid.provider`.

Prints its address on one line; the database is the file that PROVIDER_DATABASE names.
"""

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.portal.sign_in.openid.provider.settings"


def main() -> None:
    """Run until killed, or until whoever started it closes our standard input."""
    import threading

    import django
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    django.setup()
    call_command("migrate", verbosity=0)
    port = int(os.environ.get("PROVIDER_PORT", "0"))
    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
