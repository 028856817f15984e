"""A file server with the failures that xgrad fetch must survive. Usage: fetch_server.py FOLDER LOG

/MANNER/NAME sends FOLDER/NAME in one of the manners below. The port goes to stdout; LOG gets a line
for each request: its path and what range it asked for."""
import http.server
import pathlib
import sys

folder, log = pathlib.Path(sys.argv[1]), open(sys.argv[2], "a")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        _, manner, name = self.path.split("/")
        wanted = self.headers.get("Range", "")
        print(self.path, wanted, file=log, flush=True)
        if manner == "moved":
            self.send_response(302)
            self.send_header("Location", f"/good/{name}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        path = folder / name
        if manner == "gone" or not path.exists():
            return self.send_error(404)
        data = path.read_bytes()
        if manner == "wrong":
            data = data[:-1] + b"?"
        elif manner == "long":
            data += data
        elif manner == "short":
            data = data[:100]
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if first and manner != "norange":
            if first >= len(data):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            data = data[first:]
        else:
            self.send_response(200)
        self.close_connection = manner in ("cut", "dead", "endless", "nolength")
        if manner == "nolength":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if manner in ("cut", "nolength"):
            data = data[: max(1, 2 * len(data) // 3)]
        elif manner == "dead":
            data = b""
        elif manner == "endless":
            data = data[: len(data) // 2]
        self.wfile.write(data)
        self.wfile.flush()
        if manner == "endless":
            self.connection.settimeout(60)
            self.connection.recv(1)  # until the client goes


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
