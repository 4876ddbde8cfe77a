"""Where the course is published: the one place that says so. `make address URL=…` changes it."""

REPOSITORY = "https://github.com/rnn-course/rnn-course"
SITE = "https://rnn-course.github.io/rnn-course/"
VERSION = "0.1.0"
BRANCH = "reader"
"""The branch with the chapters as any program shows them; what the launch buttons open."""

WHEEL = f"{REPOSITORY}/releases/download/v{VERSION}/rnn_course-{VERSION}-py3-none-any.whl"
INSTALL = f"""\
try:
    import rnn_course
except ModuleNotFoundError:    # on Colab, for instance: install the course
    %pip install -q "{WHEEL}"
    try:
        import rnn_course
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the package rnn-course is not installed, and pip could not fetch it (see above). "
            "With an internet connection, run this cell again. Without one, install from a file: "
            "%pip install rnn_course-{VERSION}-py3-none-any.whl") from None"""
"""The first code cell of every notebook that is handed out: nothing where the package is there."""
