"""System checks of the foundation. Ids are stable, and each hint says what to change."""

from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Info, Tags
from django.core.checks import Warning as CheckWarning

from portal.sign_in.openid.config import may_be_spoken_to, problems_of
from portal.values.times import utility_zone
from portal.values.zone_rules import rules_version


def check_encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """portal.E001, E002: secrets at rest need at least one usable key."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        return [
            Error(
                "FIELD_ENCRYPTION_KEYS is empty.",
                hint="A key is 32 random bytes in URL-safe Base64; see"
                " docs/operators/running.md for the command that generates one.",
                id="portal.E001",
            )
        ]
    problems: list[CheckMessage] = []
    for number, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            problems.append(
                Error(
                    f"Key {number} of FIELD_ENCRYPTION_KEYS is not a Fernet key.",
                    hint="A key is 32 random bytes in URL-safe Base64.",
                    id="portal.E002",
                )
            )
    return problems


def check_zone(**kwargs: Any) -> list[CheckMessage]:
    """portal.E003: relative dates need a real time zone."""
    try:
        utility_zone()
    except (ZoneInfoNotFoundError, ValueError):
        return [
            Error(
                f"CDS_TIMEZONE {settings.CDS_TIMEZONE!r} is not an IANA time zone.",
                hint="Use a name such as America/Los_Angeles.",
                id="portal.E003",
            )
        ]
    return []


def check_zone_rules(**kwargs: Any) -> list[CheckMessage]:
    """portal.E009: time zone rules come from the package, so they are the same on all machines."""
    if rules_version() is None:
        return [
            Error(
                "Time zone rules do not come from the tzdata package.",
                hint="Install tzdata from the lock file, and do not set another path for"
                " zoneinfo: months, days and end times would depend on this machine's own files.",
                id="portal.E009",
            )
        ]
    return []


def name_zone_rules(**kwargs: Any) -> list[CheckMessage]:
    """portal.I001: which rules are in use, to compare with the latest ones."""
    version = rules_version()
    return [Info(f"Time zones follow the rules {version}.", id="portal.I001")] if version else []


def check_database(**kwargs: Any) -> list[CheckMessage]:
    """portal.E004: only PostgreSQL is supported."""
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        return [
            Error("DATABASE_URL must name a PostgreSQL database.", id="portal.E004"),
        ]
    return []


def check_statements(**kwargs: Any) -> list[CheckMessage]:
    """portal.E010: a worker's statements time out before the task that waits for them is killed."""
    limits = {
        "WEB_STATEMENT_SECONDS": settings.WEB_STATEMENT_SECONDS,
        "WORKER_STATEMENT_SECONDS": settings.WORKER_STATEMENT_SECONDS,
    }
    most = settings.CELERY_TASK_SOFT_TIME_LIMIT
    return [
        Error(
            f"{name} is {seconds}.",
            hint=f"Use fewer seconds than {most}, the time limit of tasks; 0 turns the limit off.",
            id="portal.E010",
        )
        for name, seconds in limits.items()
        if not 0 <= seconds < most
    ]


def check_transport(**kwargs: Any) -> list[CheckMessage]:
    """portal.W001, W002: production uses https and sends email."""
    problems: list[CheckMessage] = []
    if not settings.USE_HTTPS and not settings.DEMO:
        problems.append(
            CheckWarning(
                "BASE_URL is not https.",
                hint="Without it, cookies, tokens and energy data travel unencrypted.",
                id="portal.W001",
            )
        )
    if settings.MAIL_DIR and not settings.DEMO:
        problems.append(
            CheckWarning(
                "MAIL_DIR is set: receipts and sign-in emails are not sent.",
                hint="Unset MAIL_DIR and set EMAIL_HOST.",
                id="portal.W002",
            )
        )
    return problems


def check_rate_limits(**kwargs: Any) -> list[CheckMessage]:
    """portal.E011: RATE_LIMITS is a known word."""
    if settings.RATE_LIMITS in {"all", "guesses", "none"}:
        return []
    return [
        Error(
            f"RATE_LIMITS is {settings.RATE_LIMITS!r}.",
            hint="Use all, guesses or none.",
            id="portal.E011",
        )
    ]


def warn_of_missing_limits(**kwargs: Any) -> list[CheckMessage]:
    """portal.W003: passwords and secrets can be guessed without limit."""
    if settings.RATE_LIMITS != "none":
        return []
    return [
        CheckWarning(
            "RATE_LIMITS is none: nothing limits the guessing of passwords, codes and secrets.",
            hint="If the proxy limits requests, use guesses.",
            id="portal.W003",
        )
    ]


def check_csp(**kwargs: Any) -> list[CheckMessage]:
    """portal.E005: the Content-Security-Policy allows nothing inline."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    loose = [name for name, values in directives.items() if "'unsafe-inline'" in values]
    if "portal.http.middleware.ContentPolicyMiddleware" not in settings.MIDDLEWARE or loose:
        return [
            Error(
                "The Content-Security-Policy is off or allows inline code.",
                hint="Keep ContentPolicyMiddleware and no 'unsafe-inline'.",
                id="portal.E005",
            )
        ]
    return []


def check_openid(**kwargs: Any) -> list[CheckMessage]:
    """portal.E006, E007, E008: identity providers are configured completely, once, over https."""
    problems: list[CheckMessage] = []
    seen: set[str] = set()
    for number, entry in enumerate(settings.OIDC_PROVIDERS, start=1):
        where = f"Entry {number} of OIDC_PROVIDERS"
        found = problems_of(entry)
        if found:
            hint = "Nobody can sign in with it; see Identity providers in the operator guide."
            problems += [Error(f"{where} {each}.", hint=hint, id="portal.E006") for each in found]
            continue
        if not may_be_spoken_to(entry["server_url"]):
            hint = "Secrets would travel unencrypted; http works only in the demo, on this machine."
            problems.append(
                Error(f"{where}: server_url is not https.", hint=hint, id="portal.E007")
            )
        if entry["id"] in seen:
            hint = "People are recognized by provider id and subject, so each id must be unique."
            problems.append(Error(f"{where} repeats an id.", hint=hint, id="portal.E008"))
        seen.add(entry["id"])
    return problems


def register() -> None:
    """Register all checks."""
    for check in (
        *(check_encryption_keys, check_zone, check_zone_rules),
        *(check_database, check_statements, check_csp, check_openid, check_rate_limits),
    ):
        checks.register(check)
    checks.register(check_transport, Tags.security, deploy=True)
    checks.register(warn_of_missing_limits, Tags.security, deploy=True)
    checks.register(name_zone_rules, "zones", deploy=True)
