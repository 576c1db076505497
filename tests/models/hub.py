"""A hub on loopback that serves one repository at one revision, as huggingface_hub asks for it."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class Hub:
    """Serves `folder` as the repository `name`; `asked` holds the paths of its requests."""

    def __init__(self, name: str, revision: str, folder: Path) -> None:
        self.name, self.revision, self.folder = name, revision, folder
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        path = unquote(request.path.partition("?")[0])
        self.asked.append(path)
        if path in (f"/api/models/{self.name}", f"/api/models/{self.name}/revision/{self.revision}"):
            siblings = [{"rfilename": file.name} for file in sorted(self.folder.iterdir())]
            info = {"id": self.name, "modelId": self.name, "sha": self.revision, "siblings": siblings}
            self._send(request, json.dumps(info).encode(), {"Content-Type": "application/json"}, body=body)
            return
        file = self.folder / path.rpartition("/")[2]
        if path.startswith(f"/{self.name}/resolve/{self.revision}/") and file.is_file():
            content = file.read_bytes()
            etag = hashlib.sha256(content).hexdigest()
            self._send(request, content, {"ETag": f'"{etag}"', "X-Repo-Commit": self.revision}, body=body)
            return
        request.send_response(404)
        request.send_header("X-Error-Code", "EntryNotFound")
        request.send_header("Content-Length", "0")
        request.end_headers()

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        request.send_response(200)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if body:
            request.wfile.write(content)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
