"""Entry point of ``lltool`` and ``python -m lltool``."""

import sys

from lltool import __version__


def main() -> None:
    """Answer ``--version`` before anything heavy is imported; hand over to the CLI for the rest."""
    if sys.argv[1:] == ["--version"]:
        try:
            print(f"lltool {__version__}", flush=True)  # noqa: T201 - typer, which could echo it, is not imported yet
        except OSError as error:
            sys.exit(f"lltool: standard output does not take the version: {error.strerror}")
        return
    from lltool.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
