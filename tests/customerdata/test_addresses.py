"""How addresses are compared (CDS-WG3-01 7.1.13.1)."""

import pytest

from customerdata.addresses import ABBREVIATIONS, EXAMPLES, normalize_request, normalize_stored


@pytest.mark.spec("WG3-01 7.1.13.1 a", "WG3-01 7.1.13.1 b")
@pytest.mark.parametrize(
    ("stored", "compared"),
    [
        ("12 Main St\nSpringfield, CA 90001", "12 main street, springfield, ca, 90001"),
        ("12 Main St,\r\nSpringfield,CA,  90001\r\n", "12 main street, springfield, ca, 90001"),
        ("Alex Kim\n12 Main St\nSpringfield\nCA 90001", "12 main street, springfield, ca, 90001"),
        ("Acme Co., 123 Main  St. #234\nAnytown, CA", "123 main street unit 234, anytown, ca"),
        ("12 N. Oak Ave, Apt 3\nHartford\nCT", "12 north oak avenue apartment 3, hartford, ct"),
        ("11 O'Brien's Ct\nSt. Paul MN 55101-12", "11 o'brien's ct st. paul mn 55101-12"),
        ("11 O'Brien's Ct\nSt. Paul MN 55101", "11 o'brien's court, st. paul, mn, 55101"),
        ("7 N.E. 5th St.\nAnytown, CA", "7 n.e. 5th street, anytown, ca"),
        ("100 Rue St-Denis\nMontréal, QC H2X 1Y4", "100 rue st-denis, montréal, qc, h2x 1y4"),
        ("", ""),
    ],
)
def test_typical_addresses(stored, compared):
    """Without name, street written out, one separator; a city or region is no street."""
    assert normalize_stored(stored) == compared
    assert normalize_request(f"  {compared.upper()}\n") == compared


@pytest.mark.spec("WG3-01 7.1.13.1 a", "WG3-01 7.1.13.1 c")
@pytest.mark.parametrize(
    ("stored", "compared"),
    [
        (
            "Acme Farm Irrigation, 12 mi  North on FM 5555,\n150 ft W into the field",
            "acme farm irrigation, 12 mi north on fm 5555, 150 ft w into the field",
        ),
        ("12 Main St\nSpringfield, XX 90001", "12 main st springfield, xx 90001"),
        ("Pump house\nHartford, CT", "pump house hartford, ct"),
    ],
)
def test_atypical_addresses(stored, compared):
    """What no map service would find: nothing is written out or left away."""
    assert normalize_stored(stored) == compared
    assert normalize_request(stored) == compared


def test_the_examples_of_the_documentation_are_of_both_kinds():
    """The page prints what these functions say."""
    assert [normalize_stored(each) == normalize_request(each) for each in EXAMPLES] == [
        False,
        False,
        True,
    ]
    assert not ABBREVIATIONS.keys() & set(ABBREVIATIONS.values())
