"""The files that a report is made of: results, earlier reports, and documents of ``lltool noise``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lltool.bench.model import Result
from lltool.bench.results import read_noise, read_results
from lltool.errors import InvalidInput


def read_sources(paths: Sequence[Path]) -> tuple[list[Result], Path]:
    """The results in ``paths``, and the last path that holds any.

    A document of ``lltool noise`` goes with the result before it, under the name of its file. Raises InvalidInput where
    a file cannot be used, with every fault, and where a noise document comes before any result.
    """
    results: list[Result] = []
    last = None
    for path in paths:
        noise = read_noise(path)
        if noise is None:
            results += read_results(path)
            last = path
        elif results:
            results[-1] = replace(results[-1], noise={**results[-1].noise, path.stem: noise})
        else:
            raise InvalidInput(
                f"{path} cannot be reported by itself",
                ["a document of `lltool noise` goes with the result before it"],
                next_step="give a result, then this document",
            )
    if last is None:
        raise InvalidInput("there is nothing to report", ["no result given"], next_step="give result files or reports")
    return results, last
