"""Fragments of which values and near-values are made: for property tests."""

from hypothesis import strategies as st

VALUES = [
    "4111 1111 1111 1111",
    "4131034282458809939",
    "5105-1051-0510-5100",
    "jane.roe@example.co.uk",
    "+44 7700 900 123",
    "(212) 555-0187",
    "0341 8387176",
    "07700 063 966",
    "460-89-9847",
    "GB29 NWBK 6016 1331 9268 19",
    "de89370400440532013000",
    "192.168.12.7",
    "2001:db8::8a2e:370:7334",
    "https://www.example.org/a?b=c",
    "12 Oak Street",
    "25615 Tawastintie 72 Apt. 004",
    "Calle Mayor 5",
    "Hauptstraße 7",
    "the corner of Elm and Main Street",
    "PSC 0413, Box 8144\nAPO AA 42323",
    "CA 90210",
    "2000-04-16 11:34:35",
    "12 March 2020",
    "Monday",
    "in 1977",
    "00:1A:2B:3C:4D:5E",
    "123e4567-e89b-42d3-a456-426614174000",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "943 476 5919",
    "A1234567",
    "DEA AB1234563",
    "912-70-1234",
    "415-555-0123,415-555-0199",
    "1,Jane,jane@x.com,4155550123,4111111111111111,460-89-9847",
    "1,234,567",
    "https://x.example/?m=zoe@example.org&x=",
]
_WORD_LIST = r"""
    a the my at in on to of is and card number phone call fax ext ext. x account bank license passport ssn iban address
    lives zip code street St. Apt. Suite corner Box Anna went - / ( ) [ ] : ; , . # + | "quoted" it's e.g. 日本 ٣٤ Ж č
"""
WORDS = _WORD_LIST.split()
SPACES = [" ", " ", " ", "", "\n", "\n\n", "\t", "  ", ", ", ",", "|", "\u00a0", "-"]

fragment = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from(WORDS),
    st.text(alphabet="0123456789 -./()+x:", min_size=1, max_size=24),
    st.text(max_size=6),
    st.builds(lambda char, count: char * count, st.sampled_from("aB1-. "), st.sampled_from([1, 3, 40, 40, 300, 2100])),
)
text = st.lists(st.tuples(fragment, st.sampled_from(SPACES)), max_size=10).map(lambda parts: "".join(a + b for a, b in parts))
