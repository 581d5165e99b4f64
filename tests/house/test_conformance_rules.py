"""Every rule of the standards has a test or a reason, and the inventory adds up."""

import pytest

from tests.conformance.inventory import ON, RULES, rules, sections
from tests.conformance.marks import read_marks


@pytest.fixture(scope="module")
def marks():
    """The marks of all tests."""
    return read_marks()


def test_each_rule_of_the_server_has_a_test_or_a_reason(marks):
    """A rule that nobody proves is a rule that nobody keeps."""
    open_rules = [r.id for r in rules().values() if r.id not in marks.tests and not r.excuse]
    assert open_rules == []


def test_rules_stay_open_where_a_document_is_unfinished():
    """Every part of the other documents is built: a rule of theirs may not wait for its test."""
    assert {rule.document for rule in rules().values() if rule.unfinished} <= {"CDS-WG3-01"}


def test_no_reason_stands_beside_tests(marks):
    """It would say that something is missing which is there."""
    assert [r.id for r in rules().values() if r.reason and r.id in marks.tests] == []


def test_marks_name_rules_that_exist(marks):
    """Misspelt ones would count for nothing; so would marks that are no decorators of tests."""
    assert marks.tests.keys() - rules().keys() == set()
    assert marks.misplaced == []


def test_rules_account_for_every_word_of_their_section():
    """MUST, SHALL, REQUIRED and required fields: as many as the text of the section has."""
    assert sections()
    for section in sections():
        counted = (sum(r.words for r in section.rules), sum(r.fields for r in section.rules))
        assert counted == (section.words, section.fields), (section.document, section.number)


def test_rules_have_their_form():
    """Letters in order, so that a new one is not given twice; one file says each section once."""
    for section in sections():
        letters = [rule.id[-1] for rule in section.rules]
        assert letters == sorted(letters), section.number
        assert all(rule.on in ON and rule.says for rule in section.rules), section.number
    places = [(section.document, section.number) for section in sections()]
    assert len(places) == len(set(places))
    assert all(path.suffix == ".toml" for path in RULES.iterdir())
