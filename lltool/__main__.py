"""Entry point of ``lltool`` and ``python -m lltool``."""

import gc
import sys

from lltool import __version__

_OBJECTS_BEFORE_COLLECTION = 100_000


def main() -> None:
    """Answer ``--version`` before anything heavy is imported; hand over to the CLI for the rest."""
    if sys.argv[1:] == ["--version"]:
        try:
            print(f"lltool {__version__}", flush=True)  # noqa: T201 - typer, which could echo it, is not imported yet
        except OSError as error:
            sys.exit(f"lltool: standard output does not take the version: {error.strerror}")
        return
    # What imports make stays: the default threshold would walk all of it again for every 700 objects.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    from lltool.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
