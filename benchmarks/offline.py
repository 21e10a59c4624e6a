"""CPU per event of the task alone, offline, and a digest of everything it writes.

    python -m benchmarks.offline                     this checkout, the peers' job
    python -m benchmarks.offline --flows flows       all flows of the shop
    python -m benchmarks.offline --against TREE      this checkout and another one, in turns

The records of one partition lie in memory and go through the real PartitionTask with the real
decoder, encoder and definitions, onto a store in memory or (`--rocks`) RocksDB. There is one thread
and no broker; the time is that thread's CPU, so that neighbours disturb it least. Each chunk of
2,500 events is one transaction and one value: `run` decides, `prepare` makes the transaction and
`store` writes it (the store in memory is no yardstick for RocksDB). Compare minimum and q1, and of
two checkouts the ratio of each pair.

Two checkouts, or two forms of one, that decide and write alike have the same digests: `records` is
over topic, key and value of all output records but the position, `outputs` over those but the
changelog, `states` over all that is stored. What stores states in another format leaves `outputs`
as they were; what groups outputs differently leaves `states`.

`--against TREE` runs another checkout with its own interpreter (`.venv`) and its own harness, if it
has one, else with this harness and its own package. `--environment NAME=VALUE` applies to this
checkout alone, `--against-environment` to the other: with `--against .` two settings or two forms
of the same checkout are compared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.pairs import Spread, alternate, ratios, spread

HERE = Path(__file__).parent
ROOT = HERE.parent
RUN = "offline_run.py"
PARTS = ("run", "prepare", "store")
DIGESTS = {"records": "digest", "outputs": "outputs", "states": "states"}
"""Name of each digest in the text, and in the figures of a run."""
LEAST_EVENTS = 5_000


class Checkout(msgspec.Struct, frozen=True):
    """A tree with the package `streams`, and what is set for it."""

    tree: Path
    environment: dict[str, str] = {}

    def run(self, records: Path, *options: str) -> dict[str, Any]:
        """Figures of one run, in a process of its own."""
        harness = self.tree / "benchmarks" / RUN
        if not harness.exists():
            harness = HERE / RUN
        python = self.tree / ".venv" / "bin" / "python"
        command = [str(python if python.exists() else sys.executable), "-P", str(harness)]
        # The tree before everything installed: its package is the one imported.
        environment = os.environ | {"PYTHONPATH": str(self.tree)} | self.environment
        done = subprocess.run(
            [*command, str(records), *options],
            env=environment,
            cwd=self.tree,
            stdout=subprocess.PIPE,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def main() -> None:
    """Prints the figures."""
    asked = _arguments()
    this = Checkout(ROOT, _environment(asked.environment))
    options = ["--rocks"] if asked.rocks else []
    with tempfile.TemporaryDirectory(prefix="sendflow-bench-") as temporary:
        # In a process of its own: this one imports nothing that it compares.
        records = Path(temporary) / "records"
        made = f"{asked.flows.resolve()}", str(asked.events), str(asked.gap)
        write = [sys.executable, "-m", "benchmarks.offline_records", str(records), *made]
        subprocess.run(write, cwd=ROOT, check=True)
        if asked.against is None:
            if asked.profile:
                options += ["--profile", str(asked.profile.resolve())]
            runs = [this.run(records, *options) for _ in range(asked.pairs)]
            result: dict[str, Any] = {"runs": runs}
        else:
            other = Checkout(asked.against.resolve(), _environment(asked.against_environment))
            result = compare(this, other, asked.pairs, records, options)
    if asked.json:
        print(json.dumps(result))
    elif asked.against is None:
        for run in runs:
            print(line("this", run), flush=True)
    else:
        _show(result)


def compare(
    this: Checkout, other: Checkout, pairs: int, records: Path, options: list[str]
) -> dict[str, Any]:
    """Both in turns: the runs, and the ratios this over other, by the q1 of their chunks."""
    runs = alternate(
        pairs, lambda: this.run(records, *options), lambda: other.run(records, *options)
    )
    found: dict[str, Any] = {"pairs": runs}
    found["ratios"] = {
        part: ratios([(_q1(one, part), _q1(two, part)) for one, two in runs]) for part in PARTS
    }
    found["same"] = {
        what: len({run.get(name) for pair in runs for run in pair}) == 1
        for what, name in DIGESTS.items()
    }
    return found


def _q1(run: dict[str, Any], part: str) -> float:
    return spread(run[f"{part}_us"]).q1


def line(name: str, run: dict[str, Any]) -> str:
    """One run as text."""
    parts = " | ".join(f"{part} {spread(run[f'{part}_us']).text()}" for part in PARTS)
    return (
        f"{name:6} us/event: {parts} | "
        f"{run['events']:,} events, {run['commands']:,} commands, "
        f"{run['output_records'] / run['events']:.2f} records/event | collection "
        f"{run['collection_ms']:.0f} ms, {run['resident_mib']:.0f} MiB, "
        f"{run['state_bytes']:.0f} bytes/customer | "
        + " ".join(f"{what} {run.get(name, '')[:12]}" for what, name in DIGESTS.items())
    )


def _show(result: dict[str, Any]) -> None:
    for number, (one, two) in enumerate(result["pairs"]):
        print(line("this", one))
        print(line("other", two))
        found = ", ".join(f"{part} {result['ratios'][part][number]:.3f}" for part in PARTS)
        print(f"       pair {number + 1}, this over other: {found}")
    for part in PARTS:
        over: Spread = spread(result["ratios"][part])
        print(f"{part}, this over other: {over.text(3)}  q3 {over.q3:.3f}")
    for what, is_same in result["same"].items():
        print(f"{what}: {'the same' if is_same else 'DIFFERENT'}")


def _environment(given: list[str]) -> dict[str, str]:
    return dict(one.split("=", 1) for one in given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.offline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--flows", type=Path, default=HERE / "same_job", help="folder of the set")
    parser.add_argument("--events", type=int, default=60_000, help="events of the partition")
    parser.add_argument("--gap", type=int, default=1, metavar="MS", help="record time between two")
    parser.add_argument("--rocks", action="store_true", help="RocksDB as the store")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each")
    parser.add_argument("--against", type=Path, metavar="TREE", help="another checkout")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--against-environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--profile", type=Path, help="file for the profile of a run (cProfile)")
    parser.add_argument("--json", action="store_true", help="all values as JSON")
    asked = parser.parse_args()
    if asked.events < LEAST_EVENTS:
        parser.error(f"--events: at least {LEAST_EVENTS:,}, which are two transactions")
    return asked


if __name__ == "__main__":
    main()
