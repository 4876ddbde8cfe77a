"""Where the course keeps files, and how: whole, beside each other, and wherever it can."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rnn_course import storage
from rnn_course.storage import FOLDER_VARIABLE, cache_folder, cache_folders, write_whole


@pytest.fixture
def temporary(tmp_path, monkeypatch, caplog):
    """The folder for temporary files is one of the test's own, and nothing has been logged yet."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(storage, "_told", set())
    caplog.set_level("INFO")
    return tmp_path / "temporary" / f"rnn_course-{os.getuid()}"


def dead():
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


# --- where -----------------------------------------------------------------------------------


def test_the_cache_is_the_users_folder_unless_told_otherwise(tmp_path, monkeypatch, temporary):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args: str(tmp_path / "user"))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert cache_folders() == [tmp_path / "user", temporary]
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    assert cache_folders()[0] == tmp_path / "user"
    monkeypatch.setenv(FOLDER_VARIABLE, "~/here")
    assert cache_folders()[0] == Path.home() / "here"
    assert not (tmp_path / "user").exists(), "asking makes none"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "deep" / "inside"))
    assert cache_folder() == tmp_path / "deep" / "inside"
    assert cache_folder().is_dir() and not list(cache_folder().iterdir())


@pytest.mark.parametrize("asked", ["a file", "a device", "an unknown user's home", "no home"])
def test_what_cannot_be_written_is_replaced_by_a_temporary_folder_and_logged_once(
    asked, tmp_path, monkeypatch, temporary, caplog
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(
        FOLDER_VARIABLE,
        {
            "a file": str(tmp_path / "file"),
            "a device": "/dev/null/cache",
            "an unknown user's home": "~nobody-of-this-name/x",
            "no home": "",
        }[asked],
    )
    if asked == "no home":

        def unknown(user):
            raise KeyError(user)

        for name in "HOME", "XDG_CACHE_HOME":
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("pwd.getpwuid", unknown)
    assert cache_folder() == cache_folder() == temporary
    [record] = caplog.records
    assert record.levelname == "INFO", "no warning: a chapter's page would be stopped by it"
    said = record.getMessage()
    assert f"kept in {temporary}" in said and f"Set {FOLDER_VARIABLE} to a folder" in said
    assert said.startswith(
        str(tmp_path / "file")
        if asked == "a file"
        else "/dev/null/cache"
        if asked == "a device"
        else "There is no home"
    )


def test_another_users_temporary_folder_is_not_used(tmp_path, monkeypatch, temporary, caplog):
    monkeypatch.setenv(FOLDER_VARIABLE, "/dev/null/cache")
    temporary.symlink_to(tmp_path)
    with pytest.raises(OSError, match="/dev/null"):
        cache_folder()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" and not caplog.records
    monkeypatch.setenv(FOLDER_VARIABLE, "/dev/null/cache")
    temporary.unlink()
    assert cache_folder() == temporary


WHO = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
from rnn_course.tasks.chorales.cache import Cache
Cache("v").keep("it", [1])
print(Cache("v").load("it"))
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root")
def test_under_a_user_without_an_account(tmp_path, root):
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.getuid() and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o011)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WHO],
        cwd="/",
        user=54321,
        group=54321,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("There is no home") and done.stdout.endswith("\n[1]\n")
    assert (tmp_path / "rnn_course-54321" / "v" / "it.json").stat().st_uid == 54321


# --- how -------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["open", "fsync"])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EPERM, errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_synced_is_no_failure(call, number, tmp_path, monkeypatch):
    real, refused = getattr(os, call), []

    def refuse(what, *rest):
        if stat.S_ISDIR(os.stat(what).st_mode):
            refused.append(what)
            raise OSError(number, os.strerror(number))
        return real(what, *rest)

    path = tmp_path / "it"
    write_whole(path, b"old")
    monkeypatch.setattr(storage.os, call, refuse)
    write_whole(path, b"new")
    assert refused and path.read_bytes() == b"new" and os.listdir(tmp_path) == ["it"]


