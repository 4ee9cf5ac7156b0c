import json

import pytest

from writer.document.files.strict_json import parse_object


def test_an_object_is_read() -> None:
    values = {"a": [1, -2.5, None, True, "é\ud800😀"], "b": {"c": {}}}
    assert parse_object(json.dumps(values).encode()) == values


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[1]",
        b'{"a": 1',
        b'{"a": 1} x',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "a": 1}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a":' * 200_000,
        b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
    ids=lambda data: data[:20].decode("latin-1") + str(len(data)),
)
def test_anything_else_is_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its subclasses too
        parse_object(data)
