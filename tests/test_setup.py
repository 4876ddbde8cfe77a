"""What make and tools/setup_venv.py may do to a reader's files and settings: nothing."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def course(tmp_path):
    """A copy of what make needs, with a file of every kind that must not be lost."""
    folder = tmp_path / "course"
    for name in (
        "Makefile",
        "tools",
        "requirements.txt",
        "requirements-dev.txt",
        "pyproject.toml",
        "constraints.txt",
        "_config.yml",
        "_toc.yml",
        "package.json",
        "package-lock.json",
        "benchmarks/results.md",
        "book/intro.md",
        "notebooks/01_summarise.ipynb",
        "rnn_course/cells.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main")
    return folder


@pytest.fixture
def setup(course, monkeypatch):
    """The tool as a module, of that copy; what it would make or install is noted down instead."""
    spec = importlib.util.spec_from_file_location("setup_venv", course / "tools" / "setup_venv.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool, "torch_index_options", lambda: [])
    tool.made, tool.installed = [], []
    monkeypatch.setattr(
        tool.venv,
        "create",
        lambda place, with_pip, clear: (
            tool.made.append((place, clear)) or place.mkdir(exist_ok=True)
        ),
    )
    real = subprocess.run

    def run(command, **options):
        if "install" in command:
            tool.installed.append(command)
            return subprocess.CompletedProcess(command, 0)
        return real(command, **options)

    monkeypatch.setattr(tool.subprocess, "run", run)
    return tool


def files(folder):
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def environment(folder, works=False):
    """What looks like a virtual environment."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin")
    (folder / "bin" / "python").write_text(f"#!/bin/sh\nexit {0 if works else 1}\n")
    (folder / "bin" / "python").chmod(0o755)
    return folder


def make(course, *arguments):
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments], cwd=course, text=True, capture_output=True
    )


@pytest.mark.parametrize(
    "place, why",
    [
        (".", "it holds the course itself"),
        ("..", "it holds the course itself"),
        ("book/..", "it holds the course itself"),
        ("book", "no virtual environment"),
        ("Makefile", "it is not a folder"),
        ("../envs", "no virtual environment"),
        ("../link", "link is a link, and nothing is emptied"),
        ("../envs/m/..", "no virtual environ"),
        ("../full", "it holds more than a virtual environment: diary"),
    ],
)
def test_only_an_environment_is_ever_emptied(course, place, why):
    (course.parent / "link").symlink_to(environment(course.parent / "envs" / "m"))
    (environment(course.parent / "full") / "diary").write_text("dear diary")
    before = files(course.parent)
    done = make(course, f"VENV={place}", "book")
    assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr
    assert files(course.parent) == before


@pytest.mark.parametrize("asked", ["checkout", "parent"])
def test_not_even_where_the_course_lies_in_an_environment(setup, course, asked):
    folder = course if asked == "checkout" else course.parent
    (folder / "pyvenv.cfg").write_text("home = /usr/bin")
    for each in str(folder), "/":
        with pytest.raises(SystemExit, match="it holds the course itself"):
            setup.main(each)
    assert setup.made == setup.installed == []


def test_an_environment_is_made_if_there_is_none_and_replaced_if_it_is_broken(setup, course):
    (course / "empty").mkdir()
    for place, clear in (".venv", False), ("empty", True), ("../new", False):
        setup.main(place)
        assert setup.made.pop() == (Path(os.path.abspath(course / place)), clear)
        assert len(setup.installed) == 2 and not setup.installed.clear()
    environment(course / "broken")
    setup.main("broken")
    assert setup.made == [(course / "broken", True)]


def test_an_environment_that_works_is_kept_behind_a_link_too(setup, course):
    environment(course.parent / "mine", works=True)
    (course / ".venv").symlink_to(course.parent / "mine")
    setup.main()
    assert setup.made == [] and len(setup.installed) == 2
    setup.main()
    assert len(setup.installed) == 2, "the second time, there is nothing to do"


