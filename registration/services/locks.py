"""Row locks, always taken in one order, so that no two writers deadlock.

The registration comes first, then its Clients, Messages and Requirements, which are never locked
without it. A transaction locks one registration. Only a grant request can be about another party's
Client; it locks that Client last and waits for no other lock of its owner. Credentials come after
all of these, and so do customers with their Grants: a Grant that may be under review takes its
party's locks first. A card payment comes before them, because a provider's report changes it first.

All are no-key locks: a row that only refers to a locked one, such as a new Message or token, does
not have to wait.
"""

from portal.db.locks import hold
from registration.models import Client, Message, Registration
from registration.models.onboarding import Requirement


def lock_registration(registration_pk: int) -> None:
    """Wait for other writers of a party; then nobody else changes its Clients and Messages."""
    Registration.objects.select_for_update(no_key=True).only("pk").get(pk=registration_pk)


def lock_client(client: Client) -> Client:
    """Return the current row, locked after its registration."""
    lock_registration(client.registration_id)
    return lock_subject(client)


def lock_subject(client: Client) -> Client:
    """Return the current row of the Client that a Message is about, locked after its sender.

    A grant request can be about another party's Client; that party's registration stays free.
    """
    locked: Client = (
        Client.objects.select_for_update(of=("self",), no_key=True)
        .select_related("registration")
        .get(pk=client.pk)
    )
    return locked


def lock_message(message: Message) -> Message:
    """Return the current row, locked after its registration and the Client that it is about.

    A grant request can be about another party's Client; that party's registration stays free.
    """
    lock_registration(message.registration_id)
    if message.client_id is not None:
        Client.objects.select_for_update(no_key=True).only("pk").get(pk=message.client_id)
    locked: Message = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("registration", "client", "previous")
        .get(pk=message.pk)
    )
    return locked


def lock_catalogue() -> None:
    """Wait for other changes of what is offered: scopes, fields and coverage refer to each other.

    Comes before all row locks; only staff actions and installations take it.
    """
    hold("catalogue")


def lock_requirement(requirement: Requirement) -> Requirement:
    """Return the current row, locked after its registration."""
    lock_registration(requirement.registration_id)
    locked: Requirement = (
        Requirement.objects.select_for_update(of=("self",), no_key=True)
        .select_related("registration", "message", "file", "customer")
        .get(pk=requirement.pk)
    )
    return locked
