"""Copies of pictures that lie elsewhere: bounded, whole, and shared."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

from camtrap_gui.picture_cache import Cache

KB = 1000


def test_that_what_was_kept_is_found_and_what_was_not_is_not(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "copies", 100 * KB)
    kept = cache.keep("https://host/a.jpg", b"picture")
    assert cache.find("https://host/a.jpg") == kept
    assert kept.read_bytes() == b"picture"
    assert kept.suffix == ".jpg"
    assert cache.find("https://host/b.jpg") is None


def test_that_no_address_leads_out_of_the_folder(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "copies", 100 * KB)
    for address in (
        "https://h/../../etc/passwd",
        "https://h/a.jpg/..",
        "s3://b/x.$(rm)",
        "s3://b/" + "n" * 900,
        "s3://b/ä\0",
    ):
        path = cache.keep(address, b"x")
        assert path.is_relative_to(tmp_path / "copies")
        assert path.resolve() == path


def test_that_its_size_stays_below_the_bound_and_what_is_in_use_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 50 * KB)
    cache.keep("favourite", bytes(KB))
    for number in range(120):
        assert cache.find("favourite") is not None, number
        cache.keep(f"s3://bucket/{number}.jpg", bytes(KB))
        assert cache.size()[1] <= 50 * KB
    assert cache.find("s3://bucket/119.jpg") is not None
    assert cache.find("s3://bucket/0.jpg") is None


def test_that_a_picture_larger_than_the_bound_is_kept_until_the_next_comes(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10 * KB)
    assert cache.keep("large", bytes(50 * KB)).is_file()
    cache.keep("small", bytes(KB))
    assert cache.find("large") is None
    assert cache.find("small") is not None


def test_that_threads_with_caches_of_their_own_share_a_folder(tmp_path: Path) -> None:
    wrong: list[str] = []

    def work(seed: int) -> None:
        cache, chance = Cache(tmp_path, 60 * KB), random.Random(seed)
        for _ in range(60):
            number = chance.randrange(100)
            try:
                copy = cache.find(f"{number}.jpg")
                data = copy.read_bytes() if copy else None
            except FileNotFoundError:
                data = None  # it made room meanwhile
            if data is None:
                cache.keep(f"{number}.jpg", bytes([number]) * KB)
            elif data != bytes([number]) * KB:
                wrong.append(f"{number}")

    threads = [Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert Cache(tmp_path, 60 * KB).size()[1] <= 60 * KB * 1.3


def test_that_a_killed_writer_leaves_only_whole_files_and_its_rest_is_swept_away(tmp_path: Path) -> None:
    writing = (
        "import sys; from pathlib import Path; from camtrap_gui.picture_cache import Cache\n"
        f"cache = Cache(Path({str(tmp_path)!r}), 3_000_000)\n"
        "print('go', flush=True)\n"
        "for number in range(100_000): cache.keep(f'{number}.jpg', bytes([number % 256]) * 300_000)\n"
    )
    for wait in (0.05, 0.13):
        process = subprocess.Popen([sys.executable, "-c", writing], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    for path in tmp_path.glob("*/[!.]*"):
        data = path.read_bytes()
        assert data == data[:1] * 300_000
    group = tmp_path / "ab"
    group.mkdir(exist_ok=True)
    left, fresh = group / ".old.jpg", group / ".fresh.jpg"
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (1, 1))
    cache = Cache(tmp_path, 3_000_000)
    cache.keep("next.jpg", b"whole")
    assert not left.exists()
    assert fresh.exists(), "somebody may be writing it"
    assert cache.find("next.jpg") is not None
