"""What the whole-program tests share: running the program, temporary files, reading its output.

The program is $SHEAF, or build/sheaf at the root of the repository.
"""

import csv
import fcntl
import functools
import io
import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(os.environ.get("SHEAF") or ROOT / "build" / "sheaf").resolve())
EXECUTORS = ("pool", "openmp", "serial")
SECONDS = 120  # after which a run counts as hanging

MEBIBYTE = 1 << 20

# A child's peak begins at what its parent held when it forked, so that a small process has to stand
# between these tests and the program. It writes status and peak, in KiB, to its first argument.
MEASURE = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as out:
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=out)
"""


class Result(NamedTuple):
    status: int  # -N: ended by signal N
    out: bytes
    err: bytes


def seed(name, default=1):
    """The seed of a property test: SHEAF_TEST_SEED, or the one given; printed."""
    value = int(os.environ.get("SHEAF_TEST_SEED", str(default)), 0)
    print(f"  {name}: seed {value}")
    return random.Random(value)


def default_signals():
    """Python ignores SIGPIPE, a shell may ignore SIGINT, and a child would inherit that."""
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*args, program=PROGRAM, **options):
    """Starts the program; pipes for all three streams unless told otherwise."""
    for stream in ("stdin", "stdout", "stderr"):
        options.setdefault(stream, subprocess.PIPE)
    command = [program] if isinstance(program, str) else list(program)
    return subprocess.Popen([*command, *map(str, args)], preexec_fn=default_signals, **options)


def finish(process, data=None, timeout=SECONDS):
    """Feeds standard input, waits, and gives status and output; kills a process that hangs."""
    try:
        out, err = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"no end after {timeout} s: {process.args}") from None
    return Result(process.returncode, out or b"", err or b"")


def run(*args, data=b"", timeout=SECONDS, **options):
    """Runs the program with `data` on a pipe as its standard input."""
    if "stdin" in options:
        data = None
    return finish(start(*args, **options), data, timeout)


def feed(path, *pieces):
    """Writes to a FIFO from a thread; a reader that leaves early is no error."""

    def work():
        try:
            with open(path, "wb") as stream:
                for piece in pieces:
                    stream.write(piece)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def run_measured(report, *args, pieces=(), timeout=SECONDS):
    """Runs the program with the pieces on a pipe: its result and its peak memory in bytes.

    The pipe is closed when a run ends that did not read it all. `report` is a path to write to."""
    measure = [sys.executable, "-S", "-E", "-c", MEASURE, str(report), PROGRAM]
    process = start(*args, program=measure)
    set_pipe_size(process.stdin.fileno(), MEBIBYTE)
    killer = threading.Timer(timeout, process.kill)
    killer.start()
    try:
        for piece in pieces:
            process.stdin.write(piece)
    except BrokenPipeError:
        pass
    result = finish(process, timeout=timeout)
    killer.cancel()
    if result.status != 0:
        raise AssertionError(f"no end after {timeout} s: {args}")
    status, peak = Path(report).read_text().split()
    return result._replace(status=int(status)), int(peak) * 1024


def wait_for(condition, what, seconds=30):
    """Polls until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.005)


def opens(pid, path):
    """Whether the process has the file open."""
    try:
        return any(os.path.realpath(entry.path) == os.path.realpath(path)
                   for entry in os.scandir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, PermissionError):
        return False


def set_pipe_size(descriptor, size):
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, size)


