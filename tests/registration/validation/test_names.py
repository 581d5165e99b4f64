"""Honest names pass, whatever their alphabet."""

import pytest

from registration.validation.client_metadata import read_client_metadata
from registration.validation.names import names, skeleton, stacks_marks


@pytest.mark.parametrize(
    "name",
    [
        "Solar Helper 1",
        "Illinois Electric Co-op",
        "Demo Solar & Gas",
        "Budgets for Homes",
        "Ørsted Małopolska",
        "Công ty Năng lượng Mặt trời",
        "Энергия Солнца",
        "太陽能公司",
        "ब\u093fजली",
        "שָׁלוֹם",
        "Acme® ☀\ufe0f",
    ],
)
def test_honest_names_pass(name):
    """Also those with accents, marks and signs of their own."""
    assert read_client_metadata({"client_name": name}).client_name == name


def test_names_are_found_by_whole_words(settings):
    """A short name inside a longer word is another word."""
    settings.UTILITY_ABBREVIATION = "SCE"
    assert names("The SCE app", "SCE")
    assert not names("Crescent Energy", "SCE")
    assert not names("Anything", "")


def test_what_looks_alike_comes_down_to_the_same():
    """Case, width, strokes, small capitals and other alphabets."""
    for other in (
        "EIECTRIC",
        "e1ectr\u0131c",
        "\uff25lectric",
        "\u1d07lectric",
        "\u0247lectric",
        "él-ectric",
    ):
        assert skeleton(other) == skeleton("Electric")
    assert skeleton("\u0412\u0415\u0421\u0422\u0410") == skeleton("BECTA")
    assert skeleton("Gas") != skeleton("Gus")


def test_marks_pile_up_on_one_letter_only_so_far():
    """Five is more than any living script needs."""
    assert not stacks_marks("a" + "\u0301" * 5 + "b" + "\u0301" * 5)
    assert stacks_marks("a" + "\u0301" * 6)
