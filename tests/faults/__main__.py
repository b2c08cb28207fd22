"""Run the whole of a group of faults: ``python -m tests.faults GROUP [--row NAME] [--times N] [--seed N]``.

Prints a line of the table in README.md for each row. Groups but ``embedded``, ``away`` and ``rehearsal``, which start
servers of their own, need NEWSWIRE_KAFKA and NEWSWIRE_ELASTICSEARCH, such as ``deploy/servers start`` prints. Ends with
1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from pathlib import Path

from tests.faults import brokers, disk, outages, roles
from tests.faults.oracle import Judgement
from tests.faults.rows import DISTRIBUTED, EMBEDDED, GROUPS, bring_about

REHEARSAL = "three brokers, everything restarted"
# These start servers of their own, or need none.
ALONE = ("embedded", "away", "rehearsal")
EMBEDDED |= disk.ROWS
DISTRIBUTED |= roles.ROWS
GROUPS["embedded"] |= dict.fromkeys(disk.ROWS, 3)
GROUPS["stopped"] |= dict.fromkeys(roles.ROWS, 2) | {"rolling restart": 1}
GROUPS["rehearsal"] = {REHEARSAL: 1}
GROUPS["away"] = dict.fromkeys(outages.OUTAGES, 1)
# As long as the outages of the issue: a session of the group has long ended by then.
AWAY_S = 100.0


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument("--row", help="run this row only")
    parser.add_argument("--times", type=int, help="bring each fault about so many times")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    servers = None
    if chosen.group not in ALONE:
        missing = [name for name in ("NEWSWIRE_KAFKA", "NEWSWIRE_ELASTICSEARCH") if not os.environ.get(name)]
        if missing:
            parser.error(f"set {' and '.join(missing)}, such as `deploy/servers start` prints")
        servers = {name.lower(): os.environ[f"NEWSWIRE_{name}"] for name in ("KAFKA", "ELASTICSEARCH")}
    rows = {name: times for name, times in GROUPS[chosen.group].items() if chosen.row in (None, name)}
    if not rows:
        parser.error(f"the rows of this group are {', '.join(GROUPS[chosen.group])}")
    _print("| row | faults | served | lost | doubled | alerts missing | keys doubled | repeats | recovery s | took s |")
    _print("|---|---|---|---|---|---|---|---|---|---|")
    kept = True
    for name, times in rows.items():
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            prefix = f"f{uuid.uuid4().hex[:8]}-"
            try:
                j = _run(name, chosen.times or times, Path(directory), servers, prefix, chosen.seed)
            except AssertionError as exc:
                _print(f"| {name} | BROKEN: {str(exc)[-1500:]} |")
                kept = False
                continue
        kept = kept and j.holds
        counts = (j.faults, j.served, j.lost, j.doubled, j.unalerted, j.keys_doubled, j.repeats)
        took = f"{j.recovery_s:.1f} | {time.monotonic() - started:.0f}"
        _print(f"| {name} | {' | '.join(map(str, counts))} | {took} |")
    return 0 if kept else 1


def _run(name: str, times: int, directory: Path, servers: dict[str, str] | None, prefix: str, seed: int) -> Judgement:
    if name == REHEARSAL:
        return brokers.rehearse(times, directory, prefix, seed)
    if name in outages.OUTAGES:
        return outages.run(name, times, directory, prefix, AWAY_S, seed)
    fault = EMBEDDED.get(name) or DISTRIBUTED[name]
    return bring_about(fault, times, directory, servers, prefix, seed, roles.PARTITIONS)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
