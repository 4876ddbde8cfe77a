"""Make sure that the browser tests find a Chromium: python tools/browser.py"""

import os
import shutil
import subprocess
import sys

SHELL = "chromium-headless-shell"  # the engine without windows: it takes two thirds of the time
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")
APT = ("apt-get", "install", "-y", "--no-install-recommends", "--no-remove")


def main() -> int:
    """Use the shell, or install Debian's, as root; else any Chromium; else install one."""
    if shutil.which(SHELL):
        return 0
    as_root = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if as_root:
        subprocess.run(["apt-get", "update"])
    if as_root and succeeds(*APT, SHELL):
        return 0
    if any(map(shutil.which, NAMES)) or (as_root and succeeds(*APT, "chromium")):
        return 0
    return int(not succeeds(sys.executable, "-m", "playwright", "install", "chromium"))


def succeeds(*arguments: str) -> bool:
    """Run a command: does it end well?"""
    return subprocess.run(arguments).returncode == 0


if __name__ == "__main__":
    from rnn_course import command  # not for those who want the names alone: it brings torch

    command.run(main)
