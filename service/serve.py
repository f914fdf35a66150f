"""Settings in, a running server out, until a signal ends it. Everything about sockets and signals is here, nothing about answers."""

from __future__ import annotations

import logging
import math
import signal
import socket
import sys

import uvicorn

from service.app import create_app
from service.core.settings import Settings
from service.pipeline import Pipeline
from service.protocol import protocol

KEEP_ALIVE_S = 15
BACKLOG = 1024


class Server(uvicorn.Server):
    """uvicorn with this project's limits. It says where it listens, on one line, once it does."""

    def __init__(self, settings: Settings, pipeline: Pipeline | None = None) -> None:
        config = uvicorn.Config(
            create_app(settings, pipeline),
            http=protocol(settings),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_timeout_s),
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"evdocs is listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def serve(settings: Settings, pipeline: Pipeline | None = None) -> int:
    """Serve until SIGINT or SIGTERM; the exit code. Running requests get `shutdown_timeout_s` to end."""
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"evdocs: cannot listen on {settings.host}:{settings.port}: {reason}. Choose another port with --port.", file=sys.stderr)
        return 1
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("evdocs").setLevel(logging.INFO)
    server = Server(settings, pipeline)
    # uvicorn raises the signal again after an orderly end; that is not to kill the process before it has returned.
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()
    return 0 if server.started else 1


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket. Raises OSError where the address is taken or unknown."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener
