"""bench: what it runs, compares, counts and refuses. Nothing here depends on how long a run takes."""

import csv
import io
import json
import os
import pty
import signal
import socket
import subprocess
import threading

from sheaf_test import EXECUTORS, PROGRAM, Case, finish, run, start, wait_for

COLUMNS = ["executor", "threads", "chunk_size", "runs", "seconds", "least", "most", "cpu_seconds",
           "speedup", "efficiency", "rows", "rows_per_s", "gb_per_s", "peak_mb", "same"]
# Figures have four digits; what is computed from two of them may be off by as much.
ROUNDED = 2e-3
ONCE = ("--runs", "1", "--warm-up", "0")

# A run reads its own command line, and so another input for each setting.
OWN_WORDS = ("agg", "-n", "first(1)", "/proc/self/cmdline")


def rows_of(out):
    return list(csv.DictReader(io.StringIO(out.decode())))


def terminal(case):
    """A terminal that nobody types on: its leader, and the path to read it by, which blocks."""
    leader, follower = pty.openpty()
    case.addCleanup(os.close, leader)
    case.addCleanup(os.close, follower)
    return leader, os.ttyname(follower)


def children(pid):
    """The processes that this one has started and not waited for."""
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            with open(f"/proc/{entry.name}/stat") as stat:
                # The name, in parentheses, may hold anything.
                parent = int(stat.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(entry.name))
    return found


