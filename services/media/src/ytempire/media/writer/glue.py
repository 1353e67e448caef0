"""The closed vocabulary of the writer: the only words of a script that need not stand in the brief.

Every template of the writer is built from these words, and the faithfulness check refuses any other word that the
brief does not hold. It therefore grows only together with a template.
"""

from __future__ import annotations

from ytempire.media.writer.text import STOP_WORDS, stem

_WORDS = """
number numbers another against hold remember cheaper dearer smaller larger times gap difference story life list step
steps first second third last next final finally start let's lets look ways reasons things facts ones part parts
chapter go goes begin meet enter comes came jump today question answer know known tell comments comment subscribe
surprised surprise most story video watch like share follow channel thanks bring brings leads guide best works work way
reason compare compared versus side choice yours decide true short simple see show shows come back done that's here's
there's you'll we'll now nine ten one two three four five six seven eight twelve quarter quarters half thing new
still keep mind turn turns make makes happens happen say says said cost costs lower higher less ask why how what count
years year later earlier ago
"""

_HOOK_WORDS = """
imagine picture think guess wonder wondered believe ever really actually surprising surprisingly truth secret simple
hear heard need want learn find out happen happened mean means matter matters big small huge tiny changed change
"""

GLUE = frozenset(stem(w) for w in _WORDS.split()) | frozenset(stem(w) for w in STOP_WORDS)
HOOK_GLUE = GLUE | frozenset(stem(w) for w in _HOOK_WORDS.split())
"""What a language model may add to a hook: rhetoric, no facts."""
