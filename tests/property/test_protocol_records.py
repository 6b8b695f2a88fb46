"""Every record, with any values that fit it, survives ABI and JSON; and any JSON is a record or a coded refusal."""

import json
from enum import IntEnum
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.protocol import types
from atomic_verify.protocol.codecs import Account, Codec, Flag, Member, Octets, Text, Uint, Word
from atomic_verify.protocol.errors import ProtocolError
from atomic_verify.protocol.structs import AbiStruct, Many, Nested, layout
from atomic_verify.protocol.types import Rfp, parse_address

RECORDS = [
    found for name in types.__all__ if isinstance(found := getattr(types, name), type) and issubclass(found, AbiStruct)
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def values_of(codec: Codec) -> st.SearchStrategy[Any]:
    """Values that a field of this codec can hold, its largest and smallest among them."""
    match codec:
        case Uint(bits):
            top = 2**bits - 1
            return st.sampled_from([0, top, min(top, 2**53 - 1), min(top, 2**53)]) | st.integers(0, top)
        case Member(enum):
            members: type[IntEnum] = enum
            return st.sampled_from(list(members))
        case Many(item):
            return st.lists(values_of(item), max_size=3).map(tuple)
        case Nested(struct):
            return records(struct)
        case Flag():
            return st.booleans()
        case Text():
            return st.text(max_size=20)
        case Octets():
            return st.binary(max_size=70)
        case Word():
            return st.binary(min_size=32, max_size=32)
        case Account():
            return st.integers(0, 2**160 - 1).map(lambda number: parse_address(f"0x{number:040x}"))
    raise AssertionError(codec)


def records(struct: type[AbiStruct]) -> st.SearchStrategy[AbiStruct]:
    return st.builds(struct, **{attribute: values_of(codec) for attribute, _, codec in layout(struct)})


@pytest.mark.parametrize("struct", RECORDS)
@given(data=st.data())
def test_a_record_survives_the_chain_and_json(struct: type[AbiStruct], data: st.DataObject) -> None:
    record = data.draw(records(struct))
    encoded = encode([struct.abi_type()], [record.to_abi()])
    assert struct.from_abi(decode([struct.abi_type()], encoded)[0]) == record
    written = record.to_json()
    assert struct.from_json(json.loads(json.dumps(written))) == record
    assert all(not isinstance(value, int) or value < 2**53 for value in written.values())


@given(data=st.data(), sent=ANY_JSON)
def test_any_field_a_stranger_sends_is_taken_or_refused_with_a_code(data: st.DataObject, sent: Any) -> None:
    record = data.draw(records(Rfp)).to_json()
    name = data.draw(st.sampled_from(sorted(record)))
    refused, written = None, None
    try:
        written = Rfp.from_json(record | {name: sent}).to_json()[name]
    except ProtocolError as error:
        refused = error.details["field"]
    assert refused == f"Rfp.{name}" or str(written).lower() == str(sent).lower()


@given(sent=ANY_JSON)
def test_any_json_is_refused_with_a_code(sent: Any) -> None:
    with pytest.raises(ProtocolError):
        Rfp.from_json(sent)