def test_a_folder_that_cannot_be_made_is_named(course):
    done = make(course, "VENV=/dev/null/env", "book")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "/dev/null/env: no virtual environment can be made here" in done.stderr


@pytest.mark.parametrize("proxy", ["http://proxy:port", "proxy", "http://[", "http://127.0.0.1:1"])
def test_a_proxy_with_an_invalid_address_is_reported(proxy, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("venv_tool", ROOT / "tools" / "setup_venv.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool.platform, "system", lambda: "Linux")
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    monkeypatch.setattr(tool.Path, "exists", lambda path: False)
    for name in "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", proxy)
    assert tool.torch_index_options() == []
    assert "do not answer" in capsys.readouterr().out


# --- make ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", "two words"])
def test_venv_is_one_path(course, wrong):
    done = make(course, f"VENV={wrong}", "book")
    assert done.returncode == 2 and "VENV: expected the path of one folder" in done.stderr


def in_recipe(course, recipe, **variables):
    """What a recipe of the Makefile sees of the environment, and what it prints."""
    (course / "probe.mk").write_text(f"include Makefile\nprobe:\n\t@{recipe}\n")
    done = subprocess.run(
        ["make", "-s", "-f", "probe.mk", "probe"],
        cwd=course,
        text=True,
        env=os.environ | variables,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CALLER = {
    "MPLBACKEND": "Agg",
    "MATPLOTLIBRC": "/x",
    "MPLCONFIGDIR": "/x",
    "PYTHONPATH": "/x",
    "PYTHONSTARTUP": "/x",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7",
    "PYTHONIOENCODING": "ascii",
    "PYTHONHOME": "/x",
    "IPYTHONDIR": "/x",
    "JUPYTER_PATH": "/x",
    "JUPYTER_CONFIG_DIR": "/x",
    "JUPYTERCACHE": "/x",
    "PYTEST_ADDOPTS": "-x",
    "TQDM_DISABLE": "1",
    "COLUMNS": "10",
    "LINES": "3",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "LANG": "tr_TR.ISO-8859-9",
    "LC_ALL": "tr_TR.ISO-8859-9",
    "LC_NUMERIC": "de_DE",
    "LANGUAGE": "tr",
    "TORCH_LOGS": "+all",
    "SOURCE_DATE_EPOCH": "0",
    "PWDEBUG": "1",
    "DOCUTILSCONFIG": "/x",
    "RUFF_NO_CACHE": "1",
}


def test_the_callers_settings_do_not_reach_what_is_built(course):
    kept = {
        "RNN_COURSE_CACHE": "/kept",
        "PIP_INDEX_URL": "/kept",
        "https_proxy": "/kept",
        "OMP_NUM_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "",
    }
    plain, seen = (
        dict(
            line.split("=", 1)
            for line in in_recipe(course, "env", **more).split("\n")
            if "=" in line
        )
        for more in (kept, CALLER | kept)
    )
    assert kept.items() <= seen.items()
    for settings in plain, seen:  # what this test runs under
        for name in "PWD", "OLDPWD", "SHLVL", "_", *(n for n in settings if "PYTEST" in n):
            settings.pop(name, None)
    assert {name: seen.get(name) for name in CALLER} == {name: plain.get(name) for name in CALLER}
    own = {"MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "LC_ALL"}
    assert {name for name in CALLER if name in seen} == own
    assert all(seen[name].startswith(str(course / "_build")) for name in own - {"LC_ALL"})
    for target in "book", "test", "notebooks":  # IPython makes no folder but the last
        assert "mkdir -p _build/settings" in make(course, "-n", target).stdout
    assert seen["PYTHONUTF8"] == "1" and seen["LC_ALL"] == "C"


def test_make_looks_for_its_own_variables_on_the_command_line_only(course):
    words = in_recipe(
        course,
        "echo $(VENV) $(JOBS) $(PORT) $(PY)",
        VENV=".",
        JOBS="99",
        PORT="1",
        PYTHON="/nowhere/python",
        PY="/nowhere/python",
    )
    assert words.split() == [".venv", "2", "8000", ".venv/bin/python"]
    assert make(course, "-n", "test", "JOBS=5").stdout.count("-n 5 --dist") == 2


def built(course):
    """A site that is up to date, as make sees it."""
    for name in ".venv/.requirements", "book/_static/vendor/.stamp", "_build/.book":
        (course / name).parent.mkdir(parents=True, exist_ok=True)
    for seconds, name in enumerate(
        ("", ".venv/.requirements", "book/_static/vendor/.stamp", "_build/.book")
    ):
        for path in [course / name] if name else course.rglob("*"):
            path.touch()
            os.utime(path, (1e9 + seconds, 1e9 + seconds))
    return course


def would_build(course):
    done = make(course, "-n", "book")
    assert done.returncode == 0, done.stderr
    return "jupyter-book build" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "my notes",
        'a$b"c',
        "it's",
        "new\nline",
        "a#b:c%d",
        "x\\y",
        "ü",
        "$(shell touch GONE)",
        "`touch GONE`",
    ],
)
def test_a_file_of_any_name_stops_nothing_and_is_built_with_the_rest(course, name):
    assert not would_build(built(course))
    (course / "notebooks" / f"{name}.ipynb").write_text("{}")
    assert would_build(course) and not (course / "GONE").exists()


@pytest.mark.parametrize(
    "name",
    ["notebooks/.ipynb_checkpoints/x.ipynb", "book/.DS_Store", "rnn_course/__pycache__/cells.pyc"],
)
def test_files_of_editors_and_python_are_not_changes(course, name):
    built(course)
    (course / name).parent.mkdir(exist_ok=True)
    (course / name).write_text("")
    assert not would_build(course)
    (course / "rnn_course" / "cells.py").touch()
    assert would_build(course)


def test_cleaning_removes_what_was_made_and_nothing_else(course):
    mine = environment(course / "envs" / "mine") / "lib" / "__pycache__" / "x.pyc"
    linked = course.parent / "elsewhere" / "__pycache__" / "x.pyc"
    for path in mine, linked, course / "rnn_course" / "__pycache__" / "x.pyc":
        path.parent.mkdir(parents=True)
        path.write_text("")
    (course / "notebooks" / "linked").symlink_to(linked.parent.parent)
    (course / "tools" / "linked").symlink_to(linked.parent.parent)
    (course / "tests").mkdir()
    before = files(built(course).parent)
    assert make(course, "clean", "VENV=envs/mine").returncode == 0
    gone = before.keys() - files(course.parent).keys()
    assert {path.relative_to(course).as_posix() for path in gone} == {
        "_build/.book",
        "book/_static/vendor/.stamp",
    }
    assert mine.exists() and linked.exists()
    assert not (course / "rnn_course" / "__pycache__").exists()


@pytest.mark.parametrize(
    "there, root, fails, asked",
    [
        ({"chromium-headless-shell", "apt-get"}, True, "", []),
        ({"chromium", "apt-get"}, True, "", ["chromium-headless-shell"]),
        ({"chromium", "apt-get"}, True, "shell", ["chromium-headless-shell"]),
        ({"apt-get"}, True, "shell", ["chromium-headless-shell", "chromium"]),
        ({"google-chrome", "apt-get"}, False, "", []),
        ({"apt-get"}, False, "", ["playwright"]),
        ({"apt-get"}, True, "apt-get", ["chromium-headless-shell", "chromium", "playwright"]),
    ],
)
def test_a_browser_is_found_or_installed(there, root, fails, asked, monkeypatch):
    installed = []

    def run(command):
        if "install" in command:
            installed.append("playwright" if "playwright" in command else command[-1])
        return subprocess.CompletedProcess(command, int(bool(fails) and fails in " ".join(command)))

    monkeypatch.setattr(browser.shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(browser.subprocess, "run", run)
    assert browser.main() == 0
    assert installed == asked