class Table(Case):
    def setUp(self):
        super().setUp()
        self.input = self.file("x,y\n" + "".join(f"{i},{i % 7}\n" for i in range(5000)))

    def bench(self, *args, **options):
        return rows_of(self.ok("bench", *args, **options))

    def near(self, value, expected, what):
        self.assertAlmostEqual(float(value), expected, delta=abs(expected) * ROUNDED, msg=what)

    def test_a_row_for_each_setting(self):
        table = self.bench("-j", "1,2", "--chunk-size", "auto,1K", "--executor", "serial,pool",
                           *ONCE, "count", self.input)
        self.assertEqual([(row["executor"], row["threads"], row["chunk_size"]) for row in table],
                         [("serial", "1", "auto"), ("serial", "1", "1K"), ("pool", "1", "auto"),
                          ("pool", "1", "1K"), ("pool", "2", "auto"), ("pool", "2", "1K")])
        self.assertEqual(list(table[0]), COLUMNS)

    def test_defaults(self):
        table = self.bench("count", self.input)
        threads = {1, len(os.sched_getaffinity(0))}
        self.assertEqual({row["executor"] for row in table}, set(EXECUTORS))
        self.assertEqual({int(row["threads"]) for row in table}, threads)
        self.assertEqual([row["threads"] for row in table if row["executor"] == "serial"], ["1"])
        self.assertEqual({(row["chunk_size"], row["runs"], row["same"]) for row in table},
                         {("auto", "5", "yes")})

    def test_figures_fit_together(self):
        size = os.path.getsize(self.input) - len("x,y\n")
        table = self.bench("-j", "2,1", "--runs", "4", "agg", "sum(x)", self.input)
        base = next(row for row in table if row["threads"] == "1")
        for row in table:
            seconds = float(row["seconds"])
            self.assertLessEqual(float(row["least"]), seconds)
            self.assertLessEqual(seconds, float(row["most"]))
            self.assertGreater(float(row["least"]), 0)
            self.assertGreaterEqual(float(row["cpu_seconds"]), 0)
            self.near(row["speedup"], float(base["seconds"]) / seconds, row)
            self.near(row["efficiency"], float(row["speedup"]) / int(row["threads"]), row)
            self.assertEqual(row["rows"], "5000")
            self.near(row["rows_per_s"], 5000 / seconds, row)
            self.near(row["gb_per_s"], size / 1e9 / seconds, row)
            self.assertGreater(float(row["peak_mb"]), 0.5)
        self.assertEqual(base["speedup"], "1")

    def settings(self, *args):
        return [(row["executor"], row["threads"], row["chunk_size"])
                for row in self.bench(*args, *ONCE, "count", self.input)]

    def test_no_threads_are_the_usual_threads(self):
        usual = str(len(os.sched_getaffinity(0)))
        self.assertEqual(self.settings("-j", "0", "--executor", "pool"), [("pool", usual, "auto")])
        self.assertEqual(self.settings("-j", f"00,{usual},7", "--executor", "pool"),
                         [("pool", usual, "auto"), ("pool", "7", "auto")])

    def test_what_is_listed_twice_is_run_once(self):
        self.assertEqual(self.settings("-j", "3,1,01,3", "--executor", "pool"),
                         [("pool", "3", "auto"), ("pool", "1", "auto")])
        self.assertEqual(self.settings("-j", "1", "--executor", "pool,serial,pool"),
                         [("pool", "1", "auto"), ("serial", "1", "auto")])
        self.assertEqual(self.settings("-j", "1", "--executor", "pool", "--chunk-size",
                                       "1K,auto,1024,1M,1k,auto,1024K"),
                         [("pool", "1", "1K"), ("pool", "1", "auto"), ("pool", "1", "1M")])
        self.assertEqual(self.settings("-j", ",".join(["2"] * 100), "--executor", "pool"),
                         [("pool", "2", "auto")])

    def test_rows_of_bad_shape_or_quoting_do_not_count(self):
        path = self.file('x,y\n1,1\n2\n"3"3,3\ntwo,4\n5,5\n', name="bad.csv")
        for how in ("skip", "null"):
            (row,) = self.bench("-q", "--executor", "serial", "-j", "1", *ONCE, "agg",
                                "--on-error", how, "sum(x)", path)
            self.assertEqual(row["rows"], "3", how)

    def test_without_one_thread_the_first_row_is_the_measure(self):
        table = self.bench("-j", "2,3", "--executor", "pool", *ONCE, "count", self.input)
        self.assertEqual([table[0]["speedup"], table[0]["efficiency"]], ["1", "0.5"])

    def test_formats_hold_the_same(self):
        args = ("--executor", "pool", *ONCE, "count", self.input)
        table = json.loads(self.ok("bench", "-f", "json", *args))
        self.assertEqual(list(table[0]), COLUMNS)
        self.assertEqual((table[0]["executor"], table[0]["threads"], table[0]["rows"]),
                         ("pool", 1, 5000))
        self.assertIsInstance(table[0]["seconds"], float)
        self.assertTrue(self.ok("bench", "-D", ";", *args).startswith(b"executor;threads;"))
        self.assertTrue(self.ok("bench", "-f", "md", *args).startswith(b"| executor"))
        out = self.dir / "table.csv"
        self.gives("", "bench", "-o", out, *args)
        self.assertEqual(rows_of(out.read_bytes())[0]["rows"], "5000")

    def test_round(self):
        row = self.bench("--round", "1", "--executor", "serial", *ONCE, "count", self.input)[0]
        for column in ("seconds", "cpu_seconds", "rows_per_s", "peak_mb"):
            self.assertRegex(row[column], r"^\d+(\.\d)?$")
        self.assertEqual(row["speedup"], "1")

    def test_every_command_that_reads(self):
        for command in (["count"], ["agg", "mean(x)"], ["agg", "-g", "y", "sum(x)"]):
            for row in self.bench("--executor", "pool", *ONCE, *command, self.input):
                self.assertEqual((row["rows"], row["same"]), ("5000", "yes"), command)

    def test_generators(self):
        command = ("gen", "measurements", "--rows", "100000")
        size = len(self.ok(*command))
        for row in self.bench("--runs", "2", *command):
            self.assertEqual((row["rows"], row["same"]), ("100000", "yes"))
            self.near(row["gb_per_s"], size / 1e9 / float(row["seconds"]), row)


