"""Pictures on a web server beside the same in a folder: how busy decoding is kept, and what memory and copies take.

    python -m benchmarks.pictures_elsewhere --pictures 600 --latency 50

A server on this computer answers each request after ``--latency`` milliseconds, as one far away does. The same pictures
are decoded as a detector wants them from a folder, from the server as the program does it (the next ones fetched ahead),
from the server by the decoding threads alone, and from the copies of the first time. In the end ten times as many
pictures go through a cache that holds fifty.
"""

import argparse
import io
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from PIL import Image

from benchmarks.common import Stopwatch, print_json, table
from camtrap_gui import parallel, remote_pictures
from camtrap_gui.picture_cache import Cache
from camtrap_gui.pictures import read_upright

_SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

data, latency = Path(sys.argv[1]).read_bytes(), float(sys.argv[2]) / 1000

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(latency)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64

server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--latency", type=float, default=50.0, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _measure(Path(scratch), chosen.pictures, chosen.latency, chosen.rounds)


def _measure(scratch: Path, pictures: int, latency: float, rounds: int) -> None:
    data = io.BytesIO()
    Image.effect_noise((1600, 1200), 40).convert("RGB").save(data, "JPEG", quality=80)
    here = scratch / "here"
    here.mkdir()
    names = [f"{number}.jpg" for number in range(pictures)]
    for name in names:
        (here / name).write_bytes(data.getvalue())
    watches = {name: Stopwatch(name) for name in ("folder", "server", "server, no fetching ahead", "copies")}
    with _server(here / names[0], latency) as address:
        for turn in range(rounds):
            place = address / f"turn {turn}"
            remote_pictures.cache = Cache(scratch / f"copies {turn}", 10**12)
            with watches["folder"].round(pictures):
                _decode(here / name for name in names)
            with watches["server"].round(pictures):
                _decode(remote_pictures.fetched_ahead([place / name for name in names], lambda path: path))
            with watches["copies"].round(pictures):
                _decode(place / name for name in names)
            with watches["server, no fetching ahead"].round(pictures):
                _decode(address / f"alone {turn}" / name for name in names)
        before = _peak_mb()
        bound = 50 * len(data.getvalue())
        remote_pictures.cache = small = Cache(scratch / "small", bound)
        many = (address / f"many/{number}.jpg" for number in range(10 * pictures))
        _decode(remote_pictures.fetched_ahead(many, lambda path: path))
    folder = watches["folder"]
    rows = [(w.name, w.rate, w.times(folder), 1000 * w.cost) for w in watches.values()]
    print(f"{pictures:,} pictures of {len(data.getvalue()) / 1000:,.0f} KB, answered after {latency:g} ms")
    print(table(("from", "pictures/s", "times the folder", "processor ms each"), rows))
    kept, more = small.size()[1] / bound, _peak_mb() - before
    print(
        f"Ten times as many: {more:,.0f} MB more memory at the peak; copies took {kept:.2f} of their bound."
    )
    print_json(
        {
            "server_to_folder": watches["server"].times(folder),
            "alone_to_folder": watches["server, no fetching ahead"].times(folder),
            "copies_to_folder": watches["copies"].times(folder),
            "more_memory_mb": more,
            "copies_to_bound": kept,
        }
    )


def _decode(paths: Iterable[Path]) -> None:
    with closing(parallel.in_order(lambda path: read_upright(path, 640).size, paths)) as sizes:
        for _ in sizes:
            pass


@contextmanager
def _server(picture: Path, latency: float) -> Iterator[Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(picture), str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Path(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1_000_000 if sys.platform == "darwin" else 1000)


if __name__ == "__main__":
    main()
