"""The documentation pages of registration."""

from collections.abc import Iterator

from django.conf import settings

from portal.errors import DomainError, FrameworkError
from portal.registries import DocsPage, docs_pages
from registration.pages.docs import scopes_context
from registration.services.credentials.lifecycle import MAX_WORKING
from registration.services.storage.room import daily_bytes, max_bytes, stranger_bytes


def _quickstart() -> dict[str, object]:
    return {"host": settings.BASE_URL, "zone": settings.CDS_TIMEZONE}


def _utility() -> dict[str, object]:
    return {"name": settings.UTILITY_NAME, "email": settings.UTILITY_SUPPORT_EMAIL}


def _limits() -> dict[str, object]:
    return {"rates": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **_utility()}


def _registration() -> dict[str, object]:
    return {
        "attachment_bytes": max_bytes(),
        "max_secrets": MAX_WORKING,
        "daily_attachment_bytes": daily_bytes(),
        "stranger_bytes": stranger_bytes(),
        "rotate_all": settings.ROTATE_CONFIDENTIAL_REFRESH_TOKENS,
        "reviewed": ", ".join(f"`{name}`" for name in settings.REVIEWED_CLIENT_FIELDS),
        **_limits(),
    }


def _errors() -> dict[str, object]:
    """List every error code once; its meaning is the first sentence of the class's docstring."""
    known: dict[str, type[DomainError]] = {}
    for error in _subclasses(DomainError):
        # Its code and status differ by instance; the page describes those itself.
        if error is not FrameworkError:
            known.setdefault(error.code, error)
    rows = [
        {
            "code": code,
            "status": error.status,
            "meaning": (error.__doc__ or "").strip().partition("\n")[0],
        }
        for code, error in sorted(known.items())
    ]
    return {"errors": rows}


def _subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield general errors first: when several share a code, theirs is the description."""
    level = parent.__subclasses__()
    while level:
        yield from level
        level = [child for each in level for child in each.__subclasses__()]


def _standards() -> dict[str, object]:
    return {"drafts": "on" if settings.CDS_DRAFTS else "off", **_utility()}


def _test_accounts() -> dict[str, object]:
    return {"demo": settings.DEMO, **_utility()}


PAGES = (
    DocsPage("index", "Overview", "docs/index.md", context=_utility),
    DocsPage("quickstart", "Quick start", "docs/quickstart.md", context=_quickstart),
    DocsPage("registration", "Registration", "docs/registration.md", context=_registration),
    DocsPage("test-accounts", "Test accounts", "docs/test-accounts.md", context=_test_accounts),
    DocsPage("scopes", "Scopes", "docs/scopes.md", "Reference", scopes_context),
    DocsPage("data-formats", "Data formats", "docs/data-formats.md", "Reference", _quickstart),
    DocsPage("errors", "Errors", "docs/errors.md", "Reference", _errors),
    DocsPage("standards", "Standards and drafts", "docs/standards.md", "Reference", _standards),
    DocsPage("policy", "Policy for developers", "docs/policy.md", "Legal", _limits),
    DocsPage("terms", "Terms of use", "docs/terms.md", "Legal", _utility),
    DocsPage("privacy", "Privacy", "docs/privacy.md", "Legal", _utility),
    DocsPage("support", "Support", "docs/support.md", "Legal", _utility),
)


def register() -> None:
    """Add the pages: called once, when the app is ready."""
    for page in PAGES:
        docs_pages.register(page.slug, page)
