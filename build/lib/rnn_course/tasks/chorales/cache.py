"""A folder of checksummed files for data that are slow to read, safe to share between processes."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

from rnn_course.storage import cache_folder, cache_folders, tell, write_whole


class Cache:
    """The files of one version of one kind of data: `<the course's cache folder>/<version>/`.

    Another version has another folder and never sees these files. A file is a line with its name
    and the SHA-256 of the rest, and then JSON. Files are read from every folder in which they may
    have been kept, even if it can no longer be written.
    """

    def __init__(self, version: str) -> None:
        self.version = version

    def load(self, name: str) -> Any:
        """The content kept under this name; None if there is none or the file is damaged."""
        for folder in cache_folders():
            with suppress(OSError):
                data = (folder / self.version / f"{name}.json").read_bytes()
                head, _, body = data.partition(b"\n")
                if head == self._head(name, body):
                    return json.loads(body)
        return None

    def keep(self, name: str, content: Any) -> None:
        """Keep content that JSON can write, whole or not at all; log it if that fails."""
        body = json.dumps(content).encode()
        try:
            folder = cache_folder() / self.version
            folder.mkdir(exist_ok=True)
            write_whole(folder / f"{name}.json", self._head(name, body) + b"\n" + body)
        except OSError as error:
            tell(
                f"What was read cannot be kept ({error.strerror}): it will be read again next time."
            )

    def _head(self, name: str, body: bytes) -> bytes:
        checksum = hashlib.sha256(body).hexdigest()
        return f"rnn_course {self.version}/{name} sha256 {checksum}".encode()
