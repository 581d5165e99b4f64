"""CDS-WG1-02 6.2, 6.3: rows and their states, such as the table of Message statuses."""

from registration.models.client import Client, Credential
from registration.models.field import OfferedRegistrationField, RegistrationFile
from registration.models.files import ServerProvidedFile
from registration.models.message import Message
from registration.models.metadata import CoverageEntry, OfferedScope, PublishedDocument
from registration.models.onboarding import (
    ClientLogo,
    Requirement,
    RequirementLink,
    VerificationCode,
)
from registration.models.payment import Payment
from registration.models.registration import Registration, RegistrationMember

__all__ = [
    "Client",
    "ClientLogo",
    "CoverageEntry",
    "Credential",
    "Message",
    "OfferedRegistrationField",
    "OfferedScope",
    "Payment",
    "PublishedDocument",
    "Registration",
    "RegistrationFile",
    "RegistrationMember",
    "Requirement",
    "RequirementLink",
    "ServerProvidedFile",
    "VerificationCode",
]
