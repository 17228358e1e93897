"""Order entry against the QuickFIX engine as a foreign initiator."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.quickfix import build

pytest.importorskip("picows", reason="needs picows")

SOURCE = Path(__file__).resolve().parent / "quickfix_peer.cpp"


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build(SOURCE, tmp_path_factory.mktemp("quickfix")))


def test_quickfix_trades_with_the_exchange_and_refuses_nothing(
    exchanges: Any, run: Any, peer: str, tmp_path: Path
) -> None:
    async def go() -> list[str]:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            process = await asyncio.create_subprocess_exec(
                peer, str(exchange.ports.fix), str(tmp_path), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, output
            return output.decode().splitlines()

    assert run(go()) == [
        "logon",
        "report rests type 0 status 0 filled 0 left 0.5",
        "report takes-off type 4 status 4 filled 0 left 0",
        "cancel reject too-late of rests",
        "report crosses type 0 status 0 filled 0 left 0.01",
        "report crosses type F status 2 filled 0.01 left 0",
        "report crosses type F status 2 filled 0.01 left 0",
        "report never type I status 8 filled 0 left 0",
        "logout",
    ]