class Words(Case):
    """The command line behind bench's own options reaches the command as it stands."""

    def rows(self, *args, **options):
        return {row["rows"] for row in rows_of(self.ok("bench", *ONCE, *args, **options))}

    def test_spaces_and_quotes(self):
        path = self.file("a b,\"c\"\n1,2\n3,4\n", name="a file.csv")
        self.assertEqual(self.rows("agg", "-g", "a b", 'sum("c") as  the sum', path), {"2"})

    def test_dashes_before_and_inside(self):
        self.file("x\n1\n2\n3\n", name="-x.csv")
        for command in (["count", "--", "-x.csv"], ["--", "count", "--", "-x.csv"],
                        ["--", "agg", "sum(x)", "--", "-x.csv"]):
            self.assertEqual(self.rows(*command, cwd=self.dir), {"3"}, command)

    def test_options_behind_the_command_are_its_own(self):
        path = self.file("1;2\n")
        self.assertEqual(self.rows("count", "-n", "-d", ";", "-f", "json", path, "-q"), {"1"})

    def test_standard_input_is_read_again_from_where_it_stands(self):
        path = self.file("a\nb\nc\nd\n")
        with open(path, "rb", buffering=0) as file:
            file.seek(2)
            out = self.ok("bench", "--runs", "3", "count", "-n", stdin=file)
        self.assertEqual({(row["rows"], row["same"]) for row in rows_of(out)}, {("3", "yes")})

    def test_standard_input_that_can_be_read_once_is_refused(self):
        path = self.file("a\n1\n")
        for command in (["count"], ["count", "-"], ["count", path, "-"], ["agg", "sum(a)"],
                        ["agg", "-i", "raw", "--schema", "x:u8", "sum(x)"]):
            text = self.fails(2, "bench", *command, data=b"a\n1\n",
                              parts=("standard input", "must read it anew"))
            self.assertEqual(text.count("\n"), 1, text)
        self.assertEqual(self.rows("count", path, data=b"a\n1\n"), {"1"})
        self.assertEqual(self.rows("gen", "sequence", "--rows", "3", data=b"a\n1\n"), {"3"})

    def test_a_terminal_that_is_standard_input_is_refused(self):
        leader, path = terminal(self)
        with open(path, "rb", buffering=0) as file:
            for command in (["count"], ["count", "/dev/stdin"], ["count", path]):
                text = self.fails(2, "bench", *command, stdin=file, parts=("must read it anew",))
                self.assertEqual(text.count("\n"), 1, text)

    def test_inputs_that_can_be_read_once_are_refused(self):
        path = self.file("a\n1\n")
        fifo = self.fifo()
        link = self.dir / "link.csv"
        os.symlink(fifo, link)
        address = str(self.dir / "socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
        for name in (fifo, link, address, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
            for command in (["count", name], ["count", path, name], ["agg", "sum(a)", name],
                            ["count", "--", name], ["stats", name, path]):
                text = self.fails(2, "bench", *command, data=b"a\n1\n",
                                  parts=(str(name), "must read it anew"), timeout=10)
                self.assertEqual(text.count("\n"), 1, text)

    def test_process_substitution_is_refused(self):
        script = f"'{PROGRAM}' bench count <(printf 'a\\n1\\n')"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, timeout=10,
                              stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertRegex(done.stderr, rb"^sheaf: bench: /dev/fd/\d+: .*must read it anew.*\n$")

    def test_a_generator_is_no_file(self):
        self.fifo("sequence")
        self.assertEqual(self.rows("gen", "sequence", "--rows", "3", cwd=self.dir), {"3"})
        self.file("old", name="trips")
        self.gives("", "bench", *ONCE, "-o", "trips", "gen", "trips", "--rows", "3", cwd=self.dir)

    def test_the_null_device_is_empty(self):
        self.assertEqual(self.rows("count", stdin=subprocess.DEVNULL), {"0"})


class Agreement(Case):
    def test_settings_that_disagree(self):
        result = run("bench", "-j", "1,2", "--executor", "pool", "--runs", "2", *OWN_WORDS)
        self.assertEqual(result.status, 1)
        self.assertEqual([row["same"] for row in rows_of(result.out)], ["yes", "no"])
        self.assertRegex(
            result.err.decode(),
            r"^sheaf: bench: warm-up 1 of 1, pool, 2 threads, auto gave another result than the "
            r"first run \(pool, 1 thread, auto\): it differs from byte \d+ on\n$")

    def test_executors_and_sizes_that_disagree(self):
        for args in (["--executor", "pool,serial", "-j", "1"],
                     ["--chunk-size", "1K,2K", "--executor", "pool", "-j", "1"]):
            result = run("bench", *args, *ONCE, *OWN_WORDS)
            self.assertEqual(result.status, 1, args)
            self.assertEqual([row["same"] for row in rows_of(result.out)], ["yes", "no"])
            self.assertIn(b"round 1 of 1", result.err)

    def test_where_it_differs(self):
        out = {}
        for jobs in ("1", "22"):
            words = ["sheaf", "agg", "--executor=pool", f"--jobs={jobs}", "--timings=json",
                     "--progress=never", *OWN_WORDS[1:]]
            out[jobs] = "first(1)\n" + "\0".join(words)
        place = next(i for i, (a, b) in enumerate(zip(out["1"], out["22"])) if a != b) + 1
        result = run("bench", "-j", "1,22", "--executor", "pool", *ONCE, *OWN_WORDS)
        self.assertIn(f"it differs from byte {place} on", result.err.decode())

    def test_an_output_that_is_the_beginning_of_the_other(self):
        """A row for each field between the "="s of the command line; a size adds one."""
        command = ("stats", "-n", "-d", "=", "--fields", "column", "/proc/self/cmdline")
        place = len("column\n" + "".join(f"c{i}\n" for i in range(1, 7))) + 1
        for sizes in ("auto,1K", "1K,auto"):
            result = run("bench", "--chunk-size", sizes, "-j", "1", "--executor", "pool", *ONCE,
                         *command)
            self.assertEqual((result.status, [row["same"] for row in rows_of(result.out)]),
                             (1, ["yes", "no"]))
            self.assertIn(f"it differs from byte {place} on", result.err.decode())

    def test_an_input_that_changes_between_runs(self):
        path = self.file("x\n", name="changing.csv")
        over = threading.Event()

        def change():
            rows = 0
            while not over.is_set():
                rows += 1
                other = self.file("x\n" + "1\n" * rows, name="next.csv")
                os.replace(other, path)

        thread = threading.Thread(target=change)
        thread.start()
        result = run("bench", "-j", "1", "--executor", "serial", "--runs", "50", "count", path)
        over.set()
        thread.join()
        self.assertEqual(result.status, 1)
        (row,) = rows_of(result.out)
        self.assertEqual(row["same"], "no")
        self.assertRegex(result.err.decode(), r"serial, 1 thread, auto gave another result than "
                         r"the first run \(serial, 1 thread, auto\)")

    def test_the_table_of_a_disagreement_is_written(self):
        out = self.dir / "table.json"
        result = run("bench", "-f", "json", "-o", out, "-j", "1,2", "--executor", "pool", *ONCE,
                     *OWN_WORDS)
        self.assertEqual((result.status, result.out), (1, b""))
        self.assertEqual([row["same"] for row in json.loads(out.read_text())], ["yes", "no"])

    def test_much_output(self):
        rows = rows_of(self.ok("bench", "--executor", "pool,serial", "-j", "1,3", *ONCE, "gen",
                               "measurements", "--rows", "300000", "--seed", "5"))
        self.assertEqual({row["same"] for row in rows}, {"yes"})

    def test_the_memory_limit(self):
        """A run that passes it ends with 4, and so does the comparison."""
        path = self.file("x\n" + "".join(f"{i}\n" for i in range(50_000)))
        self.fails(4, "bench", "--runs", "1", "-j", "1", "stats", "--memory-limit", "200K", path,
                   parts=["--memory-limit"])

    def test_rows_left_out_are_no_failure(self):
        path = self.file("x\n1\ntwo\n3\n")
        command = ("agg", "--on-error", "skip", "sum(x)", path)
        result = run("bench", *command)
        self.assertEqual(result.status, 0)
        self.assertEqual({row["same"] for row in rows_of(result.out)}, {"yes"})
        self.assertEqual(result.err.count(b"\n"), 1, result.err)
        self.assertIn(b"skipped 1 row", result.err)
        self.assertEqual(self.ok("bench", "-q", *command)[:8], b"executor")


class Failures(Case):
    def test_the_first_run_fails(self):
        path = self.file("x\n1\n")
        self.fails(1, "bench", "count", self.dir / "none.csv", parts=("none.csv: cannot open",))
        self.fails(2, "bench", "agg", "sum(y)", path, parts=("unknown column \"y\"",))
        self.fails(1, "bench", "agg", "sum(x)", self.file("x\na\n"), parts=("input.csv:2:",))
        self.fails(4, "bench", "agg", "--memory-limit", "1", "-g", "x", "count()", path)

    def test_a_later_run_fails(self):
        path = self.file("x\n1\n")
        process = start("bench", "--runs", "1000", "--executor", "pool", "count", path)
        seen = set()
        wait_for(lambda: seen.update(children(process.pid)) or len(seen) > 1, "two runs")
        os.unlink(path)
        result = finish(process)
        self.assertEqual((result.status, result.out), (1, b""))
        told, where = result.err.decode().splitlines()
        self.assertIn("input.csv: cannot open", told)
        self.assertRegex(where, r"^sheaf: bench: (round|warm-up) \d+ of \d+, pool, \d+ threads?, "
                                r"auto: the run ended with status 1$")

    def test_a_run_that_is_killed(self):
        process = start("bench", *ONCE, "count", terminal(self)[1])
        wait_for(lambda: children(process.pid), "a run")
        os.kill(children(process.pid)[0], signal.SIGKILL)
        result = finish(process)
        self.assertEqual((result.status, result.out), (1, b""))
        self.assertIn(b"the run was ended by signal 9 (Killed)", result.err)

    def test_signals_end_the_run_too(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            out = self.dir / "table.csv"
            process = start("bench", "-o", out, "count", terminal(self)[1])
            wait_for(lambda: children(process.pid), "a run")
            (child,) = children(process.pid)
            process.send_signal(number)
            result = finish(process)
            self.assertEqual((result.status, result.out, result.err), (-number, b"", b""))
            wait_for(lambda: not os.path.exists(f"/proc/{child}"), "the end of the run")
            self.assertEqual(os.listdir(self.dir), [])

    def test_no_place_for_what_is_compared(self):
        self.fails(1, "bench", "count", self.file("x\n"), env={**os.environ, "TMPDIR": "/none"},
                   parts=("temporary file in /none", "No such file"))

    def test_an_output_that_cannot_be_written(self):
        path = self.file("x\n")
        self.fails(1, "bench", "-o", self.dir / "none" / "out.csv", "count", path)
        with open("/dev/full", "wb") as full:
            result = run("bench", "count", path, stdout=full)
        self.assertEqual(result.status, 1)

    def test_a_closed_reader(self):
        process = start("bench", "--runs", "1", "count", self.file("x\n"))
        process.stdout.close()
        process.wait(60)
        self.assertEqual(process.returncode, -signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        process.stdin.close()


class Usage(Case):
    def setUp(self):
        super().setUp()
        self.input = self.file("x\n1\n")

    def refused(self, *args, parts):
        self.fails(2, "bench", *args, parts=parts)

    def test_options_that_bench_sets(self):
        for option in (["-j4"], ["-qj", "4"], ["--jobs=0"], ["--threads", "2"], ["--thr=2"]):
            self.refused("count", *option, self.input, parts=("cannot run 'count' with --jobs",))
        for name, option in (("chunk-size", "--chunk-size=1"), ("executor", "--exec=pool"),
                             ("output", "-oout"), ("output", "--output=-"), ("help", "-h"),
                             ("timings", "--timings"), ("explain", "--explain")):
            self.refused("count", self.input, option, parts=(f"cannot run 'count' with --{name}:",))
        self.assertEqual(os.listdir(self.dir), ["input.csv"])

    def test_words_that_only_look_like_such_options(self):
        self.ok("bench", *ONCE, "agg", "-g", "-j", "count()", self.file("-j\n1\n"))
        self.file("x\n1\n", name="--jobs")
        self.ok("bench", *ONCE, "count", "--", "--jobs", cwd=self.dir)

    def test_commands(self):
        self.refused(parts=("bench needs a command",))
        self.refused("bench", "count", self.input, parts=("bench cannot run itself",))
        self.refused("help", "count", parts=("unknown command 'help'",))
        self.refused("cuont", self.input, parts=("did you mean 'count'?",))
        self.refused("--", "--version", parts=("unknown command '--version'",))
        self.refused("count", "--colour", parts=("unknown option '--colour'",))

    def test_lists(self):
        for args, part in ((["-j", ""], "--jobs: ''"), (["-j", "1,,2"], "--jobs: ''"),
                           (["-j", "x"], "--jobs: 'x'"),
                           (["-j", "65536"], "too large"), (["-j", "-1"], "'-1'"),
                           (["--chunk-size", "1K,0"], "--chunk-size: '0' is too small"),
                           (["--chunk-size", "1X"], "--chunk-size: '1X' is not a size"),
                           (["--chunk-size", "0" * 40], "too long"),
                           (["--executor", "pool,pol"], "did you mean 'pool'?"),
                           (["-j", ",".join(map(str, range(1, 66)))], "more than 64"),
                           (["-j", "2", "--executor", "serial"], "nothing to compare"),
                           (["--runs", "0"], "--runs: '0' is too small"),
                           (["--runs", "1001"], "too large"), (["--warm-up", "x"], "--warm-up"),
                           (["-f", "xml"], "--format"), (["--memory-limit", "1"], "--memory-limit")):
            self.refused(*args, "count", self.input, parts=(part,))

    def test_an_output_that_is_an_input(self):
        for args in (["count", self.input], ["agg", "sum(x)", "--", self.input]):
            self.refused("-o", self.input, *args, parts=("the output is also an input",))
        link = self.dir / "link.csv"
        os.link(self.input, link)
        self.refused("-o", link, "count", self.input, parts=("the output is also an input",))
        with open(self.input, "rb") as file:
            self.fails(2, "bench", "-o", self.input, "count", stdin=file)
        self.assertEqual(open(self.input, "rb").read(), b"x\n1\n")

    def test_help(self):
        text = self.ok("bench", "--help").decode()
        for word in ("Usage: sheaf bench", "--runs", "--warm-up", "--jobs", "Examples:", *COLUMNS):
            self.assertIn(word, text)
        self.assertEqual(text, self.ok("help", "bench").decode())
        self.assertLess(max(map(len, text.splitlines())), 81)


class Progress(Case):
    def test_a_terminal_is_told_what_runs(self):
        leader, follower = pty.openpty()
        keyboard, path = terminal(self)
        process = start("bench", "-j", "2", "--executor", "pool", *ONCE, "count", path,
                        stderr=follower, env={**os.environ, "TERM": "xterm"})
        os.close(follower)
        shown = b""
        while not shown.endswith(b"\033[K"):  # the run lasts until the line stands there
            shown += os.read(leader, 4096)
        self.assertEqual(shown, b"\rbench: round 1 of 1, pool, 2 threads, auto\033[K")
        os.write(keyboard, b"x\n1\n\x04")  # and the end of file
        result = finish(process)
        self.assertEqual(result.status, 0)
        self.assertEqual(rows_of(result.out)[0]["rows"], "1")
        self.assertEqual(os.read(leader, 4096), b"\r\033[K")
        os.close(leader)
