"""Each one-byte code but OK has its exception, and no two share one."""

from __future__ import annotations

import pytest

pytest.importorskip("lltool.kernels.codes", reason="needs the compiled kernels")
from lltool import errors
from lltool.kernels.codes import ErrorCode


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.OK])
def test_a_code_becomes_its_exception(code: ErrorCode) -> None:
    error = errors.from_code(code, "order 7", cause="the reason", next_step="the step")
    assert type(error) is not errors.TradingError
    assert (error.code, error.exit_code) == (code, 1)
    assert str(error) == "order 7: the reason\n  next: the step"


def test_every_exception_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in errors.TradingError.__subclasses__()]
    assert sorted(codes) == sorted(code for code in ErrorCode if code is not ErrorCode.OK)


@pytest.mark.parametrize("code", [0, 10, 255])
def test_what_is_no_error_has_no_exception(code: int) -> None:
    with pytest.raises(ValueError, match=f"code {code} is not that of an error"):
        errors.from_code(code, "order 7")


def test_a_risk_limit_names_both_figures() -> None:
    error = errors.RiskLimit("order 7", limit=100, attempted=250)
    assert (error.limit, error.attempted) == (100, 250)
    assert str(error) == "order 7: 250 is above the limit of 100"
