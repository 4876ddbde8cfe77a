"""Where the course keeps files, and how it writes them: whole, or not at all."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "RNN_COURSE_CACHE"
"""The environment variable that moves the course's cache folder."""

_LOG = logging.getLogger(__name__)
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_told: set[str] = set()


def cache_folders() -> list[Path]:
    """The folders in which the course may have kept files, the preferred one first.

    The first is the folder named by the environment variable RNN_COURSE_CACHE, or else the user's
    cache folder for the course. The second is this user's among the temporary folders, for a user
    without a home folder or without permission to write there.
    """
    folders = []
    for place in _named_folder, _temporary_folder:
        with suppress(RuntimeError, OSError):  # no home; none that is this user's
            folders.append(place())
    return folders


def cache_folder() -> Path:
    """The folder for results that took long: the first of `cache_folders` that can be written to.

    If that is the temporary one, the log says so, once.

    Raises:
        OSError: If none of them can be written.
    """
    refusals = []
    for folder in cache_folders():
        try:
            make_sure_of(folder / "any")
        except OSError as error:
            refusals.append(error)
            continue
        why = f"{refusals[0].filename} cannot be written" if refusals else "There is no home folder"
        with suppress(OSError):  # the temporary one may be another's
            if folder == _temporary_folder():
                tell(f"{why}: slow results are kept in {folder}.")
        return folder
    raise refusals[0] if refusals else OSError(errno.ENOENT, "no home folder, no temporary folder")


def tell(text: str) -> None:
    """Log, once, that something could not be kept where it should be, and what to do.

    It is information, not a warning: the results are correct, and the book's build, which stops at
    a warning, must not stop here. The command line shows it.
    """
    if text not in _told:
        _told.add(text)
        _LOG.info("%s Set %s to a folder that can be written.", text, FOLDER_VARIABLE)


def make_sure_of(path: Path) -> None:
    """Make the folder of `path`, and check that a file can be written there.

    Raises:
        OSError: If it cannot.
    """
    place = _place(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        raise OSError(
            error.errno, f"the folder cannot be written ({error.strerror})", str(place.parent)
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` next to `path`, wait until it is safe on the disk, and only then move it there.

    Whatever happens meanwhile, `path` holds the older file or this one, never a part. If `path` is
    a link, the file that it leads to is replaced, and the link stays. Until the move, each writer
    has a file of its own. The next writer removes what a killed one has left.

    Raises:
        OSError: If that fails; an older file is then untouched.
    """
    place = _place(path)
    _remove_leftovers(place)
    own = place.with_name(f"{_mark(place)}{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(own, "wb") as file:
            file.write(data)
            file.flush()
            _sync(lambda: os.fsync(file.fileno()))
        os.replace(own, place)
    finally:
        own.unlink(missing_ok=True)
    # The move itself survives a power failure once the folder is on the disk, too. Some file
    # systems cannot do that (CIFS, some of FUSE), but the file is in its place all the same.
    if os.name == "posix":
        with suppress(OSError):
            folder = os.open(place.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _place(path: Path) -> Path:
    """The regular file, existing or not, that `path` leads to."""
    place = Path(os.path.realpath(path))
    with suppress(FileNotFoundError, NotADirectoryError):
        mode = os.lstat(place).st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
            raise OSError(errno.EINVAL, f"expected a place for a file, got {what}", str(path))
    return place


def _mark(place: Path) -> str:
    """The beginning of the names of this machine's unfinished files for `place`."""
    # Cut, since a name has at most 255 bytes, and a character up to four.
    return f".{place.name[:40]}.{socket.gethostname()[:15]}-{_pid_namespace()}-"


def _pid_namespace() -> int:
    """The namespace in which this process has its id; 0 if there are none.

    On Linux each container has one of its own, and may share its host name and folders with others.
    """
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _remove_leftovers(place: Path) -> None:
    """Remove the unfinished files for `place` of this machine's processes that have ended."""
    if os.name != "posix":
        return
    mark = _mark(place)
    with suppress(OSError):
        for name in os.listdir(place.parent):
            process = name.removeprefix(mark).partition("-")[0]
            if name.startswith(mark) and name.endswith(".tmp") and process.isdecimal():
                try:
                    os.kill(int(process), 0)
                except ProcessLookupError:
                    (place.parent / name).unlink(missing_ok=True)
                except OSError:
                    continue  # alive, and another user's


def _sync(sync: Callable[[], None]) -> None:
    """Wait for the disk, except on file systems that do not support waiting."""
    try:
        sync()
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def _named_folder() -> Path:
    """The folder that the environment names, or else the user's.

    Raises:
        RuntimeError: If the user has no home folder.
    """
    return Path(
        os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("rnn_course", False)
    ).expanduser()


def _temporary_folder() -> Path:
    """This user's folder for the course among the temporary ones.

    Raises:
        OSError: If it belongs to another user.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""  # on Windows the folder is the user's own
    folder = Path(tempfile.gettempdir()) / f"rnn_course-{user}"
    with suppress(FileNotFoundError):
        about = os.lstat(folder)
        if not stat.S_ISDIR(about.st_mode) or user not in ("", about.st_uid):
            raise OSError(errno.EPERM, "expected a folder of this user's", str(folder))
    return folder
