"""The yardstick of `bench http`: a Flask hello-world on the same server with the same settings."""

import sys

from flask import Flask

from app.server import Server, listen


def hello() -> Flask:
    """Return the smallest Flask application."""
    app = Flask("hello")

    @app.get("/")
    def index() -> str:
        return "hello, world"

    return app


def main(threads: int) -> None:
    """Serve it on a free port of 127.0.0.1, whose number is printed, until SIGTERM."""
    with listen("127.0.0.1", 0) as found:
        server = Server(hello(), found, threads=threads)
        server.heed_signals()
        sys.stdout.write(f"http://127.0.0.1:{found.getsockname()[1]}\n")
        sys.stdout.flush()
        server.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
