"""Root, ordinary users, spaces, deep and closed folders: where PostgreSQL goes, and that nothing of others changes."""

import os
import pwd
import shutil
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ytempire.cli.embedded import accounts, binaries, placement
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.testing import embedded_servers, running_postgres, temporary_var

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can pass through, unlike pytest's own when root runs it."""
    with temporary_var("folder") as folder:
        yield folder


def modes_of_parents(path: Path) -> dict[Path, tuple[int, int]]:
    return {parent: (parent.stat().st_mode, parent.stat().st_uid) for parent in path.parents}


def in_other_process_as(uid: int, work: Callable[[], None]) -> str:
    """Run `work` as user `uid` in a fork of this process; returns its stack trace, empty when all went well."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            work()
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        text = output.read().decode()
    os.waitpid(pid, 0)
    return text


def use_servers(var: Path) -> None:
    with embedded_servers(var) as servers:
        database = servers.service_database("billing")
        with servers.postgres.connect(database.name) as connection:
            connection.execute("create table t (id int)")


def test_a_path_with_a_space_and_quotes(open_folder: Path) -> None:
    var = open_folder / 'it\'s my "var" folder'
    var.mkdir()
    before = modes_of_parents(var)
    use_servers(var)
    use_servers(var)
    assert modes_of_parents(var) == before
    assert stat.S_IMODE((var / "secrets").stat().st_mode) == 0o700


def test_an_ordinary_user_in_a_path_with_a_space(open_folder: Path, pg_server: PostgresServer) -> None:
    uid = pwd.getpwnam("nobody").pw_uid if IS_ROOT else os.geteuid()
    var = open_folder / "some user" / "var"
    var.mkdir(parents=True)
    os.chown(var, uid, -1)
    before = modes_of_parents(var)
    if IS_ROOT:
        assert in_other_process_as(uid, lambda: use_servers(var)) == ""
    else:
        use_servers(var)
    assert modes_of_parents(var) == before
    data = var / "postgres" / "server" / "data"
    assert (data.stat().st_uid, stat.S_IMODE(data.stat().st_mode)) == (uid, 0o700)


@pytest.mark.parametrize("name", ["d" * 120, "one, two"])
def test_a_folder_no_socket_address_can_name(open_folder: Path, name: str) -> None:
    var = open_folder / name / "var"
    var.mkdir(parents=True)
    with running_postgres(var, var / "secrets") as server:
        socket_dir = server.placement.socket_dir
        assert socket_dir.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        assert str(socket_dir) in " ".join(server.placement.notes)
    assert not socket_dir.exists()


def test_root_behind_a_closed_folder_changes_no_mode(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = open_folder / "system"
    monkeypatch.setattr(placement, "SYSTEM_FOLDER", system)
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    var = closed / "var"
    var.mkdir()
    before = modes_of_parents(var)
    with running_postgres(var, var / "secrets") as server:
        home, account = server.placement.home, server.placement.run_as
        if IS_ROOT:
            assert account is not None
            assert account.uid != 0
            assert home.parent == system
            assert str(home) in " ".join(server.placement.notes)
        else:
            assert (home, account) == (var / "postgres" / "server", None)
    with running_postgres(var, var / "secrets") as server:
        assert server.placement.home == home
    assert modes_of_parents(var) == before
    assert placement.abandoned_folders() == []
    shutil.rmtree(var)
    assert placement.abandoned_folders() == ([home] if IS_ROOT else [])


def test_the_copied_programs_work_without_the_originals_libraries(open_folder: Path) -> None:
    install = binaries.copy_postgres(open_folder)
    assert binaries.copy_postgres(open_folder) == install
    account = accounts.unprivileged_account() if IS_ROOT else None
    if account is not None:
        assert accounts.can_execute(account, install / "bin" / "initdb")
    assert os.system(f"{install}/bin/initdb --version > /dev/null") == 0
    assert not list(open_folder.glob(".copy-*"))
    assert not list(open_folder.rglob("*.a"))


def test_an_interrupted_initdb_leaves_nothing_behind(open_folder: Path) -> None:
    place = placement.place(open_folder)
    unfinished = place.home / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with running_postgres(open_folder, open_folder / "secrets") as server:
        assert not unfinished.exists()
        assert (server.placement.data / "PG_VERSION").exists()
        assert not list(server.placement.home.glob(".pw-*"))


def test_a_server_left_by_a_killed_supervisor_is_ended_first(open_folder: Path) -> None:
    with running_postgres(open_folder, open_folder / "secrets") as first:
        pid = int((first.placement.data / "postmaster.pid").read_text().split("\n")[0])
        with running_postgres(open_folder, open_folder / "secrets") as second:
            now = int((second.placement.data / "postmaster.pid").read_text().split("\n")[0])
            assert now != pid
            assert second.unready_reason() is None
