"""Models of registration: what is offered, who registered, and with which Clients."""

from registration.models.client import Client, Credential
from registration.models.message import Message
from registration.models.metadata import CoverageEntry, OfferedScope, PublishedDocument
from registration.models.registration import Registration, RegistrationMember

__all__ = [
    "Client",
    "CoverageEntry",
    "Credential",
    "Message",
    "OfferedScope",
    "PublishedDocument",
    "Registration",
    "RegistrationMember",
]
