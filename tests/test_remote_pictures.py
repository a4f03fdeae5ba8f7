"""Pictures that lie elsewhere: addresses, fetching with patience, and what is said when it cannot be."""

import io
import re
import threading
from pathlib import Path, PureWindowsPath

import pytest
from PIL import Image

from camtrap_gui import cli, cli_copies, paths, pictures, remote_patience, remote_pictures, settings
from camtrap_gui.formats import picture_folder
from camtrap_gui.picture_cache import Cache
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project
from camtrap_gui.remote_patience import Gone, Unfetched
from camtrap_gui.sharing import targets
from tests import serving
from tests.serving import Served

pytestmark = pytest.mark.usefixtures("copies")


def jpeg(width: int = 64, height: int = 48, noise: bool = False, orientation: int = 1) -> bytes:
    picture = (
        Image.effect_noise((width, height), 90).convert("RGB")
        if noise
        else Image.new("RGB", (width, height), "green")
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x0132] = "2021:03:04 05:06:07"
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=95, exif=exif)
    return data.getvalue()


@pytest.mark.parametrize(
    "address",
    [
        "https://host/a/b",
        "http://127.0.0.1:80/x",
        "s3://bucket/a",
        "gs://b",
        "az://c/d e",
        "memory://x",
        "file:///tmp/x",
    ],
)
def test_that_an_address_survives_being_a_path(address: str) -> None:
    path = Path(address)
    assert remote_pictures.is_elsewhere(path)
    assert remote_pictures.shown(path) == address
    assert remote_pictures.shown(path / "S1/pic.jpg") == f"{address}/S1/pic.jpg"
    assert Path(str(path)) == path
    assert remote_pictures.place(path) == path


def test_that_an_address_survives_being_a_path_of_windows() -> None:
    path = PureWindowsPath("https://host/a b") / "S1/pic.jpg"
    assert remote_pictures.is_elsewhere(str(path))
    assert remote_pictures.shown(path) == "https://host/a b/S1/pic.jpg"  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/data/x", "data", "C:/x", "c:\\x", "./https:x", "ftp://x/y", ""])
def test_that_paths_of_this_computer_are_no_addresses(path: str) -> None:
    assert not remote_pictures.is_elsewhere(Path(path))
    assert remote_pictures.shown(Path(path)) == str(Path(path))


def test_that_secrets_in_an_address_are_refused() -> None:
    for address in ("https://me:secret@host/x", "https://store/x?sig=secret"):
        with pytest.raises(Problem, match="kept in the project") as refused:
            remote_pictures.place(Path(address))
        assert "secret" not in str(refused.value)


def test_that_names_with_odd_characters_are_asked_for_as_they_are(served: Served) -> None:
    for name in ("a b#1.jpg", "100%.jpg", "ä?.jpg", "x%20y.jpg"):
        served.files[f"my survey/{name}"] = name.encode()
        place = remote_pictures.place(Path(served.url("my%20survey")))
        assert remote_pictures.read(place / name) == name.encode()


