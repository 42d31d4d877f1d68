"""A web server on this machine that misbehaves on purpose."""

import gzip
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """What goes wrong with one request; several things may."""

    status: int = 0  # answer with this status instead
    headers: dict[str, str] = field(default_factory=dict)  # and with these
    body: bytes | None = None  # send this, with status 200, whatever was asked for
    drops: int | None = None  # break off after so many bytes
    claims: int = 0  # add to the length that is announced
    ignores_range: bool = False
    ignores_if_range: bool = False
    gzipped: bool = False
    trickles: int = 0  # send it in pieces of so many bytes, with pauses
    unannounced: bool = False  # no length
    chunked: bool = False
    lingers: bool = False  # keep the connection open when all is sent
    silent: bool = False  # say nothing at all for a while
    interrupts: bool = False  # somebody presses Ctrl-C when half of it has come


class Handler(BaseHTTPRequestHandler):
    """Serves what the server's `.files` has for the path, else its `.body`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        with server.lock:
            server.asked.append(asked)
            server.paths.append(self.path)
            server.conditions.append(self.headers.get("If-Range"))
            fault = server.faults.pop(0) if server.faults else Fault()
        self.close_connection = not fault.lingers
        if fault.silent:
            server.ended.wait(5)
        elif fault.status:
            self._head(fault.status, {"Content-Length": "0", **fault.headers})
            if fault.interrupts:
                time.sleep(0.05)
                press_ctrl_c()
        else:
            self._serve(fault, asked)
        if fault.lingers:
            server.ended.wait(5)

    def _serve(self, fault: Fault, asked: str | None) -> None:
        server, start, status = self.server, 0, 200
        body = server.files.get(self.path, server.body) if fault.body is None else fault.body
        headers = dict(server.marks) | fault.headers
        if fault.ignores_range or fault.body is not None:
            asked = None
        condition = self.headers.get("If-Range")
        if condition and condition not in headers.values() and not fault.ignores_if_range:
            asked = None
        if asked:
            start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
            if start >= len(body):
                unfit = {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"}
                return self._head(416, headers | unfit)
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        body = body[start:]
        if fault.gzipped:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if fault.chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif not fault.unannounced:
            headers["Content-Length"] = str(len(body) + fault.claims)
        self._head(status, headers)
        body = body[: fault.drops]
        piece = fault.trickles or len(body) // 2 + 1
        for first in range(0, len(body), piece):
            self.wfile.write(body[first : first + piece])
            if fault.trickles or fault.interrupts:
                time.sleep(0.002)
            if fault.interrupts and first < len(body) // 2 <= first + piece:
                press_ctrl_c()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """`.faults`, one a request, and then nothing goes wrong; what was asked is in `.asked` and `.paths`."""

    daemon_threads = True
    request_queue_size = 100
    block_on_close = False

    def __init__(self, body: bytes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.body, self.files, self.faults = body, {}, []
        self.marks = {"ETag": '"1"', "Last-Modified": "Tue, 05 Aug 2014 10:00:00 GMT"}
        self.asked, self.paths, self.conditions = [], [], []

    def at(self, name: str) -> str:
        """The address of a file here."""
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def exchange(self, body: bytes) -> None:
        """Another version of the file from now on."""
        self.body = body
        self.marks = {"ETag": '"2"', "Last-Modified": "Fri, 01 Sep 2017 10:00:00 GMT"}

    def handle_error(self, *_):
        pass


def press_ctrl_c() -> None:
    """As if the user had."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@contextmanager
def serving(body: bytes) -> Iterator[Server]:
    """A running server."""
    server = Server(body)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
