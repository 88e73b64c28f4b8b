"""Compiled modules stand in for their source only while they were made of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from proxy import native


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the folder of what was compiled."""
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    monkeypatch.setattr(native, "STAMP", tmp_path / "made-of")
    return tmp_path


def test_every_module_that_is_compiled_exists() -> None:
    assert all(native.source(module).is_file() for module in native.MODULES)


def test_nothing_is_ready_until_it_was_compiled_from_this_source(folder: Path) -> None:
    assert not native.ready()
    native.STAMP.write_text(native.fingerprint())
    assert native.ready()
    native.STAMP.write_text("of other source")
    assert not native.ready()


def test_the_fingerprint_changes_with_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = native.fingerprint()
    for module in native.MODULES:
        copy = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(native.source(module).read_bytes())
    monkeypatch.setattr(native, "ROOT", tmp_path)
    assert native.fingerprint() == before
    with native.source(native.MODULES[-1]).open("a") as file:
        file.write("\n")
    assert native.fingerprint() != before


def test_what_is_compiled_is_found_in_place_of_its_source(folder: Path) -> None:
    compiled = folder / "proxy" / "http1" / "request.py"  # any module there will do
    compiled.parent.mkdir(parents=True)
    compiled.write_text("")
    found = native.Finder().find_spec("proxy.http1.request", None)
    assert found is not None
    assert found.origin == str(compiled)
    assert native.Finder().find_spec("proxy.http1.errors", None) is None


def test_a_process_that_did_not_ask_for_it_is_interpreted() -> None:
    program = "import proxy.http1.request as module; print(module.__file__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(native.source("proxy.http1.request"))


def test_a_module_is_run_with_the_arguments_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "greeter.py"
    module.write_text("import sys\ndef main():\n    print(*sys.argv[1:])\n    return 3")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ran = subprocess.run([*native.command("greeter"), "7", "8"], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("7 8\n", 3)


def test_importing_it_imports_nothing_that_could_be_compiled() -> None:
    program = "import sys; from proxy import native; print(*set(native.MODULES) & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
