import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from writer.engine.config import GenerationConfig
from writer.engine.sampler import SamplerChain
from writer.errors import UsageError, WriterError

WORDS = {
    "end": [1],
    " end": [2],
    "cat": [3, 4],
    " cat": [5],
    "\n": [6],
    " \n": [7, 6],
    ":": [8],
    " :": [9],
    "catalogue": [3, 4, 1],
    " catalogue": [5, 1],
    "*": [10],
    '"': [11],
}
LETTERS = {1, 2, 3, 4, 5}  # tokens that end with one
NEUTRAL = GenerationConfig(temperature=1.0, top_p=1.0)


def encode(text: str) -> list[int]:
    return WORDS.get(text, [12])


def chain(seed: int = 1, **settings: object) -> SamplerChain:
    config = dataclasses.replace(NEUTRAL, **settings)  # type: ignore[arg-type]
    return SamplerChain.from_config(
        config, n_prompt_tokens=2, eos_token_ids=(0,), encode=encode, ends_in_letter=LETTERS.__contains__, seed=seed
    )


def test_a_neutral_chain_only_draws() -> None:
    assert str(chain()) == "draw"
    assert str(chain(temperature=0)) == "likeliest"


def test_the_order_of_all_steps() -> None:
    everything = chain(
        logit_bias=(("end", 1.0),), repetition_penalty=1.1, frequency_penalty=0.1, presence_penalty=0.1,
        dry_multiplier=0.8, no_repeat_ngram_size=4, min_new_tokens=3, temperature=0.9,
        top_k=50, top_p=0.9, min_p=0.01, typical_p=0.9, epsilon_cutoff=1e-4, eta_cutoff=1e-4, xtc_probability=0.5,
    )  # fmt: skip
    assert str(everything) == (
        "bias -> repetition -> frequency/presence -> dry -> no-repeat -> min new tokens -> temperature"
        " -> top-k -> top-p -> min-p -> typical -> epsilon -> eta -> xtc -> draw"
    )


def test_mirostat_takes_the_place_of_the_cut_offs() -> None:
    assert str(chain(mirostat_tau=3.0, top_k=5, top_p=0.5, min_p=0.1)) == "mirostat -> draw"


def test_draws_follow_the_probabilities() -> None:
    probabilities = np.array([0.5, 0.25, 0.15, 0.1])
    sampler = chain(seed=3)
    drawn = Counter(sampler.sample([], np.log(probabilities).astype(np.float32)) for _ in range(20_000))
    expected = probabilities * 20_000
    chi_square = sum((drawn[i] - expected[i]) ** 2 / expected[i] for i in range(4))
    assert chi_square < 16.3  # 0.1 % of fair samplers exceed this with 3 degrees of freedom


def draws(sampler: SamplerChain) -> list[int]:
    scores = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    return [sampler.sample([], scores.copy()) for _ in range(40)]


def test_the_seed_decides_all_chances() -> None:
    settings = {"xtc_probability": 0.5, "xtc_threshold": 0.02, "top_p": 0.95}
    assert draws(chain(7, **settings)) == draws(chain(7, **settings))
    assert draws(chain(7, **settings)) != draws(chain(8, **settings))


def test_temperature_zero_takes_the_likeliest() -> None:
    assert chain(temperature=0).sample([], np.array([1, 5, 3], np.float32)) == 1


def test_a_wanted_word_is_likelier_at_each_of_its_tokens() -> None:
    scores = np.zeros(13, np.float32)
    sampler = chain(logit_bias=(("cat", 50.0),))
    assert {sampler.sample([], scores.copy()) for _ in range(300)} == {5}, "not the letter that it begins with"
    assert {sampler.sample([3], scores.copy()) for _ in range(300)} == {4, 5}
    sampler = chain(logit_bias=(("catalogue", 50.0),))
    assert {sampler.sample([], scores.copy()) for _ in range(300)} == {5}
    assert {sampler.sample([5], scores.copy()) for _ in range(300)} == {1, 5}


def test_a_wanted_word_is_not_stuck_to_the_word_before() -> None:
    scores = np.zeros(13, np.float32)
    sampler = chain(logit_bias=(("cat", 50.0),))
    assert {sampler.sample([9, 3], scores.copy()) for _ in range(300)} == {4, 5}
    assert {sampler.sample([5, 3], scores.copy()) for _ in range(300)} == {5}
    sampler = chain(logit_bias=(("cat", -50.0),))
    assert 4 not in {sampler.sample([5, 3], scores.copy()) for _ in range(300)}, "an unwanted one is not either"


