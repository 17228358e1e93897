"""Entry point of ``lltool`` and ``python -m lltool``."""

import sys

from lltool import __version__


def main() -> None:
    """Answer ``--version`` before anything heavy is imported; hand over to the CLI for the rest."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"lltool {__version__}\n")
        return
    from lltool.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
