"""The version of what staff reviewed, which an approval has to name.

The text of a Message does not change, but its subject can: the third party can edit the Client or
submit a form again while staff are reading. So an approval names the version that was reviewed, and
any other is rejected (CDS-WG1-02 6.9: Servers review the Client object that becomes one for
production).
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
    """The subject of the decision has changed since it was reviewed."""

    code = "not_as_seen"
    status = 409


def version_of(case: Case) -> str:
    """Return a digest of the facts of a Case that can change, "" if there are none.

    It is keyed, so that nobody can search for a collision.
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
            "seen is not the current version of this request, which may have changed since you "
            "reviewed it. Review it again, then use the version that is shown.",
            field="seen",
        )
