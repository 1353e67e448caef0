"""The drawing studio: turns a script and its narration into a film of designed motion graphics.

``plan`` chooses a scene for every stretch of narration, ``render`` draws the frames and encodes them,
``thumbnail`` and ``contact`` make the still pictures. ``python -m ytempire.media.studio job.json`` does a whole job
in a process of its own.
"""
