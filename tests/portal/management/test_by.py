"""Who acts in a command of `manage.py`."""

import pytest
from django.core.management import CommandError
from django.core.management.base import CommandParser

from portal.management.by import actor, add_by_argument
from portal.models import User

pytestmark = pytest.mark.django_db


def parsed(*words, required=True):
    """What a command gets."""
    parser = CommandParser(called_from_command_line=False)
    add_by_argument(parser, required=required)
    return vars(parser.parse_args(words))


@pytest.mark.parametrize("role", ["is_staff", "is_superuser"])
def test_a_member_of_staff_is_found_by_address(role):
    """However it is capitalized; administrators count."""
    sam = User.objects.create_user("sam@example.com", None, **{role: True})
    assert actor(parsed("--by", " Sam@Example.com")) == sam


@pytest.mark.parametrize(
    ("address", "fields", "problem"),
    [
        ("nobody@example.com", {}, "nobody signs in with nobody@example.com"),
        ("sam@example.com", {"is_staff": True, "is_active": False}, "sam@example.com is closed"),
        ("sam@example.com", {}, "sam@example.com has no staff role"),
    ],
)
def test_others_may_not_act(address, fields, problem):
    """The error says which condition fails."""
    User.objects.create_user("sam@example.com", None, **fields)
    with pytest.raises(CommandError, match=problem):
        actor(parsed("--by", address))


def test_it_cannot_be_left_out():
    """A command that can also only print asks for it when it has to write."""
    with pytest.raises(CommandError, match="required: --by"):
        parsed()
    for words in ([], ["--by", " "]):
        with pytest.raises(CommandError, match="--by EMAIL"):
            actor(parsed(*words, required=False))
