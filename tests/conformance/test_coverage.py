"""The tables of rules and tests say what inventory and marks say."""

from tests.conformance.coverage import inventory_table, rules_of, table, totals, uncovered
from tests.conformance.inventory import Rule, rules, rules_named, sections
from tests.conformance.marks import read_marks
from tests.conformance.recount import count, differences


def rule(letter="a", *, on="Server", reason="", section="1", unfinished=False):
    """Return a rule of a document that does not exist."""
    return Rule(
        f"WG9-09 {section} {letter}",
        "CDS-WG9-09",
        on,
        "be kind",
        words=1,
        fields=0,
        reason=reason,
        unfinished=unfinished,
    )


def test_a_mark_may_name_several_sections():
    """Short names of documents are written out."""
    assert list(rules_of("WG3-01", "6.1, 7.4.1", "a rule")) == [
        ("CDS-WG3-01", "6.1", "a rule"),
        ("CDS-WG3-01", "7.4.1", "a rule"),
    ]


def test_a_rule_id_is_not_read_as_a_document():
    """Those marks belong to the inventory."""
    assert list(rules_of("WG1-02 7.6 g", "WG1-02 7.6 h")) == []


def test_sections_are_ordered_as_in_the_document():
    """10.2 comes after 9.4 and before 10.10."""
    tests = {("CDS-WG3-01", section, "r"): {"a.py::test_x"} for section in ("10.10", "10.2", "9.4")}
    rows = table(tests).splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == ["9.4", "10.2", "10.10"]
    assert rows[0] == "| CDS-WG3-01 | 9.4 | r | `test_x` |"
    numbers = [section.number for section in sections() if section.document == "CDS-WG1-02"]
    assert numbers.index("6.9") < numbers.index("6.10") < numbers.index("7")


def test_rules_stand_beside_their_tests():
    """Named by the function; several in the order of their names."""
    tests = {"WG9-09 1 a": ["x.py::test_two", "y.py::test_one"]}
    row = inventory_table([rule()], tests).splitlines()[2]
    assert row == "| WG9-09 1 a | Server | be kind | `test_one`, `test_two` |"


def test_what_has_no_test_says_why():
    """A rule of the Client needs no words of its own; a forgotten one is shouted."""
    known = [rule("a"), rule("b", on="Client"), rule("c", reason="not offered"), rule("d")]
    tests = {"WG9-09 1 a": ["x.py::test_one"]}
    assert uncovered(known, tests) == [
        "- WG9-09 1 b (be kind): binds the Client",
        "- WG9-09 1 c (be kind): not offered",
        "- WG9-09 1 d (be kind): NO TEST AND NO REASON",
    ]
    assert "4 rules, 1 covered, 1 that bind the Client, 1 without test" in totals(known, tests)


def test_unfinished_sections_may_have_open_rules():
    """They are listed as such; reasons come first. Their chapters have sums of their own."""
    known = [
        rule("a"),
        rule("a", section="2.1", unfinished=True),
        rule("b", section="2.1", unfinished=True),
        rule("c", section="2.1", unfinished=True, reason="not offered"),
    ]
    tests = {"WG9-09 1 a": ["x.py::test_one"], "WG9-09 2.1 b": ["x.py::test_two"]}
    assert uncovered(known, tests) == [
        "- WG9-09 2.1 a (be kind): no test yet",
        "- WG9-09 2.1 c (be kind): not offered",
    ]
    rest = "0 that bind the Client, 1 without test for another reason, 1 open."
    assert totals(known, tests).splitlines() == [
        f"CDS-WG9-09: 4 rules, 2 covered, {rest}",
        f"- chapter 2: 3 rules, 1 covered, {rest}",
        "2 tests prove them.",
    ]


def test_marks_are_read_from_the_source(tmp_path):
    """Of decorators alone; a mark anywhere else would count for nothing, so it is told."""
    source = """
import pytest
spec = pytest.mark.spec
pytestmark = spec("WG1-01 3 a")

@pytest.mark.spec("WG1-02 7.6 g", "WG1-02 7.1 c")
@pytest.mark.parametrize("x", [1])
def test_one(x): pass

@spec("WG1-02 7.6 g")
@spec("WG3-01", "7", "words")
def test_two(): pass
"""
    (tmp_path / "test_x.py").write_text(source, encoding="utf-8")
    marks = read_marks(tmp_path)
    assert marks.tests == {
        "WG1-02 7.6 g": ["test_x.py::test_one", "test_x.py::test_two"],
        "WG1-02 7.1 c": ["test_x.py::test_one"],
    }
    assert marks.misplaced == ["test_x.py:4"]


def test_a_star_stands_for_one_number(tmp_path):
    """All sections of one level that have the letter; a name that fits none stays, to be told."""
    fields = [f"WG3-01 7.1.{number} a" for number in range(1, 14)]
    assert rules_named("WG3-01 7.1.* a") == fields
    assert rules_named("WG3-01 7.1.*.* a") == ["WG3-01 7.1.13.1 a"]
    assert rules_named("WG3-01 7.1.*.1 a") == ["WG3-01 7.1.13.1 a"]
    assert rules_named("WG3-01 7.1.* z") == ["WG3-01 7.1.* z"]
    marked = '@pytest.mark.spec("WG3-01 7.1.* a", "WG3-01 7.9.* a", "7.1 a")'
    source = f"{marked}\ndef test_all(): pass\n"
    (tmp_path / "test_x.py").write_text(source, encoding="utf-8")
    assert list(read_marks(tmp_path).tests) == [*fields, "WG3-01 7.9.* a", "7.1 a"]


def test_a_text_is_counted_by_section():
    """Negations count once, a field's mark is not a word."""
    text = """# CDS-WG1-01 - A title
## 3. Endpoint
Servers MUST answer, SHALL NOT wait.
* `a` - (REQUIRED) a field, REQUIRED again, MUST NOT be empty
### 3.1. URI
nothing
"""
    assert count(text) == {"": (0, 0), "3": (4, 1), "3.1": (0, 0)}
    assert "CDS-WG1-01 3: the text has 4 words and 1 fields, the inventory 3 and 0" in differences(
        text
    )
    assert differences("# CDS-WG8-01 - Other") == ["no rules of CDS-WG8-01 in the inventory"]


def test_reasons_are_for_rules_without_proof():
    """Only the Client's rules may go without."""
    assert rules()["WG1-02 3.3 a"].excuse == "binds the Client"
    assert rules()["WG1-02 7.6 g"].excuse == ""
