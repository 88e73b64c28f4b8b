"""The file on a disk: read, and watched however editors and Kubernetes change it."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.config.watcher import Watcher, load_file
from tests.support.wire import wait_until

NEVER = 3600.0
"""A poll that does not come: what is noticed was reported by the system."""


class Seen:
    """Counts the changes of a watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self.count = 0
        self._watcher = watcher
        self._more = asyncio.Condition()

    async def run(self) -> None:
        async for _ in self._watcher.changes():
            async with self._more:
                self.count += 1
                self._more.notify_all()

    async def reach(self, count: int) -> None:
        """Wait until so many changes were reported; a test that waits in vain fails by its timeout."""
        async with asyncio.timeout(60), self._more:
            await self._more.wait_for(lambda: self.count >= count)


def is_watched(folder: Path) -> bool:
    """Whether this process has an inotify watch on the folder (proc_pid_fdinfo(5)): a thread sets it up."""
    watch = re.compile(rf"^inotify wd:.* ino:{folder.stat().st_ino:x} ", re.MULTILINE)
    for file in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if watch.search(file.read_text()):
                return True
    return False


@asynccontextmanager
async def watching(
    path: Path, poll: float = NEVER, settle: float = 0.02
) -> AsyncIterator[tuple[Watcher, Seen]]:
    watcher = Watcher(path, poll, settle)
    seen = Seen(watcher)
    task = asyncio.create_task(seen.run())
    if path.parent.exists():
        await asyncio.to_thread(wait_until, lambda: is_watched(path.parent))
    try:
        yield watcher, seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_place(path: Path) -> None:
    path.write_text("new")


def renamed_over(path: Path) -> None:
    other = path.with_name(".routes.yaml.swp")
    other.write_text("new")
    other.rename(path)


def deleted_and_made_again(path: Path) -> None:
    path.unlink()
    path.write_text("new")


def replaced_by_a_link(path: Path) -> None:
    other = path.parent / "elsewhere.yaml"
    other.write_text("new")
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize("change", [in_place, renamed_over, deleted_and_made_again, replaced_by_a_link])
async def test_every_way_of_saving_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    async with watching(path) as (_, seen):
        change(path)
        await seen.reach(1)


async def test_a_config_maps_swap_is_seen_each_time(tmp_path: Path) -> None:
    def publish(text: str) -> None:
        folder = tmp_path / f"..{text}"
        folder.mkdir()
        (folder / "routes.yaml").write_text(text)
        link = tmp_path / "..data_tmp"
        link.symlink_to(folder.name)
        link.rename(tmp_path / "..data")

    publish("first")
    (tmp_path / "routes.yaml").symlink_to("..data/routes.yaml")
    async with watching(tmp_path / "routes.yaml") as (_, seen):
        publish("second")
        await seen.reach(1)
        publish("third")
        await seen.reach(2)


async def test_content_counts_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("same")
    async with watching(path) as (_, seen):
        os.utime(path)
        path.write_text("same")
        (tmp_path / "other.yaml").write_text("noise")
        await asyncio.sleep(0.5)
        assert seen.count == 0
        path.write_text("different")
        await seen.reach(1)
        assert seen.count == 1


async def test_polling_sees_what_the_system_does_not_report(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "routes.yaml").write_text("old")
    link = tmp_path / "routes.yaml"
    link.symlink_to(real / "routes.yaml")
    async with watching(link, poll=0.05) as (_, seen):
        (real / "routes.yaml").write_text("new")
        await seen.reach(1)


async def test_a_change_of_a_file_that_is_followed_is_seen(tmp_path: Path) -> None:
    path, key, former = (tmp_path / name for name in ("routes.yaml", "key.pem", "former.pem"))
    for file in (path, key, former):
        file.write_text("old")
    async with watching(path, poll=0.05) as (watcher, seen):
        watcher.follow([str(former)])
        watcher.follow([str(key)])
        former.write_text("new")
        key.write_text("new")
        await seen.reach(1)
        key.unlink()
        await seen.reach(2)
        former.unlink()
        await asyncio.sleep(0.5)
        assert seen.count == 2


async def test_a_poke_reports_whatever_the_content(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("same")
    async with watching(path) as (watcher, seen):
        watcher.poke()
        await seen.reach(1)
        watcher.poke()
        await seen.reach(2)


async def test_a_file_that_goes_and_comes_back_is_two_changes(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    async with watching(path) as (_, seen):
        path.unlink()
        await seen.reach(1)
        path.write_text("old")
        await seen.reach(2)


async def test_a_file_that_is_gone_for_a_moment_only_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    async with watching(path, settle=1.5) as (_, seen):
        path.unlink()
        await asyncio.sleep(0.3)
        path.write_text("old")
        await asyncio.sleep(2)
        assert seen.count == 0


async def test_what_changed_before_anybody_listened_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    watcher = Watcher(path, NEVER, 0.02)
    path.write_text("new")
    changes = watcher.changes()
    async with asyncio.timeout(60):
        await anext(changes)
    await changes.aclose()


async def test_half_a_file_is_not_a_change(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    async with watching(path, settle=1) as (_, seen):
        with path.open("w") as file:
            for part in ("version: 1\n", "backends: {}\n", "routes: []\n"):
                file.write(part)
                file.flush()
                await asyncio.sleep(0.05)
        await seen.reach(1)
        assert path.read_text().endswith("routes: []\n")
        await asyncio.sleep(0.3)
        assert seen.count == 1


async def test_a_file_written_without_pause_is_taken_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("old")

    async def scribble() -> None:
        for number in range(10_000):
            path.write_text(str(number))
            await asyncio.sleep(0.005)

    async with watching(path, settle=0.01) as (_, seen):
        task = asyncio.create_task(scribble())
        await seen.reach(1)
        task.cancel()


async def test_a_folder_that_is_not_there_is_polled(tmp_path: Path) -> None:
    path = tmp_path / "later" / "routes.yaml"
    async with watching(path, poll=0.05) as (_, seen):
        path.parent.mkdir()
        path.write_text("new")
        await seen.reach(1)


def test_a_missing_file_and_a_folder_are_errors_with_the_name_as_given(tmp_path: Path) -> None:
    missing, folder = load_file(tmp_path / "no.yaml", {}), load_file(tmp_path, {})
    assert [str(error) for error in (*missing.errors, *folder.errors)] == [
        f"{tmp_path}/no.yaml:1:1: cannot be read: No such file or directory",
        f"{tmp_path}:1:1: cannot be read: Is a directory",
    ]


def test_a_file_is_loaded_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("version: 1\nbackends: {legacy: {url: '${URL}'}}\n")
    assert load_file(path, {"URL": "http://a:1"}).snapshot is not None
    assert str(load_file(path, {}).errors[0]).startswith(f"{path}:2:")


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert [str(error) for error in load_file(path, {}).errors] == [
        f"{path}:1:1: the file is larger than 16 MiB"
    ]
