"""Graphs of other exporters behind the interface of our own: the same text as transformers, whatever way it is read."""

import dataclasses
import re
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.reader import Reader
from tests.models import exported
from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, PrefillProgress, Token
from writer.engine.generate import generate
from writer.engine.imported_session import ImportedSession, PastCache
from writer.engine.imported_tokenizer import ImportedTokenizer
from writer.engine.prompt import plain_prompt
from writer.engine.takes import TakeEvent, generate_takes, take_seeds
from writer.models.imported import ImportRequest, import_model
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore

N_NEW = 60
GREEDY = GenerationConfig(temperature=0.0, top_p=1.0, max_new_tokens=N_NEW, seed=1)


@dataclass(frozen=True)
class Twin:
    """The same weights in transformers and imported."""

    reference: Any
    tokenizer: Any
    model: LoadedModel
    graph: Path

    @property
    def session(self) -> ImportedSession:
        assert isinstance(self.model.session, ImportedSession)
        return self.model.session

    def greedy(self, prompt: str) -> tuple[list[int], str]:
        """Ids and text of transformers' own continuation."""
        ids = self.tokenizer(prompt, return_tensors="pt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = self.reference.generate(
                input_ids=ids.input_ids,
                attention_mask=ids.attention_mask,
                max_new_tokens=N_NEW,
                do_sample=False,
                eos_token_id=None,
                pad_token_id=1,
            )[0]
        new = whole[ids.input_ids.shape[1] :].tolist()
        return new, self.tokenizer.decode(new, skip_special_tokens=True)


def make_twin(family: str, folder: Path, tokenizer_of: str = "") -> Twin:
    source, graph = folder / "checkpoint", folder / "graph"
    reference, tokenizer = exported.save_checkpoint(family, source, exported.make_tokenizer(tokenizer_of or family))
    exported.export(source, graph)
    return Twin(reference, tokenizer, installed(graph, folder), graph / "model.onnx")


def installed(source: Path, folder: Path, model_id: str = "twin") -> LoadedModel:
    store = ModelStore(folder / "models")
    for _ in import_model(ImportRequest(source, model_id, exported.GATE_TEXT), store):
        pass
    return LoadedModel.load(store.get(model_id))


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made: dict[str, Twin] = {}

    def twin(family: str) -> Twin:
        if family not in made:
            network, _, tokenizer = family.partition("+")
            made[family] = make_twin(network, tmp_path_factory.mktemp(network), tokenizer)
        return made[family]

    return twin


def written(model: LoadedModel, prompt: str, cache: Any = None) -> tuple[list[int], str]:
    events = list(generate(model.session, model.tokenizer, cache or model.session.new_cache(), prompt, GREEDY))
    assert isinstance(events[-1], Finished)
    tokens = [event for event in events if isinstance(event, Token)]
    return [token.token_id for token in tokens], "".join(token.text for token in tokens)


def whole_logits(session: ImportedSession, token_ids: list[int]) -> np.ndarray:
    return session.extend(session.new_cache(), token_ids, n_rows=1)[0].copy()


def prefill(session: ImportedSession, cache: PastCache, token_ids: list[int]) -> tuple[list[PrefillProgress], Any]:
    return follow(session.prefill(cache, token_ids))


def follow(reading: Generator[PrefillProgress, None, Any]) -> tuple[list[PrefillProgress], Any]:
    events = []
    while True:
        try:
            events.append(next(reading))
        except StopIteration as end:
            return events, end.value.copy()


@pytest.mark.parametrize("family", ["opt", "gpt_neox", "bloom", "qwen2", "qwen2+sentencepiece"])
def test_greedy_text_equals_transformers(family: str, twins: Any) -> None:
    twin = twins(family)
    for prompt in (exported.PROMPT, "Once"):
        ids, text = twin.greedy(prompt)
        found_ids, found_text = written(twin.model, prompt)
        assert found_ids == ids
        assert len(ids) == N_NEW
        # Bytes that make no character are left out of a text that is written, where transformers shows U+FFFD. In a
        # run of SentencePiece's byte tokens it shows that for the good ones too.
        if "sentencepiece" not in family:
            assert found_text.strip() == text.replace("\ufffd", "").strip()
        assert len(set(ids)) > 8, "a text that repeats a few tokens proves little"


