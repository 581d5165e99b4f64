"""Internals of django-allauth, which may change; no other module imports them (ADR 16).

Check these names first when the library is upgraded.
"""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import (
    get_reauthentication_flows,
    resume_request,
)
from allauth.account.internal.userkit import filter_users_by_email
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.adapter import _build_apps_from_settings as build_apps_from_settings
from allauth.socialaccount.internal.flows.connect import validate_disconnect

__all__ = [
    "build_apps_from_settings",
    "filter_users_by_email",
    "get_reauthentication_flows",
    "record_authentication",
    "resume_request",
    "send_verification_email_to_address",
    "totp",
    "validate_disconnect",
]
