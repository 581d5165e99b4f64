"""Locks of rows, always taken in one order, so that no two writers wait for each other.

The registration comes first, then its Clients, Messages and Requirements: nobody locks one of those
without it. One transaction locks one registration. Only a grant request may be about another
party's Client; it takes that Client last and waits for nothing of its owner. Credentials come after
all of these, and so do customers with their Grants: a Grant that may be under review takes its
party's locks first. A card payment comes before them, because a provider's report moves it first.

All are no-key locks: a row that merely points at a locked one, such as a new Message or token,
need not wait.
"""

from portal.db.locks import hold
from registration.models import Client, Message, Registration
from registration.models.onboarding import Requirement


def lock_registration(registration_pk: int) -> None:
    """Wait for the other writers of a party; from here on its Clients and Messages stand still."""
    Registration.objects.select_for_update(no_key=True).only("pk").get(pk=registration_pk)


def lock_client(client: Client) -> Client:
    """Return the current row, locked after its registration."""
    lock_registration(client.registration_id)
    return lock_subject(client)


def lock_subject(client: Client) -> Client:
    """Return the current row of the Client that a Message is about, locked after its writer.

    A grant request may be about another party's Client; that party's registration stays free.
    """
    locked: Client = (
        Client.objects.select_for_update(of=("self",), no_key=True)
        .select_related("registration")
        .get(pk=client.pk)
    )
    return locked


def lock_message(message: Message) -> Message:
    """Return the current row, locked after its registration and the Client that it is about.

    A grant request may be about another party's Client; that party's registration stays free.
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
    """Wait for other changes of what is offered: scopes, their fields and coverage name each other.

    Comes before all locks of rows; only staff and installations take it.
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
