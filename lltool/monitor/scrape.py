"""A scrape endpoint: GET /metrics answers with the metrics of this moment."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lltool.errors import LltoolError, from_os_error
from lltool.monitor.exposition import CONTENT_TYPE

PATH = "/metrics"


def scrape_server(host: str, port: int, text: Callable[[], str]) -> ThreadingHTTPServer:
    """A server that is bound and not yet serving. Raises :class:`LltoolError` where the address cannot be had."""

    class Scrape(BaseHTTPRequestHandler):
        server_version = "lltool"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(HTTPStatus.NOT_FOUND, f"only {PATH} is here")
                return
            try:
                body = text().encode()
            except LltoolError as error:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, error.what)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name that http.server gives
            """Say nothing: a scrape every few seconds is not news."""

    try:
        return ThreadingHTTPServer((host, port), Scrape)
    except OSError as error:
        raise from_os_error(f"{host}:{port} cannot be listened on", error) from error
