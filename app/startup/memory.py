"""Telling the garbage collector what will stay."""

from __future__ import annotations

import gc


def settle() -> None:
    """Free what nothing uses any more, and look no further at what is left.

    What lives as long as the server need not be looked at by every full collection. After
    something large has gone, all of it is looked at once: what was set aside is never freed.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