@pytest.mark.parametrize(
    "number, works",
    [
        (errno.EINVAL, True),
        (errno.ENOSYS, True),
        (errno.EOPNOTSUPP, True),
        (errno.EIO, False),
        (errno.ENOSPC, False),
        (errno.EDQUOT, False),
    ],
)
def test_a_file_that_has_no_sync_is_written_and_one_that_fails_is_not(
    number, works, tmp_path, monkeypatch
):
    def refuse(file):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "it"
    write_whole(path, b"old")
    monkeypatch.setattr(storage.os, "fsync", refuse)
    if works:
        write_whole(path, b"new")
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            write_whole(path, b"new")
    assert path.read_bytes() == (b"new" if works else b"old") and os.listdir(tmp_path) == ["it"]


WRITER = """
import sys
from pathlib import Path
from rnn_course.storage import write_whole
path, letter = Path(sys.argv[1]), sys.argv[2].encode()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    write_whole(path, letter * 300_000)
    assert path.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
"""


def test_two_processes_may_write_to_one_path(tmp_path, root):
    path = tmp_path / "it"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), letter],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for letter in "ab"
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    answers = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], answers
    assert os.listdir(tmp_path) == ["it"]


def test_what_a_killed_writer_left_is_removed_and_what_another_writes_is_not(tmp_path):
    path = tmp_path / "it"
    left, others = [
        tmp_path / f"{storage._mark(path)}{process}-ab.tmp" for process in (dead(), os.getpid())
    ]
    of_another_file = tmp_path / f"{storage._mark(tmp_path / 'that')}{dead()}-ab.tmp"
    mine = tmp_path / ".it.notes"
    for file in left, others, of_another_file, mine:
        file.write_text("begun")
    write_whole(path, b"new")
    assert set(tmp_path.iterdir()) == {path, others, of_another_file, mine}


def test_a_writer_in_another_container_of_the_same_name_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "it"
    monkeypatch.setattr(storage, "_pid_namespace", lambda: 4026531000)
    others = tmp_path / f"{storage._mark(path)}{dead()}-ab.tmp"  # its id means nothing here
    others.write_text("begun")
    monkeypatch.undo()
    write_whole(path, b"new")
    assert set(tmp_path.iterdir()) == {path, others}


@pytest.mark.skipif(not os.path.exists("/proc/self/ns/pid"), reason="needs Linux's namespaces")
def test_all_processes_of_a_container_know_each_others_files(tmp_path):
    script = (
        "from pathlib import Path; from rnn_course import storage; print(storage._mark(Path('it')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == storage._mark(tmp_path / "it")
    assert storage._pid_namespace() > 0


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "it", tmp_path / "link"
    link.symlink_to(Path("disk") / "it")
    for data in b"first", b"second":  # there is no target yet, and there is
        write_whole(link, data)
        assert link.is_symlink() and target.read_bytes() == data
    assert os.listdir(tmp_path / "disk") == ["it"]
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="symbolic links"):
        write_whole(loop, b"")
    assert loop.is_symlink()


def test_only_a_file_is_ever_replaced(tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, what in (pipe, "a device or a pipe"), (folder, "a folder"):
        with pytest.raises(OSError, match=f"expected a place for a file, got {what}"):
            write_whole(path, b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode) and set(tmp_path.iterdir()) == {pipe, folder}


def test_a_long_name_has_room_beside_it(tmp_path):
    path = tmp_path / ("ö" * 127)  # 254 bytes, of 255
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and len(os.listdir(tmp_path)) == 1


def test_a_place_that_cannot_be_written_is_found_out(tmp_path):
    storage.make_sure_of(tmp_path / "new" / "it")
    assert (tmp_path / "new").is_dir() and not list((tmp_path / "new").iterdir())
    with pytest.raises(OSError, match=r"the folder cannot be written \(.+\): '/dev/null/x'"):
        storage.make_sure_of(Path("/dev/null/x/it"))
    with pytest.raises(OSError, match="got a folder"):
        storage.make_sure_of(tmp_path / "new")
