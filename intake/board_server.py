"""The web server of the board: a thread of the service that only reads, and ends with it."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from config.model import Board
from config.settings import ConfigProblems, secret
from intake.board_pulse import Window

if TYPE_CHECKING:  # the extra [board] may not be installed
    from uvicorn import Server

_log = structlog.get_logger("board")
#: So many connections at once; more are told to come later.
_CONNECTIONS = 64
_HEAD_BYTES = 16_384
_IDLE_SECONDS, _LAST_SECONDS, _JOIN_SECONDS = 5, 2, 10.0


@dataclass(slots=True)
class BoardServer:
    """Serves what the settings of the moment say. All methods are the main thread's."""

    window: Window
    env: Mapping[str, str]
    #: How long a wrong password waits for its answer.
    pause_seconds: float = 1.0
    #: Where it really listens; None: nowhere.
    address: tuple[str, int] | None = None
    _wanted: tuple[Board, str] | None = None
    _server: "Server | None" = None
    _thread: threading.Thread | None = None
    _told: str = field(default="")

    def follow(self, settings: Board) -> str:
        """Serve as the settings say; return why that cannot be done, or ``""``. Never raises.

        What runs already with the same settings goes on; what could not be done is tried again.
        """
        why = self._follow(settings)
        if why and why != self._told:
            _log.warning("board_not_served", reason=why)
        self._told = why
        return why

    def _follow(self, settings: Board) -> str:
        if settings.address is None:
            self.stop()
            return ""
        try:
            password = secret(settings, self.env)
        except ConfigProblems as error:
            self.stop()
            return f"the board is not served: {error.problems[0]}"
        alive = self._thread is not None and self._thread.is_alive()
        if alive and self._wanted == (settings, password):
            return ""
        self.stop()
        try:
            self._start(settings, password)
        except ImportError as error:
            return f"the board is not served: {error.name} is not installed; {_REMEDY}"
        except OSError as error:
            return f"the board is not served: {settings.listen}: {error.strerror or error}"
        self._wanted = settings, password
        return ""

    def stop(self) -> None:
        """End the thread; open connections have a moment to finish."""
        server, thread = self._server, self._thread
        self._server = self._thread = self._wanted = self.address = None
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(_JOIN_SECONDS)
        _log.info("board_closed")

    def _start(self, settings: Board, password: str) -> None:
        import uvicorn  # noqa: PLC0415  slow, and perhaps not installed

        from intake.board_app import Door, application  # noqa: PLC0415  as above
        from intake.board_guard import Guard  # noqa: PLC0415  as above

        host, port = settings.address or ("", 0)
        door = Door(Guard(settings.user, password), host, self.pause_seconds)
        config = uvicorn.Config(
            application(self.window, door),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_LAST_SECONDS,
            h11_max_incomplete_event_size=_HEAD_BYTES,
        )
        # Bound here and not by uvicorn, which ends the process when the port is in use.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.create_server((host, port), family=family)
        self.address = bound.getsockname()[:2]
        self._server = server = uvicorn.Server(config)
        # Outside the main thread uvicorn takes no signal.
        self._thread = threading.Thread(
            target=_serve, args=[server, bound], name="board", daemon=True
        )
        self._thread.start()
        _log.info("board_served", host=self.address[0], port=self.address[1])


_REMEDY = "run: pip install 'commune-intake[board]'"


def _serve(server: "Server", bound: socket.socket) -> None:
    with contextlib.closing(bound):
        try:
            server.run(sockets=[bound])
        except Exception:  # noqa: BLE001  whatever it is, the mail goes on
            _log.exception("board_failed")  # the service starts it anew at its next turn
