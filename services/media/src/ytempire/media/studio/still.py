"""Single frames as RGB pictures, for thumbnails, tests and people."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.sprite import Canvas


def rgb(canvas: Canvas) -> npt.NDArray[np.uint8]:
    """The frame as 8-bit RGB, by the BT.709 limited-range matrix."""
    height, width = canvas.y.shape
    y = (canvas.y.astype(np.float32) - 16) / 219
    u, v = (
        (cv2.resize(p, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32) - 128) / 224
        for p in (canvas.u, canvas.v)
    )
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return cast(npt.NDArray[np.uint8], np.clip(np.stack((red, green, blue), -1) * 255 + 0.5, 0, 255).astype(np.uint8))