def test_that_a_picture_is_fetched_once_however_many_want_it(served: Served) -> None:
    served.files["a.jpg"] = jpeg()
    path = Path(served.url("a.jpg"))
    threads = [threading.Thread(target=pictures.read_upright, args=(path,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pictures.read_upright(path).size == (64, 48)
    assert served.ranges("a.jpg") == [""]


def test_that_of_a_large_picture_only_the_beginning_is_fetched_for_its_header(served: Served) -> None:
    served.files["a.jpg"] = jpeg(1600, 1200, noise=True, orientation=6)
    assert len(served.files["a.jpg"]) > 2 * pictures._HEADER_BYTES
    path = Path(served.url("a.jpg"))
    header = pictures.read_header(path)
    assert (header.width, header.height) == (1200, 1600)
    assert header.taken is not None and header.taken.isoformat() == "2021-03-04T05:06:07"
    assert remote_pictures.cache.size() == (0, 0)
    assert pictures.read_upright(path).size == (1200, 1600)
    assert pictures.read_header(path) == header, "also from the copy"


def test_that_a_small_picture_that_is_cut_off_is_seen_at_once(served: Served) -> None:
    served.files["a.jpg"] = jpeg(200, 200, noise=True)[:-400]
    for _ in range(2):
        with pytest.raises(pictures.Unreadable, match="truncated"):
            pictures.read_header(Path(served.url("a.jpg")))
    assert served.ranges("a.jpg") == [""], "all of it came at once"


@pytest.mark.parametrize(
    "trick", [serving.hang_up, serving.cut(100), serving.status(503), serving.status(429, Retry_After="0")]
)
def test_that_a_server_that_stumbles_is_asked_again(served: Served, trick: serving.Misbehave) -> None:
    served.files["a.jpg"] = jpeg()
    served.tricks["a.jpg"] = [trick, trick]
    assert pictures.read_upright(Path(served.url("a.jpg"))).size == (64, 48)


@pytest.mark.parametrize(
    ("trick", "reason"),
    [
        (serving.status(403), "cannot be fetched: the server answers 403"),
        (serving.status(500), "cannot be fetched: the server answers 500"),
        (serving.cut(100), "cannot be fetched: the connection broke"),
        (serving.page, "cannot be fetched: a web page came in its place"),
        (serving.status(404), "missing"),
    ],
)
def test_that_a_picture_that_cannot_be_fetched_has_a_reason_and_no_copy(
    served: Served, trick: serving.Misbehave, reason: str
) -> None:
    served.files["a.jpg"] = jpeg()
    served.always["a.jpg"] = trick
    for read in (pictures.read_upright, pictures.read_header, pictures.local_file):
        with pytest.raises(pictures.Unreadable, match=reason):
            read(Path(served.url("a.jpg")))
    assert remote_pictures.cache.size() == (0, 0)


def test_that_a_server_that_gives_nothing_any_more_is_given_up(served: Served) -> None:
    served.files["good.jpg"] = jpeg()
    for number in range(60):
        served.always[f"{number}.jpg"] = serving.status(403)
    for number in [*range(remote_patience.FAILURES - 1), *range(5)]:  # the same ones once more are no more
        with pytest.raises(Unfetched):
            remote_pictures.read(Path(served.url(f"{number}.jpg")))
    remote_pictures.read(Path(served.url("good.jpg")))
    for number in range(20, 20 + remote_patience.FAILURES - 1):
        with pytest.raises(Unfetched):
            remote_pictures.read(Path(served.url(f"{number}.jpg")))
    with pytest.raises(Gone, match="403"):
        remote_pictures.read(Path(served.url("59.jpg")))


def test_that_missing_pictures_never_make_a_server_count_as_gone(served: Served) -> None:
    for number in range(2 * remote_patience.FAILURES):
        with pytest.raises(FileNotFoundError):
            remote_pictures.read(Path(served.url(f"{number}.jpg")))


def test_that_a_host_that_cannot_be_reached_is_told_at_once() -> None:
    with serving.serving() as server:
        address = server.url("a.jpg")
    with pytest.raises(Gone, match=r"http://127\.0\.0\.1:\d+ cannot be read"):
        pictures.read_upright(Path(address))


def test_that_what_cannot_be_copied_is_read_all_the_same(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_bytes(b"a file where the folder should be")
    monkeypatch.setattr(remote_pictures, "cache", Cache(tmp_path / "taken"))
    served.files["a.jpg"] = jpeg()
    assert pictures.read_upright(Path(served.url("a.jpg"))).size == (64, 48)
    with pytest.raises(Problem, match="Make room"):
        remote_pictures.local(Path(served.url("a.jpg")))


def test_that_pictures_are_fetched_ahead_in_order_and_no_further(served: Served) -> None:
    names = [f"{number}.jpg" for number in range(60)]
    served.files.update(dict.fromkeys(names, jpeg()))
    places = [Path(served.url(name)) for name in names]
    ahead = remote_pictures.fetched_ahead(places, lambda path: path)
    assert [next(ahead) for _ in range(5)] == places[:5]
    ahead.close()
    assert 5 <= len(served.asked) <= 5 + 3 * remote_pictures.THREADS
    assert list(remote_pictures.fetched_ahead(places, lambda path: path)) == places
    assert sorted({name for name, _ in served.asked}) == sorted(names)


def test_that_nothing_happens_ahead_while_pictures_are_here(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(10)]
    asked: list[Path] = []

    def path_of(path: Path) -> Path:
        asked.append(path)
        return path

    ahead = remote_pictures.fetched_ahead(paths, path_of)
    next(ahead)
    assert asked == paths[:1]
    assert list(ahead) == paths[1:]


def test_that_web_servers_are_said_not_to_list(served: Served) -> None:
    with pytest.raises(Problem, match="do not list their files"):
        list(picture_folder.walk(Path(served.url("survey"))))


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_that_folders_elsewhere_are_walked_like_those_here(scheme: str, tmp_path: Path) -> None:
    import fsspec

    names = [
        "B/2.jpg",
        "B/1.JPG",
        "A/x/3.png",
        "A/notes.txt",
        "A/.hidden.jpg",
        ".trash/4.jpg",
        "P/project.sqlite",
        "P/5.jpg",
        "0.jpg",
    ]
    for name in names:
        (tmp_path / "here" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / name).write_bytes(b"x")
    here = tmp_path / "here"
    place = Path(f"file://{here}")
    if scheme == "memory":
        store = fsspec.filesystem("memory")
        for name in names:
            store.pipe(f"memory://walked/{name}", b"x")
        place = Path("memory://walked")
    assert list(picture_folder.walk(place)) == list(picture_folder.walk(here))
    assert [found.path for found in picture_folder.walk(place)] == [
        "0.jpg",
        "A/x/3.png",
        "B/1.JPG",
        "B/2.jpg",
    ]
    assert picture_folder.usual_rule(place).text == picture_folder.usual_rule(here).text == "{location}"


def test_that_a_missing_package_is_told_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import fsspec

    def missing(kind: str, **_: object) -> None:
        raise ImportError(f"Install {kind}fs")

    monkeypatch.setattr(fsspec, "filesystem", missing)
    with pytest.raises(Problem, match=r"pip install 'camtrap-gui\[clouds\]'"):
        remote_pictures.read(Path("s3://bucket/a.jpg"))


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("EndpointConnectionError", Gone),
        ("NoCredentialsError", Gone),
        ("PermissionError", Unfetched),
        ("ClientError", Unfetched),
        ("FileNotFoundError", FileNotFoundError),
    ],
)
def test_that_errors_of_the_clouds_packages_are_told_apart(
    name: str, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    import fsspec

    error = getattr(builtins, name, None) or type(f"Special{name}", (type(name, (Exception,), {}),), {})
    asked = []

    class Store:
        def cat_file(self, address: str, **_: int) -> bytes:
            asked.append(address)
            raise error("as they say it")

    monkeypatch.setattr(fsspec, "filesystem", lambda *_, **__: Store())
    with pytest.raises(raised):
        remote_pictures.read(Path("s3://bucket/a b.jpg"))
    assert asked == ["s3://bucket/a b.jpg"], "the packages try again by themselves"


def test_that_copies_are_shown_bounded_and_cleared_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "_file", lambda: tmp_path / "settings.toml")
    monkeypatch.setattr(paths, "cache", lambda: tmp_path / "cache")
    copies = Cache()
    copies.keep("s3://bucket/a.jpg", bytes(950_000_000 // 100))
    assert cli.run(["copies", "limit", "1"]) == 0
    assert re.fullmatch(
        r"Copies of 1 picture that lie elsewhere take 10 MB in .*, of 1 GB they may\.\n",
        capsys.readouterr().out,
    )
    assert copies.most == 1_000_000_000
    assert cli.run(["copies", "limit", "0"]) == 2
    assert cli.run(["copies", "clear"]) == 0
    assert copies.size() == (0, 0)
    full = cli_copies.Kept(tmp_path, 3000, 960_000_000, 1_000_000_000)
    assert "That is full" in full.text() and "3,000 pictures" in full.text()


def test_that_files_are_never_written_to_an_address(project: Project) -> None:
    with pytest.raises(Problem, match="only written on this computer"):
        targets.check(project, Path("s3://bucket/out"))
