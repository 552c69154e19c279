"""The monitor under agents that report: slices, heart-beats, parameters."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import Any

import httpx

from swf_console.backend.core.settings import sqlite_url
from swf_console.backend.http_server.address import read_address
from tests.support.waiting import wait_for

from .harness import Row, cpu_seconds, median, percentile, shown
from .http_load import Client, Taken, all_day, close, connected
from .seeding import seeded_file
from .stage import CONSOLE, Home, Stage

TITLE = "The monitor on SQLite: every answer to a report comes after the disk has it"
ROUNDS = 3
RUN = 100_010
WRITERS = 16
WRITES_PER_SECOND, WRITES_P99 = 500, 0.100
BULK, BULK_PER_SECOND = 1_000, 5_000
AGENTS, BEATS_SHARE = 200, 0.20
READERS, READ_P99 = 4, 0.015


@dataclass(frozen=True)
class Serving:
    """A monitor that serves."""

    home: Home
    url: str
    pid: int


def rows(stage: Stage) -> list[Row]:
    """Slices one by one and many at once, heart-beats, parameters."""
    with stage.embedded_home() as home, monitor(home) as serving:
        found = [*_single_slices(stage, serving), _bulk_slices(stage, serving), _heartbeats(stage, serving)]
    return [*found, _parameters(stage)]


@contextmanager
def monitor(home: Home) -> Iterator[Serving]:
    """`swf-console monitor` of that home while this holds."""
    words = [str(CONSOLE), "monitor", "--port", "0"]
    process = Popen(words, cwd=home.path, env=home.environ, stdin=DEVNULL, stderr=DEVNULL)
    try:
        wait_for(lambda: read_address(home.settings.state_dir), 30)
        address = read_address(home.settings.state_dir)
        assert address is not None
        wait_for(lambda: httpx.get(f"{address.url}/readyz").status_code == 200, 30)
        yield Serving(home, address.url, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _single_slices(stage: Stage, serving: Serving) -> list[Row]:
    seconds = stage.amount(8, 1)
    rounds = [asyncio.run(_post_slices(serving, seconds, first)) for first in _starts()]
    rate = median([one.rate for one in rounds])
    late = median([percentile(one.each, 0.99) for one in rounds])
    return [
        Row(
            f"single-slice POSTs, {WRITERS} clients",
            shown(rate, "/s"),
            target=f">= {WRITES_PER_SECOND}/s",
            ok=rate >= WRITES_PER_SECOND,
        ),
        Row(
            "their answers, p99",
            shown(late, "s"),
            target=f"< {shown(WRITES_P99, 's')}",
            ok=late < WRITES_P99,
        ),
    ]


def _starts() -> list[int]:
    return [number * 1_000_000 for number in range(ROUNDS)]


async def _post_slices(serving: Serving, seconds: float, first: int) -> Taken:
    clients = await connected(serving.url, WRITERS)
    names = await samples(clients[0])
    await clients[0].ask("POST", "/tf-slices/", a_slice(names, first + 999_999))
    taken = await all_day(
        clients,
        seconds,
        lambda client, number: client.ask("POST", "/tf-slices/", a_slice(names, first + number)),
    )
    stored = json.loads(await clients[0].ask("GET", f"/run-states/{RUN}/"))["slices_created"]
    close(clients)
    assert stored >= len(taken.each), f"{len(taken.each)} slices answered, {stored} stored"
    return taken


async def samples(client: Client) -> list[str]:
    """A run, an STF, and some TF samples of it; made once, however often they are posted."""
    run = json.loads(await client.ask("POST", "/runs/", {"run_number": RUN}))["run_id"]
    state = {"run_number": RUN, "phase": "physics", "state": "run", "target_worker_count": 4}
    await client.ask("POST", "/run-states/", state)
    stf = f"swf.{RUN}.000001.stf"
    await client.ask("POST", "/stf-files/", {"run": run, "stf_filename": stf})
    names = [f"swf.{RUN}.000001_tf_{number:03d}.tf" for number in range(20)]
    for name in names:
        await client.ask("POST", "/fastmon-files/", {"stf_file": stf, "tf_filename": name, "tf_count": 20})
    return names


def a_slice(names: list[str], number: int) -> dict[str, Any]:
    return {
        "slice_id": number // len(names),
        "tf_first": 0,
        "tf_last": 4,
        "tf_count": 5,
        "run_number": RUN,
        "status": "queued",
        "retries": 0,
        "metadata": {"execution_id": "bench-0001", "created_by": "fast_processing-agent-bench-1"},
        "fastmon_file": names[number % len(names)],
    }


def _bulk_slices(stage: Stage, serving: Serving) -> Row:
    requests = stage.amount(20, 2)

    async def post(first: int) -> float:
        client = await Client.to(serving.url)
        names = await samples(client)
        began = time.perf_counter()
        for number in range(requests):
            many = [a_slice(names, first + number * BULK + each) for each in range(BULK)]
            await client.ask("POST", "/tf-slices/", many)
        took = time.perf_counter() - began
        client.close()
        return requests * BULK / took

    rate = median([asyncio.run(post(100_000_000 + first)) for first in _starts()])
    return Row(
        f"slices in arrays of {BULK:,}, one client",
        shown(rate, "/s"),
        target=f">= {BULK_PER_SECOND:,}/s",
        ok=rate >= BULK_PER_SECOND,
    )


def _heartbeats(stage: Stage, serving: Serving) -> Row:
    seconds = stage.amount(20, 3)

    async def beat(client: Client, name: str, first: float) -> None:
        for second in range(seconds):
            await asyncio.sleep(max(0.0, first + second - time.perf_counter()))
            await client.ask("POST", "/systemagents/heartbeat/", beat_of(name))

    async def all_of_them() -> float:
        clients = await connected(serving.url, AGENTS)
        for number, client in enumerate(clients):
            await client.ask("POST", "/systemagents/heartbeat/", beat_of(f"agent-{number}"))
        before, began = cpu_seconds(serving.pid), time.perf_counter()
        await asyncio.gather(
            *(beat(client, f"agent-{n}", began + n / AGENTS) for n, client in enumerate(clients))
        )
        used = cpu_seconds(serving.pid) - before
        close(clients)
        return used / (time.perf_counter() - began)

    share = asyncio.run(all_of_them())
    return Row(
        f"heart-beats of {AGENTS} agents every second, of a core",
        shown(100 * share, "%"),
        target=f"< {100 * BEATS_SHARE:.0f}%",
        ok=share < BEATS_SHARE,
    )


def beat_of(name: str) -> dict[str, Any]:
    return {
        "instance_name": name,
        "agent_type": "data",
        "status": "OK",
        "description": "data agent. MQ: connected",
        "mq_connected": True,
        "pid": 4711,
        "hostname": "bench",
        "operational_state": "READY",
        "namespace": "bench",
        "workflow_enabled": True,
        "current_stf_count": 0,
        "total_stf_processed": 12,
    }


def _parameters(stage: Stage) -> Row:
    many = stage.amount(1_000_000, 20_000)
    seconds = stage.amount(8, 1)

    async def get(serving: Serving) -> Taken:
        clients = await connected(serving.url, READERS)
        taken = await all_day(
            clients,
            seconds,
            lambda client, number: client.ask("GET", f"/workflow-executions/{_some(number, many)}/"),
        )
        close(clients)
        return taken

    url = sqlite_url(seeded_file(many, 0))
    with stage.embedded_home(SWF_DATABASE_URL=url) as home, monitor(home) as serving:
        late = percentile(asyncio.run(get(serving)).each, 0.99)
    return Row(
        f"GET of an execution's parameters, {many:,} executions, {READERS} clients, p99",
        shown(late, "s"),
        target=f"< {shown(READ_P99, 's')}",
        ok=late < READ_P99,
    )


def _some(number: int, many: int) -> str:
    """Executions from all over the table."""
    return f"seeded-{number * 7_919_993 % many:09d}"
