"""What staff look at before they decide about a Message, and the version that a decision names.

The words of a Message stay, what they are about does not: its party edits the Client or hands a
form in again while staff read. So an approval names the version that was looked at, and any other
is refused (CDS-WG1-02 6.9: Servers review the Client object that becomes one for production).
"""

from dataclasses import asdict
from typing import Final

from portal import crypto
from portal.errors import DomainError
from portal.values import jsontext
from registration.models import Message
from registration.services.messages.handlers import Case
from registration.services.reviews.case import case_of, changeable_facts_of

_DIGEST: Final = "seen-version"
_LENGTH: Final = 16


class NotAsSeen(DomainError):
    """What the decision is about is not what was looked at."""

    code = "not_as_seen"
    status = 409


def version_of(case: Case) -> str:
    """Return the short name of what can change of a Case, "" where nothing can.

    It is keyed, so that nobody can seek a twin.
    """
    changeable = changeable_facts_of(case)
    if not changeable:
        return ""
    facts = {name: value for name, value in asdict(case).items() if name in changeable}
    return crypto.digest(jsontext.dumps(facts).decode(), purpose=_DIGEST)[:_LENGTH]


def require_seen(message: Message, seen: str) -> None:
    """Raise NotAsSeen unless `seen` is the version of a locked Message's Case."""
    if not crypto.same(version_of(case_of(message)), seen):
        raise NotAsSeen(
            "seen is not the version of what this decides about: look at it, then name the "
            "version that is shown. It may have changed since you looked.",
            field="seen",
        )
