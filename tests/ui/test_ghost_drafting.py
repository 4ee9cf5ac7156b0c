"""Drafts of ghosts: the wishes that they follow."""

import math

from pytestqt.qtbot import QtBot

from writer.assist.context import ContextBuilder
from writer.assist.context_notes import ContextNotes
from writer.assist.ghost_draft import GhostGrown
from writer.engine.config import GenerationConfig
from writer.models.loaded import LoadedModel
from writer.ui.ghost_drafting import GhostDrafting
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.worker import Worker


def test_a_ghost_is_no_authors_note(worker: Worker, poem_model: LoadedModel, qtbot: QtBot) -> None:
    drafting = GhostDrafting(worker, OwnWordsKeeper(worker))
    drafting.model = poem_model
    drafting.config = lambda: GenerationConfig(logit_bias=(("[Author's note:", 60.0),))
    model_config = poem_model.session.config

    def ghost(notes: ContextNotes) -> str:
        builder = ContextBuilder(poem_model.tokenizer, model_config.n_ctx, model_config.eos_token_ids[0])
        context = builder.build("Tyger Tyger, burning bright,\nIn", 0, notes, 64)
        job = drafting.job(context, -math.inf)
        assert job is not None
        return "".join([event.text for event in job() if isinstance(event, GhostGrown)][-1:])

    assert "Author's note" in ghost(ContextNotes()), "without a note it is words like others"
    assert "Author's note" not in ghost(ContextNotes(authors_note="Quiet."))
