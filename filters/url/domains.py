"""Which endings make a name without a scheme the name of a host."""

from __future__ import annotations

_FILES = "ai cc md mk ml mm mov pl pm ps py rs sh so zip"
_MEMBERS = """
abc author build call case compare data day events family fast got help int map name next now open
phone pid prod property read save search select target you
"""

FILES = frozenset(_FILES.split())
"""Endings of files as well: `main.rs` is a host only with `www.` before it or a path behind it."""

MEMBERS = frozenset(_MEMBERS.split())
"""Endings that programs give to what belongs to something, too: `file.open`, `order.name`."""

OWNERS = frozenset({"args", "cls", "obj", "os", "self", "sys", "this"})
"""What programs call that something: `self.stream` is no host, whatever its ending."""
