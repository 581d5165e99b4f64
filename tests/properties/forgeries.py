"""What comes back from outside in the place of a value that we gave out."""

import base64

import msgspec
from hypothesis import strategies as st

from portal.http.listing import Cursor

_texts = st.text(st.characters(codec="utf-8"), max_size=40)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "\x00", "soon", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"])
    | _texts
)
# Of any shape, so also of that which a cursor has.
contents = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


def _as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


# In the forms in which values travel: JSON with NaN and without, msgpack, bytes, plain text.
opaque = st.one_of(
    _texts,
    st.binary(max_size=60).map(_as_text),
    contents.map(lambda value: _as_text(msgspec.msgpack.encode(_fitting(value)))),
    contents.map(lambda value: _as_text(msgspec.json.encode(_fitting(value)))),
    st.sampled_from(
        [
            _as_text(b"[NaN, Infinity, 1e999]"),
            _as_text(b"[" * 5_000),
            _as_text(b"[false, 1" + b"0" * 5_000 + b", 1]"),
            _as_text(b'[false, "\\ud800", 1]'),
            "." * 3_000,
            "A" * 3_000,
        ]
    ),
)


def _fitting(value: object) -> object:
    """Leave out whole numbers that msgpack has no room for."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-(2**63), min(value, 2**64 - 1))
    if isinstance(value, list):
        return [_fitting(item) for item in value]
    if isinstance(value, dict):
        return {key: _fitting(item) for key, item in value.items()}
    return value


def forged_cursors(ours: Cursor, *, listing: str = "another") -> st.SearchStrategy[str]:
    """Cursors that a listing did not give: made up, of another listing, bent, cut, lengthened."""
    text = ours.encode(listing=listing)
    places = st.integers(0, len(text) - 1)
    bent = st.builds(
        lambda at, char: text[:at] + char + text[at + 1 :], places, st.sampled_from("A0._-")
    )
    return st.one_of(
        opaque,
        opaque.map(lambda body: f"{body}.{text.rpartition('.')[2]}"),
        bent,
        places.map(lambda at: text[:at]),
        opaque.map(lambda more: text + more),
        st.just(text),
    ).filter(bool)
