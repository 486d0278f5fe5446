"""Wordings are compiled once in a test process, not for every office of a test again.

What a template becomes depends on its source and on how its environment escapes, on nothing else:
Jinja's own cache of compiled templates keeps both apart.
"""

from types import CodeType

from jinja2.bccache import Bucket, BytecodeCache
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier import templates


class _Compiled(BytecodeCache):
    """Compiled templates by name and by the hash of their source."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


def compile_once() -> None:
    """Let all wordings of this process share what was compiled."""
    made = templates._environment
    compiled = {html: _Compiled() for html in (False, True)}

    def environment(sources: dict[str, str], *, html: bool) -> ImmutableSandboxedEnvironment:
        env = made(sources, html=html)
        env.bytecode_cache = compiled[html]
        return env

    templates._environment = environment
