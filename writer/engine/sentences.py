"""Where sentences end in prose: names with titles, speech and dots that go on are told from ends by what follows."""

import itertools
import re

_CLOSING = "\"'”’»)\\]"
_OPENING = "\"'“‘«(\\["
_PROMISING = "\\-—–,;:“‘«(\\["  # a line that breaks off there goes on in the next
_CANDIDATE = re.compile(
    rf"(?:[.!?…]+|[—–]+(?=[\"”]))[{_CLOSING}]*(?=\s|$)"  # a dash ends only speech that is broken off
    r"|[。！？]+[」』”]*"
    rf"|[^\s{_PROMISING}](?=[^\S\n]*\n)"
)
LINE_END = re.compile(r"[^\S\n]*\n")
_NEXT = re.compile(rf"\s*[{_OPENING}…—–.-]*")
_WORD_BEFORE = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*\Z")
_DOTTED = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,3}\Z")

# What stands before the dot; a name follows, or a number.
_TITLES_TEXT = """
adm bros capt cmdr col cpl dr fr gen gov hon insp lieut lt m maj messrs mlle mme mr mrs ms mt pres prof pvt rep rev
sen sgt sr supt st ste
"""
_TITLES = frozenset(_TITLES_TEXT.split())
_ALWAYS_GO_ON = _TITLES | frozenset({"cf", "e.g", "i.e", "viz", "vs"})
_BEFORE_NUMBERS = frozenset({"art", "ch", "fig", "no", "nos", "p", "pp", "vol"})

_SPEECH_TEXT = """
added agreed announced answered asked barked began begged bellowed breathed called continued cried croaked demanded
drawled exclaimed gasped groaned growled grumbled hissed inquired insisted interrupted laughed moaned mumbled
murmured muttered observed panted persisted pleaded protested remarked repeated replied responded retorted returned
roared said says screamed shouted shrieked sighed snapped snarled sobbed spat stammered told thought urged wailed
went whispered wondered yelled
"""
_SPEECH = frozenset(_SPEECH_TEXT.split())
_SPEAKER_WORDS = 4  # "The old captain said"
_WORD_OR_SIGN = re.compile(r"[\w’'-]+|[^\w\s]")


def sentence_ends(text: str, *, start: int = 0, is_over: bool = True) -> list[int]:
    """Code points after which a sentence ends: its terminator and closing quotes are included, white space is not.

    A line break ends a sentence too, unless the line's last mark promises more.

    start -- only terminators from there on are looked at
    is_over -- nothing follows; otherwise ends that what follows could still undo are left out
    """
    ends = []
    for match in _CANDIDATE.finditer(text, start):
        is_end = _is_end(text, match)
        if is_end or (is_end is None and is_over):
            ends.append(match.end())
    return ends


def split_sentences(text: str) -> list[str]:
    """Pieces that join to exactly `text`; white space goes with the sentence before it."""
    cuts = [0]
    for end in sentence_ends(text):
        while end < len(text) and text[end].isspace():
            end += 1
        cuts.append(end)
    if cuts[-1] < len(text):
        cuts.append(len(text))
    return [text[begin:end] for begin, end in itertools.pairwise(cuts)]


def _is_end(text: str, match: re.Match[str]) -> bool | None:
    """None while nothing is there to tell by."""
    sign, end = match[0], match.end()
    if LINE_END.match(text, end) or sign[0] in "。！？":
        return True
    if sign == "." and _goes_on_after_dot(text, match.start()):
        return False
    begin = _NEXT.match(text, end)
    after = text[begin.end() if begin else end :]
    if not after:
        return None
    if after[0].islower():
        return False
    if sign.startswith(("...", "…")) and re.match(r"I\b", after):
        return None if after == "I" else False
    if sign[-1] in "\"”’'" and sign[0] in "!?—–…":
        return _is_no_speaker(after)
    return True


def _goes_on_after_dot(text: str, dot: int) -> bool:
    found = _WORD_BEFORE.search(text, max(0, dot - 24), dot)
    if found is None:
        return False
    word, after = found[0], text[dot + 1 :].lstrip()
    if word.isdigit():
        return _LIST_NUMBER.search(text[max(0, dot - 8) : dot]) is not None
    if word.lower() in _BEFORE_NUMBERS:
        return after[:1].isdigit()
    if word.lower() in _TITLES:
        return word[0].isupper()
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return is_initial or word.lower() in _ALWAYS_GO_ON or bool(_DOTTED.fullmatch(word) and word.isupper())


def _is_no_speaker(after: str) -> bool | None:
    """Whether what follows speech is more than who spoke: "Mary said"."""
    words = list(itertools.islice(_WORD_OR_SIGN.finditer(after), _SPEAKER_WORDS))
    for before, word in itertools.pairwise(words):
        if not word[0][0].isalnum():
            if word[0] == "." and before[0].lower() in _TITLES:
                continue
            return True
        if word.end() == len(after):
            return None  # it may not be whole
        if word[0].lower() in _SPEECH:
            return False
    return True if len(words) == _SPEAKER_WORDS else None