def double_text(value):
    """A double as cli.md prints it: the shortest digits, fixed for 1e-7 <= |x| < 1e21."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    digits, exponent = f"{value!r}".lower().replace("-", "", value < 0), 0
    if "e" in digits:
        digits, power = digits.split("e")
        exponent = int(power)
    whole, _, part = digits.partition(".")
    point = len(whole) + exponent
    digits = whole + part
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    sign = "-" if value < 0 else ""
    if 1e-7 <= abs(value) < 1e21:
        if point <= 0:
            return sign + "0." + "0" * -point + digits
        if point >= len(digits):
            return sign + digits + "0" * (point - len(digits))
        return sign + digits[:point] + "." + digits[point:]
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1}"


def decimal_text(value):
    """A fraction whose denominator divides a power of ten, exactly, without zeros at the end."""
    value = Fraction(value)
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    scaled = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    text = scaled[:len(scaled) - places] + ("." + scaled[len(scaled) - places:] if places else "")
    return ("-" if value < 0 else "") + text


def rounded_text(value, places):
    """A fraction rounded half to even, as a decimal."""
    return decimal_text(Fraction(round(Fraction(value) * 10**places), 10**places))


def root(value):
    """The double nearest to the square root of a fraction."""
    value = Fraction(value)
    if value == 0:
        return 0.0
    shift = 2 * max(0, 70 - (value.numerator.bit_length() - value.denominator.bit_length()) // 2)
    scaled = (value.numerator << (2 * shift)) // value.denominator
    whole = math.isqrt(scaled)
    exact = whole * whole == scaled and (value.numerator << (2 * shift)) % value.denominator == 0
    # A sticky bit below all that a double holds decides ties.
    return float(Fraction(2 * whole + (not exact), 2 << shift))


@functools.cache
def instruction_sets():
    """Those that this machine can run."""
    for line in run("--features").out.decode().splitlines():
        name, _, rest = line.partition(":")
        if name == "instructions":
            return tuple(rest.split())
    raise AssertionError("--features names no instruction sets")


@functools.cache
def every_engine():
    """Options that say what reads and computes, without end. One iterator for all, so that tests
    with few settings meet others each time."""
    engines = itertools.product(("simd", "libcsv", "simd"), instruction_sets(), ("pread", "mmap"))
    return itertools.cycle([("--scanner", scanner, "--isa", isa, "--io", io)
                            for scanner, isa, io in engines])


class Case(unittest.TestCase):
    """A test with a directory of its own, removed afterwards."""

    maxDiff = 4000

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sheaf-test-")
        self.addCleanup(holder.cleanup)
        self.dir = Path(holder.name)

    def file(self, data, name="input.csv"):
        """Makes a file in the test's directory and gives its path."""
        path = self.dir / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    def fifo(self, name="fifo"):
        path = self.dir / name
        os.mkfifo(path)
        return str(path)

    def finished(self, *args, **options):
        """What ok and fails look at; test_scanners.py runs more here."""
        return run(*args, **options)

    def ok(self, *args, status=0, **options):
        """Runs the program, expects the status and gives its output."""
        result = self.finished(*args, **options)
        self.assertEqual(result.status, status, (args, result.err[:2000], result.out[:500]))
        if status == 0:
            self.assertEqual(result.err, b"", args)
        return result.out

    def gives(self, expected, *args, **options):
        """Expects exactly this output."""
        expected = expected if isinstance(expected, bytes) else expected.encode()
        self.assertEqual(self.ok(*args, **options), expected, args)

    def fails(self, status, *args, parts=(), without=(), **options):
        """Expects the status, nothing on standard output, and one line that holds all the parts."""
        result = self.finished(*args, **options)
        text = result.err.decode(errors="surrogateescape")
        self.assertEqual(result.status, status, (args, text, result.out[:500]))
        self.assertEqual(result.out, b"", args)
        self.assertTrue(text.startswith("sheaf: "), (args, text))
        self.assertTrue(text.endswith("\n"), (args, text))
        if status == 1:
            self.assertEqual(text.count("\n"), 1, (args, text))
        for part in parts:
            self.assertIn(part, text, args)
        for part in without:
            self.assertNotIn(part, text, args)
        return text

    def table(self, *args, **options):
        """Expects success and reads the CSV that came out."""
        text = self.ok(*args, **options).decode(errors="surrogateescape")
        return list(csv.reader(io.StringIO(text, newline="")))

    def row(self, *args, **options):
        """The only row below the heading."""
        table = self.table(*args, **options)
        self.assertEqual(len(table), 2, (args, table))
        return table[1]

    def value(self, expression, values, *options):
        """What one expression gives for a column of texts, quoted where CSV needs it."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([["x"], *([value] for value in values)])
        (got,) = self.row("agg", *options, expression, self.file(text.getvalue()))
        return got

    def read(self, data, width, *options, status=0):
        """The distinct rows in order of appearance, each a tuple of texts and None."""
        path = self.file(data)
        keys = ",".join(str(column) for column in range(1, width + 1))
        out = self.ok("agg", "-f", "json", "-g", keys, *options, "count()", path, status=status)
        rows = json.loads(out, object_pairs_hook=lambda pairs: [value for _, value in pairs])
        return [tuple(row[:width]) for row in rows]
