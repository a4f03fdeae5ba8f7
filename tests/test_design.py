"""The rules of the house that a machine can check, beyond style, types and layers."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        return [
            path for folder in ("camtrap_gui", "packaging", "tests") for path in (ROOT / folder).rglob("*.py")
        ]
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_that_no_file_names_a_package_registry_host():
    hosts = re.compile("py" + r"pi\.org|python" + r"hosted|registry\.npm" + "js")
    for path in tracked():
        if path.suffix in {".py", ".toml", ".txt", ".md", ".sh", ".yml"}:
            assert not hosts.search(path.read_text(encoding="utf-8")), path


def test_that_every_module_says_what_it_is_for():
    for path in (ROOT / "camtrap_gui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not text.strip() or text.startswith('"""'), path


def test_that_all_versions_are_pinned_without_addresses():
    for line in (ROOT / "packaging" / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9._-]+==[0-9][\w.]*( ; .+)?", line), line
