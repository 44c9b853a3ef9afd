"""Minutes of playing on a machine that is busy with something else: does it live, does it count, does it grow?

``python tests/bench/soak.py [--minutes 10] [--hop 32] [--idle] [--smoke]`` starts a JACK server without hardware,
`streamer live` at hop 128 or another, and, but for ``--idle``, one endless loop per core; a melody is played into the
microphone over and over. Memory is read from /proc every ten seconds. The exit status is 1 when `streamer` died, left a
note sounding, or grew by more than `GROWTH_KB_PER_MIN`.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "real"))

from jackserver import JackServer
from livecommand import Live
from melody import JAZZ_GUITAR, render
from receivers import MidiDump, notes_on, sounding

HOP = 128
RATE_HZ = 48_000
GROWTH_KB_PER_MIN = 256.0
NEEDED = ("jackd", "jack_lsp", "jack_midi_dump", "jack-play", "fluidsynth", "sox", "stdbuf")


def family(pid: int) -> list[int]:
    """A process and those it has started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [one for child in children.read_text().split() for one in family(int(child))]
    return found


def resident_kb(pid: int) -> int:
    """Resident memory of a process and those it has started."""
    lines = [line for one in family(pid) for line in Path(f"/proc/{one}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def cpu_s(pid: int) -> float:
    """Processor time that they have used."""
    fields = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def soak(
    folder: Path, duration_s: float, every_s: float, growth_kb_per_min: float, hop: int = HOP, loops: int | None = None
) -> bool:
    """Run, print what was seen, and tell whether all is well."""
    melody = render(folder, RATE_HZ, program=JAZZ_GUITAR)
    samples, _ = soundfile.read(melody.recording, dtype="int16")
    rounds = int(duration_s * RATE_HZ / len(samples)) + 1
    recording = folder / "long.wav"
    soundfile.write(recording, np.tile(samples, rounds), RATE_HZ)

    jack = JackServer(folder, RATE_HZ, synchronous=True)
    jack.start()
    others: list[subprocess.Popen[bytes]] = []
    times_s, memory_kb = [], []
    live = Live(folder, "--virtual", "--hop", str(hop), "--midi", str(folder / "take.mid"), env=jack.env)
    try:
        live.await_microphone(jack)
        dump = MidiDump(jack, folder)
        jack.connect(jack.midi_output("streamer"), dump.port)
        loops = (os.cpu_count() or 1) if loops is None else loops
        others += [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
        jack.play(recording)
        begin, cpu_before_s = time.monotonic(), cpu_s(live.process.pid)
        while (now_s := time.monotonic() - begin) < duration_s and live.process.poll() is None:
            times_s.append(now_s)
            memory_kb.append(resident_kb(live.process.pid))
            print(f"{now_s:6.0f} s  {memory_kb[-1]} kB  {len(live.events('note_on'))} notes", flush=True)
            time.sleep(min(every_s, duration_s - now_s))
        alive = live.process.poll() is None
        load = (cpu_s(live.process.pid) - cpu_before_s) / now_s if alive else float("nan")
        status = live.end(signal.SIGTERM, timeout_s=60.0)
        received = dump.close()
    finally:
        live.abandon()
        for other in others:
            other.kill()
            other.wait()
        jack.close()
    gaps = live.events("gap")
    settled = len(times_s) // 4  # caches fill, buffers grow to their size
    slope = float(np.polyfit(times_s[settled:], memory_kb[settled:], 1)[0]) * 60.0 if len(times_s) > 4 else 0.0
    played = sum(
        onset_s + r * len(samples) / RATE_HZ < now_s - 1.0 for r in range(rounds) for onset_s in melody.onsets_s
    )
    print(
        f"{now_s / 60:.1f} minutes, {len(others)} busy loops; streamer used {load:.0%} of a core; exit status {status}"
    )
    print(f"notes: {played} played, {len(live.events('note_on'))} heard, {len(notes_on(received))} received")
    print(f"losses counted: {len(gaps)}, {sum(gap['lost'] for gap in gaps)} samples of {round(now_s * RATE_HZ)}")
    print(f"memory: {memory_kb[0]} kB at first, {max(memory_kb)} kB at most, growing by {slope:.0f} kB a minute")
    print(live.said().strip())
    well = alive and status == 128 + signal.SIGTERM and not sounding(received) and bool(notes_on(received))
    return well and slope < growth_kb_per_min


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--smoke", action="store_true", help="fifteen seconds, to see that it runs")
    parser.add_argument("--hop", type=int, default=HOP, help="samples, 16 to 8192")
    parser.add_argument("--idle", action="store_true", help="no endless loops beside it")
    said = parser.parse_args()
    loops = 0 if said.idle else None
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if absent:
        print(f"soak: not installed: {', '.join(absent)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        if said.smoke:  # too short to tell growth from warming up
            well = soak(Path(folder), 15.0, 3.0, float("inf"), said.hop, loops)
        else:
            well = soak(Path(folder), said.minutes * 60.0, 10.0, GROWTH_KB_PER_MIN, said.hop, loops)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