@pytest.mark.parametrize(
    ("family", "is_own"), [("opt", True), ("gpt_neox", True), ("bloom", False), ("qwen2+sentencepiece", False)]
)
def test_our_own_reader_serves_the_tokenizers_that_it_fits(family: str, is_own: bool, twins: Any) -> None:
    twin = twins(family)
    tokenizer = twin.model.tokenizer
    assert isinstance(tokenizer, ImportedTokenizer) is not is_own
    text = 'It\'s "Größe" 1234,\n\n  “naïve” – 你好 🙂 </s> done'
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids).strip() == text
    assert not set(ids) & tokenizer.special_ids
    assert b"".join(map(tokenizer.token_bytes, ids)).decode().strip() == text
    starts = tokenizer.vocabulary.beginning_with(b" ")
    assert len(starts) > 10
    assert all(tokenizer.token_bytes(i).startswith(b" ") for i in starts)
    assert twin.model.installed.tokenizer().encode(text) == ids


@pytest.mark.parametrize("family", ["opt", "bloom"])
def test_every_way_into_the_cache_gives_the_same_logits(family: str, twins: Any) -> None:
    session = twins(family).session
    ids = np.random.default_rng(0).integers(3, 390, 100).tolist()
    at_once = whole_logits(session, ids)
    cache = session.new_cache()
    events, row = prefill(session, cache, ids)
    assert np.abs(row - at_once).max() < 1e-3
    assert [event.done_tokens for event in events] == [0, 100]

    for n_kept in (60, 1, 0):
        changed = [*ids[:n_kept], 5, 6, 7, 8]
        events, row = prefill(session, cache, changed)
        assert events[0].reused_tokens == n_kept
        assert np.abs(row - whole_logits(session, changed)).max() < 1e-3
        assert cache.token_ids == changed
        prefill(session, cache, ids)

    cache.truncate(0)
    for token_id in ids[:20]:
        row = session.decode_step(cache, token_id)
    assert np.abs(row - whole_logits(session, ids[:20])).max() < 1e-3


def test_branches_equal_separate_texts(twins: Any) -> None:
    session = twins("opt").session
    trunk, takes = [10, 20, 30, 40], [[7, 8, 9], [50, 60, 70], [11, 12, 13]]
    cache = session.new_cache(200)
    prefill(session, cache, trunk)
    cache.fork(3)
    for depth in range(3):
        rows = session.decode_branches(cache, {branch: takes[branch][depth] for branch in range(3)})
    for branch, take in enumerate(takes):
        assert np.abs(rows[branch] - whole_logits(session, trunk + take)).max() < 1e-3
    with pytest.raises(ValueError, match="branches"):
        session.decode_step(cache, 3)
    cache.adopt(1)
    assert cache.token_ids == trunk + takes[1]
    assert cache.n_bytes > 0
    assert np.abs(session.decode_step(cache, 77) - whole_logits(session, [*trunk, *takes[1], 77])).max() < 1e-3


@pytest.mark.parametrize("n_read", [0, 2, 4, 5])
def test_branches_begin_where_the_trunk_is_not_read_yet(twins: Any, n_read: int) -> None:
    session = twins("opt").session
    cache = session.new_cache(200)
    if n_read:
        prefill(session, cache, [10, 20, 30, 40, 50][:n_read])
    events, rows = follow(session.begin_branches(cache, [10, 20, 30, 40], [[7], [8, 9]]))
    assert len(events) >= 2, "one may cancel between two branches"
    assert (cache.token_ids, cache.branches) == ([10, 20, 30, 40], [[7], [8, 9]])
    second = session.decode_branches(cache, {1: 11})
    for row, branch in zip([*rows, *second], ([7], [8, 9], [8, 9, 11]), strict=True):
        assert np.abs(row - whole_logits(session, [10, 20, 30, 40, *branch])).max() < 1e-3


def test_branches_begin_anew_where_what_was_read_is_lost_with_its_device(twins: Any) -> None:
    session = twins("opt").session
    cache = session.new_cache(200)
    prefill(session, cache, [10, 20, 30, 40])
    cache.device = "cuda"  # and the session has gone over to the processor
    events, rows = follow(session.begin_branches(cache, [10, 20, 30, 40], [[7]]))
    assert (events[0].reused_tokens, cache.device) == (0, "cpu")
    assert np.abs(rows[0] - whole_logits(session, [10, 20, 30, 40, 7])).max() < 1e-3