def test_an_unwanted_word_is_rarer_at_its_last_token_alone() -> None:
    sampler = chain(logit_bias=(("cat", -50.0),))
    scores = np.zeros(13, np.float32)
    assert {sampler.sample([], scores.copy()) for _ in range(300)} == {*range(13)} - {5}
    assert {sampler.sample([3], scores.copy()) for _ in range(300)} == {*range(13)} - {4, 5}


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_said_of_a_whole_word_comes_before_anothers_beginning(
    order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WORDS, "c", [3])
    monkeypatch.setitem(WORDS, " c", [12])
    biases = (("c", -50.0), ("cat", 50.0))[::order]
    drawn = {chain(logit_bias=biases, temperature=0).sample([], np.zeros(13, np.float32))}
    assert drawn == {5}
    sampler = chain(logit_bias=biases)
    scores = np.zeros(13, np.float32)
    scores[5] = -np.inf
    assert 3 not in {sampler.sample([], scores.copy()) for _ in range(200)}


class Wishes:
    """A blend that knows the answer, and draws nothing itself."""

    name = "wishes"

    def __call__(self, token_ids: Sequence[int], scores: np.ndarray) -> np.ndarray:
        scores[:] = 0
        scores[len(token_ids)] = 50
        return scores


def test_another_models_opinion_is_mixed_in_before_every_step() -> None:
    config = dataclasses.replace(NEUTRAL, repetition_penalty=1.1, top_k=5)
    sampler = SamplerChain.from_config(
        config, n_prompt_tokens=2, eos_token_ids=(0,), encode=encode, ends_in_letter=bool, seed=1, blend=Wishes()
    )
    assert str(sampler) == "wishes -> repetition -> top-k -> draw"
    assert [sampler.sample([12] * n, np.zeros(13, np.float32)) for n in range(4)] == [0, 1, 2, 3]


def test_when_everything_is_banned_something_is_still_written() -> None:
    sampler = chain(no_repeat_ngram_size=1, temperature=0)
    assert sampler.sample([1], np.array([-np.inf, 3, -np.inf], np.float32)) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_told(bad: float) -> None:
    with pytest.raises(WriterError, match="not valid"):
        chain().sample([], np.array([0, bad, 1], np.float32))
    with pytest.raises(WriterError, match="not valid"):
        chain(temperature=0).sample([], np.full(3, -np.inf, np.float32))


@pytest.mark.parametrize("tau", [2.0, 4.0])
def test_mirostat_steers_the_average_surprise(tau: float) -> None:
    """The paper's second algorithm, followed beside the sampler: left alone, these scores would surprise by 8 bits."""
    eta, mu = 0.1, 2 * tau
    random = np.random.default_rng(2)
    sampler = chain(seed=5, mirostat_tau=tau, mirostat_eta=eta)
    surprises, places = [], []
    for _ in range(600):
        scores = (random.standard_normal(2000) * 2).astype(np.float32)
        probabilities = np.exp(scores.astype(np.float64))
        probabilities /= probabilities.sum()
        token_id = sampler.sample([], scores.copy())
        sampler.accept(token_id)
        kept = (-np.log2(probabilities) <= mu) | (probabilities == probabilities.max())
        assert kept[token_id]
        own, total = probabilities[token_id], probabilities[kept].sum()
        surprises.append(-np.log2(own / total))
        places.append((probabilities[probabilities > own].sum() + own / 2) / total)
        mu -= eta * (surprises[-1] - tau)
    assert np.mean(surprises[200:]) == pytest.approx(tau, abs=0.1)
    # Where in the kept ones' probability each draw lies: evenly spread, so the sampler keeps these very tokens.
    assert np.mean(places) == pytest.approx(0.5, abs=0.036)  # three standard errors


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("top_p", 1.5),
        ("max_new_tokens", 0),
        ("seed", -1),
        ("min_p", 2.0),
        ("stop_strings", ("",)),
        ("banned_words", ("",)),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError):
        dataclasses.replace(NEUTRAL, **{name: value})  # type: ignore[arg-type]
