from pathlib import Path

import pytest

from writer.assist.beginnings import NoBlankBeginning
from writer.engine.config import GenerationConfig
from writer.engine.events import Token
from writer.engine.generate import generate
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths

PROMPT = "Tyger Tyger, burning bright,\n"


@pytest.mark.parametrize("text", ["\n", " ", "\n\nHe", " He", "\u00a0"])
def test_a_blank_beginning_is_unwanted(text: str) -> None:
    verdict = NoBlankBeginning().look(text, 0, is_over=False)
    assert verdict.unwanted_from == 0
    assert verdict.safe == 0


@pytest.mark.parametrize("text", ["", "He", "He went.\n\n"])
def test_any_other_is_shown(text: str) -> None:
    verdict = NoBlankBeginning().look(text, 0, is_over=False)
    assert verdict.unwanted_from is None
    assert verdict.safe == len(text)


def test_another_beginning_is_drawn(poem_home: Path) -> None:
    """A line break is made as likely as can be, and the text begins with something else all the same."""
    model = LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models).get("poem"))
    config = GenerationConfig(max_new_tokens=12, temperature=0.0, top_p=1.0, logit_bias=(("\n", 50.0),))
    texts = []
    for rules in ((), (NoBlankBeginning(),)):
        events = generate(model.session, model.tokenizer, model.cache, PROMPT, config, Steering(rules=rules))
        texts.append("".join(event.text for event in events if isinstance(event, Token)))
    assert texts[0][0] == "\n"
    assert texts[1][:1] not in ("", "\n", " ")