def test_a_branch_goes_back_and_the_others_stay(twins: Any) -> None:
    session = twins("opt").session
    trunk, takes = [10, 20, 30, 40], [[7, 8, 9, 5], [50, 60, 70, 80]]
    cache = session.new_cache(200)
    prefill(session, cache, trunk)
    cache.fork(2)
    for depth in range(4):
        session.decode_branches(cache, {branch: takes[branch][depth] for branch in range(2)})
    for n_kept in (3, 1, 0):
        cache.rewind_branch(0, n_kept)
        assert cache.branches == [takes[0][:n_kept], takes[1]]
        session.decode_branches(cache, {0: 33})
        rows = session.decode_branches(cache, {0: 44, 1: 55})
        assert np.abs(rows[0] - whole_logits(session, [*trunk, *takes[0][:n_kept], 33, 44])).max() < 1e-3
        assert np.abs(rows[1] - whole_logits(session, [*trunk, *takes[1], 55])).max() < 1e-3
        takes[1].append(55)
    cache.truncate(4)
    assert np.abs(session.decode_step(cache, 77) - whole_logits(session, [*trunk, 77])).max() < 1e-3


def test_takes_that_go_back_equal_continuations_alone(twins: Any) -> None:
    twin = twins("opt")
    model, session = twin.model, twin.session
    prompt = plain_prompt(exported.PROMPT, model.tokenizer, 60)
    config = GenerationConfig(temperature=0.8, top_p=1.0, max_new_tokens=16, seed=3)
    whole = Reader.of(generate(session, model.tokenizer, session.new_cache(), prompt, config)).text
    config = dataclasses.replace(config, banned_words=tuple(re.findall(r"\w+", whole)[:3]))
    cache = session.new_cache(400)
    readers = [Reader() for _ in range(3)]
    for event in generate_takes(session, model.tokenizer, cache, prompt, config, 3):
        if isinstance(event, TakeEvent):
            readers[event.take].add(event.event)
    assert readers[0].taken_back
    for seed, reader in zip(take_seeds(3, 3), readers, strict=True):
        own = dataclasses.replace(config, seed=seed)
        alone = Reader.of(generate(session, model.tokenizer, session.new_cache(), prompt, own))
        assert (reader.token_ids, reader.text) == (alone.token_ids, alone.text)
    assert cache.token_ids == list(prompt.token_ids)


def test_a_text_that_outgrows_the_window_is_cut_and_goes_on(twins: Any) -> None:
    twin = twins("opt")
    config = GenerationConfig(temperature=0.0, max_new_tokens=300, seed=1)
    cache = twin.session.new_cache()
    prompt = exported.GATE_TEXT[:3000]
    events = list(generate(twin.session, twin.model.tokenizer, cache, prompt, config))
    assert sum(isinstance(event, Token) for event in events) > 150
    assert len(cache.token_ids) <= twin.session.config.n_ctx


def test_limits_are_refused(twins: Any) -> None:
    session = twins("opt").session
    assert session.config.n_ctx == exported.N_CTX - 1, "the token before every text takes a place"
    with pytest.raises(ValueError, match="cannot read"):
        next(session.prefill(session.new_cache(), [5] * 128))
    cache = session.new_cache()
    prefill(session, cache, [5] * 127)
    with pytest.raises(ValueError, match="slots"):
        session.decode_step(cache, 5)
    with pytest.raises(ValueError, match="lies beyond"):
        session.extend(session.new_cache(300), [5] * 128, n_rows=1)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_merged_decoder_writes_the_same(one_by_one: bool, twins: Any, tmp_path: Path) -> None:
    twin = twins("gpt_neox")
    folder = tmp_path / "merged"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((twin.graph.parent / name).read_bytes())
    exported.merge(twin.graph, folder / "decoder_model_merged.onnx", one_by_one=one_by_one)
    model = installed(folder, tmp_path, "merged")
    session = model.session
    assert isinstance(session, ImportedSession)
    assert session._is_one_by_one is one_by_one
    ids, _ = twin.greedy(exported.PROMPT)
    cache = session.new_cache()
    assert written(model, exported.PROMPT, cache)[0] == ids

    prompt_ids = model.tokenizer.encode(exported.PROMPT)
    events, row = prefill(session, cache, [*prompt_ids[:-2], 9, 8])
    assert np.abs(row - whole_logits(twin.session, [*prompt_ids[:-2], 9, 8])).max() < 1e-3
    events, row = prefill(session, cache, [*prompt_ids[:2], *range(3, 23)])
    assert events[0].reused_tokens == (0 if one_by_one else 2), "reading afresh is faster than twenty single steps"
    assert np.abs(row - whole_logits(twin.session, [*prompt_ids[:2], *range(3, 23)])).max() < 1e-3
