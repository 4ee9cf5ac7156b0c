"""Sizes that lie, and headers that cost memory: M08 and M14 of the fault matrix."""

import json
import os
import struct
from pathlib import Path

import pytest

from tests.models.hostile.making import Probe, assert_cheap, entry, gpt2_xl, raw_gguf, raw_safetensors, text
from writer.errors import WriterError
from writer.models.checkpoint import open_checkpoint
from writer.models.checkpoint.gguf_header import read_gguf_header

# -- M08: sizes that lie


@pytest.mark.parametrize(
    "header",
    [
        f'{{"a":{entry(0, 2**42, "[1099511627776]")}}}',
        f'{{"a":{entry(0, 4, "[1099511627776]")}}}',
        f'{{"a":{entry(0, 4, "[4294967296,4294967296]")}}}',
        f'{{"a":{entry(0, 4, "[18446744073709551615,2]")}}}',
        f'{{"a":{entry(0, 4, "[-1]")}}}',
        f'{{"a":{entry(-4, 0)}}}',
        f'{{"a":{entry(8, 4)}}}',
        f'{{"a":{entry(2**40, 2**40 + 4)}}}',
        f'{{"a":{entry(0, 4, "[1e9]")}}}',
        '{"a":{"dtype":"F32","shape":[1]}}',
        '{"a":7}',
        "[]",
        "null",
    ],
)
def test_m08_safetensors_sizes_that_lie(header: str, folder: Path) -> None:
    raw_safetensors(folder / "model.safetensors", header.encode(), bytes(4))
    with pytest.raises(WriterError, match=r"model\.safetensors is damaged"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    ("dims", "offset"),
    [
        ([2**40], 0),
        ([2**63, 2**63], 0),
        ([2**64 - 1], 0),
        ([0], 0),
        ([65], 0),
        ([8], 256),
        ([8], 2**63),
        ([8], 2**64 - 32),
        ([1] * 5, 0),
        ([], 0),
    ],
)
def test_m08_gguf_sizes_that_lie(dims: list[int], offset: int, tmp_path: Path) -> None:
    path = raw_gguf(tmp_path / "m.gguf", tensors=[("token_embd.weight", dims, offset)])
    with pytest.raises(WriterError, match=r"m\.gguf is damaged"):
        open_checkpoint(path)


def test_m08_gguf_counts_that_lie(tmp_path: Path) -> None:
    for counts in ({"n_tensors": 2**40}, {"n_fields": 2**40}, {"n_tensors": 2**64 - 1}, {"n_fields": 2**64 - 1}):
        with pytest.raises(WriterError, match="more tensors or fields"):
            read_gguf_header(raw_gguf(tmp_path / "m.gguf", **counts))  # type: ignore[arg-type]


