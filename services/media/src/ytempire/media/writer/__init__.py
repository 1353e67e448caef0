"""The offline script writer: a brief in, a script with its evidence out. Runs without a network and without keys.

Import :mod:`.brief`, :mod:`.hook`, :mod:`.describe`, :mod:`.topic` and :mod:`.spoken` anywhere; :mod:`.write` loads the
parser (150 MB) at first use and is best run as a child process: ``python -m ytempire.media.writer job.json``.
"""
