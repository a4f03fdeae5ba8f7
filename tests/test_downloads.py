"""Whatever servers and lines do: the right file arrives, or none and a sentence says why."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from hashlib import md5, sha256
from pathlib import Path

import pytest

from camtrap_gui import downloads, web
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.problem import Problem
from tests import serving
from tests.serving import Served

DATA = random.Random(0).randbytes(3_000_000)
HASH = sha256(DATA).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloads, "_FIRST_PAUSE_S", 0.01)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving.serving() as served:
        served.files["model.pb"] = DATA
        yield served


@pytest.fixture
def target(tmp_path):
    return tmp_path / "there" / "model.pb"


def fetch(server: Served, target: Path, known: bool = True, path: str = "model.pb", report=lambda _: None):
    return downloads.fetch([server.url(path)], target, HASH if known else None, None, report)


def is_whole(target: Path) -> bool:
    return target.read_bytes() == DATA and [path.name for path in target.parent.iterdir()] == [target.name]


def test_that_a_file_arrives_with_progress_in_megabytes(server, target):
    seen: list[Progress] = []
    fetched = fetch(server, target, report=seen.append)
    assert is_whole(target)
    assert fetched == downloads.Fetched(HASH, len(DATA), server.url("model.pb"))
    assert (seen[-1].done, seen[-1].total, seen[-1].phase) == (3, 3, "Downloading (MB)")
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


@pytest.mark.parametrize("known", [True, False])
def test_that_a_broken_line_goes_on_where_it_broke(server, target, known):
    server.tricks["model.pb"] = [serving.cut(1_000_000), serving.cut(1_000_000)]
    fetch(server, target, known)
    assert is_whole(target)
    assert server.ranges("model.pb") == ["", "bytes=1000000-", "bytes=2000000-"]


@pytest.mark.parametrize("known", [True, False])
def test_that_a_server_without_ranges_sends_all_again(server, target, known):
    server.tricks["model.pb"] = [serving.cut(1_000_000), serving.ignore_ranges]
    fetch(server, target, known)
    assert is_whole(target)


def test_that_without_mark_and_hash_nothing_is_glued_together(server, target):
    server.etags = False
    server.tricks["model.pb"] = [serving.cut(1_000_000)]
    fetch(server, target, known=False)
    assert is_whole(target) and server.ranges("model.pb") == ["", ""]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("before", [b"x" * len(DATA), b"x" * 5_000_000])
def test_that_a_changed_file_is_not_glued_to_the_old_one(server, target, known, before):
    server.files["model.pb"], server.marks["model.pb"] = before, '"old"'
    server.tricks["model.pb"], server.always["model.pb"] = [serving.cut(1_000_000)], serving.hang_up
    with pytest.raises(Problem):
        fetch(server, target, known)
    server.files["model.pb"], server.marks["model.pb"] = DATA, '"new"'
    server.always.clear()
    fetch(server, target, known)
    assert is_whole(target)


def test_that_a_server_that_ignores_conditions_is_found_out_by_the_hash(server, target):
    server.etags = False
    server.files["model.pb"] = b"x" * len(DATA)
    server.tricks["model.pb"], server.always["model.pb"] = [serving.cut(1_000_000)], serving.hang_up
    with pytest.raises(Problem):
        fetch(server, target)
    server.files["model.pb"] = DATA
    server.always.clear()
    fetch(server, target)
    assert is_whole(target)
    assert server.ranges("model.pb")[-2:] == ["bytes=1000000-", ""]


def test_that_a_killed_download_goes_on(server, target):
    def hold_on(handler: serving.Handler, data: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("ETag", handler.mark)
        handler.end_headers()
        handler.wfile.write(data[:2_000_000])
        handler.wfile.flush()
        time.sleep(20)
        return True

    server.tricks["model.pb"] = [hold_on]
    code = (
        "import sys; from pathlib import Path; from camtrap_gui import downloads\n"
        "downloads.fetch([sys.argv[1]], Path(sys.argv[2]), None, None, lambda _: None)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, server.url("model.pb"), str(target)])
    part = target.with_name(".model.pb.part")
    until = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size >= 1_900_000) and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = part.stat().st_size
    assert kept >= 1_900_000 and not target.exists()
    fetch(server, target, known=False)
    assert is_whole(target) and server.ranges("model.pb")[-1] == f"bytes={kept}-"


def test_that_a_part_that_was_all_needs_no_more(server, target):
    target.parent.mkdir()
    target.with_name(".model.pb.part").write_bytes(DATA)
    fetch(server, target)
    assert is_whole(target) and server.ranges("model.pb") == [f"bytes={len(DATA)}-"]


def test_that_a_damaged_part_is_fetched_anew(server, target):
    target.parent.mkdir()
    target.with_name(".model.pb.part").write_bytes(b"rubbish")
    fetch(server, target)
    assert is_whole(target) and server.ranges("model.pb") == ["bytes=7-", ""]


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"address": 1, "mark": [], "size": "x"}', '{"size": null}']
)
def test_that_a_damaged_note_does_no_harm(server, target, note):
    target.parent.mkdir()
    target.with_name(".model.pb.part").write_bytes(b"rubbish")
    target.with_name(".model.pb.part.json").write_text(note)
    fetch(server, target, known=False)
    assert is_whole(target)


@pytest.mark.parametrize("trick", [serving.page, serving.hidden_page])
def test_that_a_web_page_in_place_of_the_file_is_refused(server, target, trick):
    server.always["model.pb"] = trick
    with pytest.raises(downloads.Refused, match="a web page in place of the file"):
        fetch(server, target, known=False)
    assert not any(target.parent.iterdir())


def test_that_a_wrong_file_is_refused(server, target):
    server.files["model.pb"] = b"x" * len(DATA)
    with pytest.raises(downloads.Refused, match=f"its SHA-256 is .*, expected was {HASH}"):
        fetch(server, target)
    assert not any(target.parent.iterdir())


def test_that_a_file_with_another_md5_is_refused(server, target):
    address = [server.url("model.pb")]
    downloads.fetch(address, target, None, None, lambda _: None, md5=md5(DATA).hexdigest())
    assert is_whole(target)
    with pytest.raises(downloads.Refused, match="its MD5 is"):
        downloads.fetch(address, target, None, None, lambda _: None, md5=md5(b"x").hexdigest())
    assert is_whole(target)  # what was there before stays


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_that_a_file_of_another_size_is_refused_before_it_is_fetched(server, target, size):
    with pytest.raises(downloads.Refused, match="were expected"):
        downloads.fetch([server.url("model.pb")], target, None, size, lambda _: None)
    assert not any(target.parent.iterdir())


def test_that_a_file_larger_than_wanted_is_refused(server, target):
    server.tricks["model.pb"] = [serving.in_chunks]
    for _ in range(2):
        with pytest.raises(downloads.Refused, match="larger than 1 MB"):
            downloads.fetch([server.url("model.pb")], target, None, None, lambda _: None, at_most=1_000_000)
    assert not any(target.parent.iterdir())


def test_that_a_claimed_length_that_never_comes_is_given_up(server, target):
    server.always["model.pb"] = serving.claim_length(len(DATA) + 100)
    with pytest.raises(Problem, match=r"broke after 3.0 of 3.0 MB"):
        fetch(server, target, known=False)
    assert not target.exists()


def test_that_a_file_that_is_cut_by_its_claimed_length_is_found_out(server, target):
    server.always["model.pb"] = serving.claim_length(1_000_000)
    with pytest.raises(downloads.Refused, match="SHA-256"):
        fetch(server, target)
    assert not any(target.parent.iterdir())


def test_that_a_file_in_chunks_arrives(server, target):
    server.tricks["model.pb"] = [serving.in_chunks]
    fetch(server, target, known=False)
    assert is_whole(target)


def test_that_a_busy_server_is_asked_again(server, target):
    server.tricks["model.pb"] = [
        serving.status(503, Retry_After="0"),
        serving.status(500),
        serving.status(429),
        serving.hang_up,
    ]
    fetch(server, target)
    assert is_whole(target) and len(server.asked) == 5


def test_that_a_missing_file_is_not_asked_for_again(server, target):
    with pytest.raises(downloads.Refused, match="404") as refused:
        fetch(server, target, path="nothing.pb")
    assert refused.value.status == 404 and len(server.asked) == 1


def test_that_the_next_address_is_used_and_goes_on_when_the_hash_is_known(server, target):
    server.files["mirror.pb"] = DATA
    server.always["model.pb"] = serving.cut(1_000)
    addresses = [server.url("nothing.pb"), server.url("model.pb"), server.url("mirror.pb")]
    fetched = downloads.fetch(addresses, target, HASH, None, lambda _: None)
    assert is_whole(target) and fetched.address == addresses[2]
    assert len(server.ranges("model.pb")) == downloads.PATIENCE
    assert server.ranges("mirror.pb") == [f"bytes={1000 * downloads.PATIENCE}-"]


def test_that_every_address_is_named_with_its_reason(server, target):
    addresses = [server.url("nothing.pb"), "http://127.0.0.1:9/model.pb", "ftp://example.org/model.pb"]
    with pytest.raises(Problem) as problem:
        downloads.fetch(addresses, target, None, None, lambda _: None)
    told = str(problem.value)
    assert "404" in told and "no connection" in told and "only http and https" in told
    assert "goes on where it stopped" in told


@pytest.mark.parametrize(
    "address", ["", "model.pb", "http://127.0.0.1:9/a b", "http://[", "file:///etc/hostname"]
)
def test_that_what_is_no_address_is_refused_at_once(target, address):
    with pytest.raises(downloads.Refused):
        downloads.fetch([address], target, None, None, lambda _: None)
    assert not target.exists()


def test_that_redirections_are_followed_within_the_web_only(server, target, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    server.tricks["a"] = [serving.lead_to(server.url("model.pb"))]
    assert fetch(server, target, path="a").sha256 == HASH
    for elsewhere in (secret.as_uri(), "ftp://example.org/x", "data:text/plain,x", "gopher://x"):
        server.tricks["a"] = [serving.lead_to(elsewhere)]
        with pytest.raises(downloads.Refused):
            fetch(server, target, path="a")
    server.always["a"] = serving.lead_to(server.url("a"))
    with pytest.raises(downloads.Refused):
        fetch(server, target, path="a")
    assert is_whole(target)


def test_that_encryption_is_not_given_up_on_the_way():
    import urllib.error
    import urllib.request

    request = urllib.request.Request("https://example.org/x")
    with pytest.raises(urllib.error.URLError, match="not followed"):
        web._Redirections().redirect_request(request, None, 302, "", None, "http://example.org/x")


def test_that_the_proxy_of_the_environment_is_used(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    downloads.fetch(["http://models.example/model.pb"], target, HASH, None, lambda _: None)
    assert is_whole(target)


def test_that_cancelling_keeps_what_came(server, target):
    def cancel(progress: Progress) -> None:
        if progress.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(server, target, report=cancel)
    kept = target.with_name(".model.pb.part").stat().st_size
    assert kept >= 1_000_000 and not target.exists()
    fetch(server, target)
    assert is_whole(target) and server.ranges("model.pb") == ["", f"bytes={kept}-"]


def test_that_a_wait_can_be_cancelled(server, target):
    server.always["model.pb"] = serving.status(503, Retry_After="3000")

    def cancel(progress: Progress) -> None:
        if "waiting" in progress.note:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(server, target, report=cancel)


def test_that_a_disk_without_room_is_noticed_before(server, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(Problem, match=r"needs 3 MB more on the disk of .*; there are 1"):
        fetch(server, target)
    assert not any(target.parent.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device on this system")
def test_that_a_full_disk_is_a_sentence(server, target):
    target.parent.mkdir()
    target.with_name(".model.pb.part").symlink_to("/dev/full")
    server.always["model.pb"] = serving.ignore_ranges
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(Problem, match="is full"):
            fetch(server, target)


def test_that_small_files_can_be_read_at_once(server):
    server.files["list.csv"] = b"name\n"
    assert downloads.read(server.url("list.csv"), lambda _: None) == b"name\n"
