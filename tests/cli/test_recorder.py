"""What is reported of a generation is what stands in the end."""

from typing import Any

from writer.cli.recorder import Recorder
from writer.engine.events import Finished, FinishReason, GenerationStatistics, TakenBack, Token


def record(*events: Any) -> Recorder:
    recorder = Recorder(seed=1)
    for event in events:
        recorder.add(event)
    return recorder


def test_what_is_taken_back_is_not_reported() -> None:
    recorder = record(
        Token(" a", 1, -1.0), Token(" b", 2, -1.0), Token(" c", 3, -1.0), TakenBack(" b c", 2, is_loop=True)
    )
    assert recorder.text == " a"
    assert [(token.text, token.token_id) for token in recorder.tokens] == [(" a", 1)]
    figures = recorder.figures()
    assert figures is None, "no reading was seen"


def test_text_that_a_token_brought_for_those_before_it_stays_theirs() -> None:
    recorder = record(Token("", 1, -1.0), Token(" the", 2, -1.0), TakenBack("", 1), Token(" sea", 3, -1.0))
    assert recorder.text == " the sea"
    assert [token.text for token in recorder.tokens] == [" the", " sea"]


def test_text_that_is_taken_back_without_its_token_is_no_part_of_it() -> None:
    recorder = record(Token(" One.", 1, -1.0), Token(" Tw", 2, -1.0), TakenBack(" Tw", 0), Token("", 3, -1.0))
    assert recorder.text == " One."
    assert [token.text for token in recorder.tokens] == [" One.", "", ""]


def test_every_reason_has_a_name_of_its_own() -> None:
    statistics = GenerationStatistics(1, 0, 1, 0.1, 0.1, 1, 0)
    reasons = {record(Finished(reason, statistics)).reason for reason in FinishReason}
    assert reasons == {"length", "end_of_text", "stop_string", "ending", "loop", "nothing_allowed"}
