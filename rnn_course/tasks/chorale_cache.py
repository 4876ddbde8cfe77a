"""A folder of checksummed files for what takes long to read, safe to share between processes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from pathlib import Path
from typing import Any

from rnn_course.checkpoints import FOLDER_VARIABLE, cache_folder, write_whole


class Cache:
    """The files of one version of one kind of data: `<the course's cache folder>/<version>/`.

    Another version has another folder, and never sees these files.
    A file is a line that says what it is, with the SHA-256 of what follows, and then JSON.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self.folder = cache_folder() / version
        self._told = False

    def load(self, name: str) -> Any:
        """What was kept under this name; None where there is nothing, or nothing sound."""
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        head, _, body = data.partition(b"\n")
        return json.loads(body) if head == self._head(name, body) else None

    def keep(self, name: str, content: Any) -> None:
        """Put what JSON can write into the cache, whole or not at all.

        Each writer has a file of its own until that is whole and safe on the disk. Then it is moved
        into its place at one stroke, so that whoever reads finds the older file or this one. Where
        that fails, the log says so, once.
        """
        body = json.dumps(content).encode()
        path = self._path(name)
        own = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(own, self._head(name, body) + b"\n" + body)
            try:
                os.replace(own, path)
            finally:
                own.unlink(missing_ok=True)
        except OSError as error:
            if not self._told:
                logging.getLogger(__name__).warning(
                    "What was read cannot be kept in %s (%s): it will be read again next time. "
                    "Set %s to a folder that can be written.",
                    self.folder, error.strerror, FOLDER_VARIABLE)
            self._told = True

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _head(self, name: str, body: bytes) -> bytes:
        checksum = hashlib.sha256(body).hexdigest()
        return f"rnn_course {self.version}/{name} sha256 {checksum}".encode()
