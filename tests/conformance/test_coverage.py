"""The table of proven rules says what the marks say."""

from tests.conformance.coverage import rules_of, table


def test_a_mark_may_name_several_sections():
    """Short names of documents are written out."""
    assert list(rules_of("WG3-01", "6.1, 7.4.1", "a rule")) == [
        ("CDS-WG3-01", "6.1", "a rule"),
        ("CDS-WG3-01", "7.4.1", "a rule"),
    ]


def test_sections_are_ordered_as_in_the_document():
    """10.2 comes after 9.4 and before 10.10."""
    tests = {("CDS-WG3-01", section, "r"): {"a.py::test_x"} for section in ("10.10", "10.2", "9.4")}
    rows = table(tests).splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == ["9.4", "10.2", "10.10"]
    assert rows[0] == "| CDS-WG3-01 | 9.4 | r | `test_x` |"
