"""python -m rnn_course."""

from rnn_course import command


def main() -> int:
    """The command line, whose imports Ctrl-C may interrupt as well."""
    from rnn_course import cli

    return cli.main()


if __name__ == "__main__":
    command.run(main)
