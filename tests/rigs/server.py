"""What the servers of the tests share: a folder of their own, begun and ended by ``with``."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self


class Server:
    """A server of a test in ``dir``; `begin` is called at the block's start, `end` at its end.

    Whatever happens in between, also in `begin`: its processes end and its folder is gone.
    """

    def __init__(self, prefix: str, folder: str | None = None) -> None:
        # Not pytest's tmp_path: the paths of Unix sockets must stay below 108 bytes.
        self.dir = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))

    def __enter__(self) -> Self:
        try:
            self.begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def begin(self) -> None:
        """Start it and wait until it can be asked."""
        raise NotImplementedError

    def end(self) -> None:
        """End its processes, those that run."""
        raise NotImplementedError