def test_m08_gguf_tensors_may_neither_overlap_nor_lie_crooked(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    whole = read_gguf_header(raw_gguf(path, tensors=[("b", [8], 32), ("a", [8], 0)]))
    assert [place.offset_bytes % 32 for place in whole.tensors.values()] == [0, 0]
    for tensors, sentence in (
        ([("a", [8], 0), ("b", [8], 0)], "overlap"),
        ([("a", [9], 0), ("b", [8], 32)], "overlap"),
        ([("b", [8], 32), ("a", [32], 0)], "overlap"),
        ([("a", [8], 0), ("b", [8], 36)], "not aligned"),
        ([("a", [8], 1)], "not aligned"),
    ):
        with pytest.raises(WriterError, match=sentence):
            read_gguf_header(raw_gguf(path, tensors=tensors))
    crooked = text(b"general.alignment") + struct.pack("<II", 4, 24)
    with pytest.raises(WriterError, match="no power of two"):
        read_gguf_header(raw_gguf(path, crooked, 1))


def test_m08_a_tensor_cut_to_its_first_value_is_not_spread(folder: Path) -> None:
    """numpy would fill the tensor with that one value."""
    checkpoint = open_checkpoint(folder)
    file = folder / "model.safetensors"
    header_bytes = int.from_bytes(file.read_bytes()[:8], "little")
    begin = json.loads(file.read_bytes()[8 : 8 + header_bytes])["transformer.ln_f.bias"]["data_offsets"][0]
    os.truncate(file, 8 + header_bytes + begin + 4)
    with pytest.raises(WriterError, match="damaged or cut short"):
        checkpoint.tensor("ln_f.bias")


# -- M14: safetensors headers


def test_m14_a_header_beyond_the_cap_costs_nothing(folder: Path, probe: Probe, tmp_path: Path) -> None:
    header = b'{"__metadata__":{"a":"' + b"x" * 90_000_000 + b'"}}'
    raw_safetensors(folder / "model.safetensors", header)
    (outcome,) = probe(folder)
    assert "its header is larger than any model's" in outcome.words
    assert_cheap([outcome], most_mb=5)


def test_m14_no_header_below_the_cap_costs_much(folder: Path, probe: Probe, tmp_path: Path) -> None:
    n = 2**22
    empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    worst = {
        "long text": b'{"__metadata__":{"a":"' + b"x" * (n - 40) + b'"}}',
        "wide text": b'{"__metadata__":{"a":"' + b"x" * (n - 40) + "😀".encode() + b'"}}',
        "tensors": ("{" + ",".join(f'"{i}":{empty}' for i in range(n // 60)) + "}").encode(),
        "notes": ('{"__metadata__":{' + ",".join(f'"{i}":"{i}"' for i in range(n // 20)) + "}}").encode(),
        "ignored": b'{"a":{"x":[' + b"[]," * (n // 4) + b"[]]}}",
        "deep": b"[" * n,
        "deep objects": b'{"a":' * (n // 6),
    }
    paths = []
    for name, header in worst.items():
        assert len(header) <= n
        paths.append(tmp_path / name)
        paths[-1].mkdir()
        (paths[-1] / "config.json").write_bytes((folder / "config.json").read_bytes())
        raw_safetensors(paths[-1] / "model.safetensors", header)
    outcomes = probe(*paths)
    assert all(outcome.words.startswith("WriterError") for outcome in outcomes), outcomes
    assert_cheap(outcomes)


CONTRADICTIONS: dict[str, tuple[str, int | None]] = {
    "overlap": (f'{{"a":{entry(0, 4)},"b":{entry(0, 4)}}}', None),
    "part": (f'{{"a":{entry(0, 8, "[2]")},"b":{entry(4, 8)}}}', None),
    "hole": (f'{{"a":{entry(4, 8)}}}', None),
    "rest": (f'{{"a":{entry(0, 4)}}}', None),
    "twice the same": (f'{{"a":{entry(0, 8, "[2]")},"a":{entry(0, 8, "[2]")}}}', None),
    "twice": (f'{{"a":{entry(0, 4)},"a":{entry(4, 8)}}}', None),
    "huge length": ("{}", 2**62),
    "length past the end": ("{}", 10_000),
    "none": ("{}", 0),
}


def test_m14_headers_that_contradict_themselves(folder: Path, probe: Probe, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in CONTRADICTIONS]
    for path in paths:
        path.mkdir()
        (path / "config.json").write_bytes((folder / "config.json").read_bytes())
        header, length = CONTRADICTIONS[path.name]
        raw_safetensors(path / "model.safetensors", header.encode(), bytes(8), length)
    for path, outcome in zip(paths, probe(*paths), strict=True):
        assert outcome.words.startswith("WriterError: model.safetensors is damaged or cut short"), path.name
        assert_cheap([outcome])


def test_m14_the_largest_of_the_family_is_still_read(probe: Probe, tmp_path: Path) -> None:
    folder = gpt2_xl(tmp_path)
    assert open_checkpoint(folder).n_parameters == 1_557_611_200
    assert_cheap(probe(folder))


def test_m14_gguf_headers_that_cost_memory(probe: Probe, tmp_path: Path) -> None:
    def array(kind: int, n: int, values: bytes) -> bytes:
        return text(b"a") + struct.pack("<IIQ", 9, kind, n) + values

    (tmp_path / "g").mkdir()
    bombs = {
        "bytes": (array(0, 200_000_000, bytes(200_000_000)), 1),
        "switches": (array(7, 200_000_000, bytes(200_000_000)), 1),
        "texts": (array(8, 6_000_000, bytes(48_000_000)), 1),
        "arrays of arrays": (array(9, 2_000_000, struct.pack("<IQ", 0, 0) * 2_000_000), 1),
        "deep": (array(9, 1, struct.pack("<IQ", 9, 1) * 3_000_000), 1),
        "many arrays": (b"".join(array(0, 10**6, bytes(10**6)).replace(b"a", b"%c" % c, 1) for c in range(60)), 60),
        "many fields": (b"".join(text(b"%d" % i) + struct.pack("<IB", 0, 1) for i in range(10**6)), 10**6),
        "one text": (text(b"a") + struct.pack("<I", 8) + text(bytes(60_000_000)), 1),
    }
    paths = [raw_gguf(tmp_path / "g" / f"{name}.gguf", *bomb) for name, bomb in bombs.items()]
    outcomes = probe(*paths)
    assert all("is damaged or cut short" in outcome.words for outcome in outcomes), outcomes
    assert_cheap(outcomes)
