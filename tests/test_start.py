"""Before anything runs: every reason not to start is one sentence, and nothing half-bound is left."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from proxy.config.addresses import Address
from proxy.routes_file import Overrides, Reader, findings
from proxy.start import Parts, StartError, bound_parts, first_snapshot
from tests.support.config import HEAD, snapshot
from tests.support.processes import descriptors

FREE = "server: {listen: 127.0.0.1:0, workers: 2, access_log: 'off'}\ncontrol: {listen: 127.0.0.1:0}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(HEAD + FREE)
    return path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def reader(path: Path, overrides: Overrides | None = None) -> Reader:
    return Reader(path, overrides or Overrides())


def at_once(path: Path, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def refusal(path: Path) -> str:
    with pytest.raises(StartError) as error:
        first_snapshot(reader(path))
    return str(error.value)


# -- the file


def test_the_first_snapshot_is_version_one(file: Path) -> None:
    assert first_snapshot(reader(file)).version == 1


def test_every_error_of_the_file_is_a_line(file: Path) -> None:
    file.write_text(HEAD + "servr: {}\ndefaults: {legacy: legasy}\n")
    lines = refusal(file).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{file}:") for line in lines)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path / "nothing.yaml")
    assert "nothing.yaml" in said
    assert "\n" not in said


def test_the_command_line_overrules_the_file(file: Path) -> None:
    overrides = Overrides(
        listen=Address("127.0.0.1", 81),
        control_listen=Address("127.0.0.1", 82),
        workers=7,
        ledger="sqlite:///other.db",
        redis="redis://cache",
        debug_headers=True,
    )
    config = first_snapshot(reader(file, overrides)).config
    assert (str(config.server.listen), str(config.control.listen)) == ("127.0.0.1:81", "127.0.0.1:82")
    assert (config.server.workers, config.server.debug_headers) == (7, True)
    assert (config.ledger, config.redis) == ("sqlite:///other.db", "redis://cache")
    plain = first_snapshot(reader(file)).config
    assert (plain.server.workers, plain.server.debug_headers, plain.redis) == (2, False, None)


async def test_a_poke_reads_the_file_again(file: Path) -> None:
    reading = reader(file)
    changes = reading.changes()
    following = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    text = HEAD + FREE + "routes:\n  - {id: new, match: {path: /new}}\n"
    await asyncio.to_thread(at_once, file, text)
    reading.poke()
    loaded = await asyncio.wait_for(following, 60)
    assert loaded.snapshot is not None
    assert set(loaded.snapshot.routes) == {"new"}
    await changes.aclose()  # type: ignore[attr-defined]  # an async generator


# -- files that the file names


CA = '  secure: {{url: "https://127.0.0.1:1", tls: {{ca: {file}}}}}\n'
NO_LOG = "server: {{access_log: 'off'}}\n"
TLS = "server: {{tls: {{cert: {file}, key: {file}}}, access_log: 'off'}}\n"
NOT_THERE, JUNK = (
    "cannot be opened: No such file or directory",
    "no certificate and key in PEM, or not of one another",
)


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        (TLS, "missing", f"5:22: server.tls.cert: {NOT_THERE}"),
        (TLS, "junk", f"5:15: server.tls: {JUNK}"),
        ("server: {{access_log: {file}/log}}\n", "missing", f"5:22: server.access_log: {NOT_THERE}"),
        (CA + NO_LOG, "missing", f"5:50: backends.secure.tls.ca: {NOT_THERE}"),
        (CA + NO_LOG, "junk", f"5:45: backends.secure.tls: {JUNK}"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_place_and_key(
    tmp_path: Path, text: str, file: str, said: str
) -> None:
    (tmp_path / "junk").write_text("junk")
    path = tmp_path / "routes.yaml"
    path.write_text(HEAD + text.format(file=tmp_path / file))
    assert refusal(path) == f"{path}:{said}"


def test_good_certificates_and_a_log_that_can_be_written_are_no_obstacle(tmp_path: Path) -> None:
    authority = trustme.CA()
    both = authority.issue_cert("localhost").private_key_and_cert_chain_pem
    both.write_to_path(str(tmp_path / "both.pem"))
    log = tmp_path / "access.log"
    path = tmp_path / "routes.yaml"
    tls = f"{{cert: {tmp_path}/both.pem, key: {tmp_path}/both.pem}}"
    path.write_text(HEAD + f"server: {{tls: {tls}, access_log: {log}}}\n")
    before = descriptors(os.getpid())
    first_snapshot(reader(path))
    assert descriptors(os.getpid()) <= before  # what else runs here may close some meanwhile
    assert log.exists()


def test_what_holds_from_a_start_to_the_next_stays_and_is_warned_of(file: Path) -> None:
    reading = reader(file)
    first = first_snapshot(reading)
    file.write_text(HEAD + FREE.replace("workers: 2", "workers: 3") + "ledger: sqlite:///elsewhere.db\n")
    again = reading.read()
    assert again.snapshot is not None
    assert again.snapshot.config == first.config
    later = "warning: changed since the start, and takes effect at the next one"
    assert list(map(str, again.warnings)) == [
        f"{file}:5:40: server.workers: {later}",
        f"{file}:7:9: ledger: {later}",
    ]


def test_a_file_that_waits_for_the_next_start_need_not_be_there_before(file: Path) -> None:
    reading = reader(file)
    first = first_snapshot(reading)
    file.write_text(HEAD + FREE.replace("'off'", "/nowhere/access.log"))
    again = reading.read()
    assert again.snapshot is not None and again.snapshot.config == first.config
    assert [warning.path for warning in again.warnings] == ["server.access_log"]


def test_a_file_that_cannot_be_used_hides_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(HEAD + NO_LOG.format() + "routes: [{id: a, match: {path: /a}, weight: 5}]\n")
    good = reader(path).read()
    [warning] = good.warnings
    assert list(findings(good)) == [f"  {warning}"]
    path.write_text(path.read_text().replace("'off'", f"{tmp_path}/missing/log"))
    refused = reader(path).read()
    [error] = refused.errors
    told = ["routes.yaml is not valid; the last good one stays in force:", f"  {error}", f"  {warning}"]
    assert list(findings(refused)) == told


def test_what_the_command_line_says_is_no_change(file: Path) -> None:
    reading = reader(file, Overrides(workers=5))
    first_snapshot(reading)
    file.write_text(HEAD + FREE.replace("workers: 2", "workers: 3"))
    assert reading.read().warnings == ()


def test_warnings_are_told_at_the_start(file: Path) -> None:
    told: list[str] = []
    file.write_text(HEAD + FREE + "routes: [{id: a, match: {path: /a}, weight: 5}]\n")
    first_snapshot(reader(file), told.append)
    assert [line.partition("warning: ")[1] for line in told] == ["warning: "]


# -- the sockets


def closed(parts: Parts) -> None:
    for listener in (parts.listener, parts.control, parts.status):
        if listener is not None:
            listener.close()


def test_what_is_bound_is_what_runs(file: Path) -> None:
    config = first_snapshot(reader(file)).config
    whole = bound_parts(config, with_control=True)
    alone = bound_parts(config, with_control=False)
    assert whole.workers == 2
    assert whole.control is not None
    assert whole.status is None
    assert (alone.control, alone.status) == (None, None)
    assert f"clients: http://127.0.0.1:{whole.listener.getsockname()[1]}" in whole.greeting
    assert f"control: http://127.0.0.1:{whole.control.getsockname()[1]}" in whole.greeting
    assert "2 worker(s)" in whole.greeting
    assert "control" not in alone.greeting
    closed(whole)
    closed(alone)


def test_with_tls_the_greeting_says_https(file: Path) -> None:
    tls = "server: {listen: 127.0.0.1:0, tls: {cert: c, key: k}}\n"
    parts = bound_parts(snapshot(tls).config, with_control=False)
    assert "clients: https://127.0.0.1:" in parts.greeting
    closed(parts)


def test_the_data_plane_alone_answers_health_checks_where_it_is_told() -> None:
    text = "server: {listen: 127.0.0.1:0, status: 127.0.0.1:0, workers: auto}\n"
    parts = bound_parts(snapshot(text).config, with_control=False)
    assert parts.status is not None
    assert parts.workers == os.cpu_count()
    assert f"status: http://127.0.0.1:{parts.status.getsockname()[1]}" in parts.greeting
    closed(parts)


@pytest.mark.parametrize(
    ("text", "what", "with_control"),
    [
        ("server: {{listen: 127.0.0.1:{port}}}\n", "clients", True),
        (
            "server: {{listen: 127.0.0.1:0}}\ncontrol: {{listen: 127.0.0.1:{port}}}\n",
            "the control plane",
            True,
        ),
        ("server: {{listen: 127.0.0.1:0, status: 127.0.0.1:{port}}}\n", "health checks", False),
    ],
)
def test_an_address_in_use_is_named_and_nothing_stays_bound(
    taken: int, text: str, what: str, with_control: bool
) -> None:
    before = descriptors(os.getpid())
    with pytest.raises(StartError) as error:
        bound_parts(snapshot(text.format(port=taken)).config, with_control)
    assert str(error.value) == f"cannot listen on 127.0.0.1:{taken} for {what}: Address already in use"
    error.value.__traceback__ = None
    assert descriptors(os.getpid()) <= before


def test_an_address_that_is_not_this_machines_is_named() -> None:
    with pytest.raises(StartError, match=r"cannot listen on 192\.0\.2\.1:1 for clients: Cannot assign"):
        bound_parts(snapshot("server: {listen: 192.0.2.1:1}\n").config, with_control=True)


def test_ipv6() -> None:
    parts = bound_parts(snapshot('server: {listen: "[::1]:0"}\n').config, with_control=False)
    assert parts.listener.family is socket.AF_INET6
    assert "http://[::1]:" in parts.greeting
    closed(parts)
