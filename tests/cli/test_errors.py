"""Bad input and bad luck: status and message of each."""

import os
import shutil
import signal
import subprocess
import unittest

from sheaf_test import PROGRAM, Case, finish, opens, run, start, wait_for

NOBODY = 65534


class Inputs(Case):
    def test_missing_file(self):
        path = str(self.dir / "no such file.csv")
        self.fails(1, "count", path, parts=[path + ": ", "No such file or directory"])
        self.fails(1, "count", self.file("a\n1\n"), path, parts=[path + ": "])

    def test_directory(self):
        self.fails(1, "count", self.dir, parts=[f"{self.dir}: ", "directory"])

    def test_no_permission(self):
        """Root ignores permissions, so another user runs it."""
        self.dir.chmod(0o755)
        program = shutil.copy(PROGRAM, self.dir / "sheaf")
        path = self.file("a\n1\n")
        os.chmod(path, 0)
        command = [program]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                       program]
        self.fails(1, "count", path, program=command, parts=[path + ": ", "Permission denied"])

    def test_output_without_permission(self):
        self.dir.chmod(0o755)
        program = shutil.copy(PROGRAM, self.dir / "sheaf")
        closed = self.dir / "closed"
        closed.mkdir()
        closed.chmod(0o555)
        command = [program]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                       program]
        self.fails(1, "count", self.file("a\n"), "-o", closed / "x", program=command,
                   parts=[f"{closed}/x: ", "Permission denied"])

    def test_ragged(self):
        path = self.file("a,b\n1,2\n3\n")
        self.fails(1, "count", path, parts=[path + ":3: ", "1", "2"])
        path = self.file("a,b\n1,2\n3,4,5\n")
        self.fails(1, "count", path, parts=[path + ":3: ", "3", "2"])

    def test_text_where_a_number_is_needed(self):
        path = self.file("station,temp\nx,1\ny,warm\n")
        for name in ("sum", "mean", "var", "varp", "sd", "sdp", "range"):
            self.fails(1, "agg", f"{name}(temp)", path, parts=[path + ":3: ", "temp", "warm"])

    def test_a_long_or_wild_value_is_shown_safely(self):
        path = self.file(b"x\n1\n\"\x1b[31m\n\x07" + b"y" * 100_000 + b"\"\n")
        text = self.fails(1, "agg", "sum(x)", path, parts=[path + ":3: "])
        self.assertLess(len(text), 1200)
        self.assertFalse(set(text) & {"\x1b", "\x07"}, text)

    def test_unclosed_quote(self):
        path = self.file('a,b\n1,2\n3,"4\n5,6\n7,8\n')
        self.fails(1, "count", path, parts=[path + ":3: ", "quote"])

    def test_bad_quoting(self):
        path = self.file('a,b\n1,2\n"3"x,4\n')
        self.fails(1, "count", path, parts=[path + ":3: ", "quote"])

    def test_standard_input_is_named(self):
        text = self.fails(1, "count", data=b"a,b\n1\n", parts=[":2: "])
        self.assertRegex(text, r"standard input|stdin|-:2")

    def test_unknown_column_with_a_suggestion(self):
        path = self.file("fare,tip\n1,2\n")
        self.fails(2, "agg", "sum(fair)", path, parts=["fair", "fare"])
        self.fails(2, "agg", "-g", "tup", "count()", path, parts=["tup", "tip"])

    def test_memory_limit(self):
        path = self.file("k\n" + "".join(f"{i}-{'x' * 100}\n" for i in range(100_000)))
        args = ("agg", "-g", "k", "count()", path)
        self.fails(4, *args, "--memory-limit", "1M", parts=["group", "limit"])
        self.assertEqual(run(*args, "--memory-limit", "1G").status, 0)
        self.assertEqual(run("agg", "count()", path, "--memory-limit", "1M").status, 0)

    def test_memory_limit_and_a_long_row(self):
        path = self.file("a,b\n1," + "x" * 3_000_000 + "\n")
        for size in ("64", "4K", "8M"):
            for limit, status in (("1M", 4), ("100M", 0)):
                result = run("agg", "first(b)", "--memory-limit", limit, "--chunk-size", size, path)
                self.assertEqual(result.status, status, (size, limit, result.err))

    def test_memory_limit_names_its_place(self):
        path = self.file('k,"long k"\n' + "".join(f"{i},{i}\n" for i in range(100_000)))
        for columns, name in (("k", '"k"'), ("2,k", '"long k, k"')):
            for limit in ("1K", "1M"):
                self.fails(4, "agg", "-g", columns, "count()", path, "--memory-limit", limit,
                           parts=["group", f"column {name}", "--memory-limit"])
        data = b"a,b\n1,2\n3," + b"x" * 3_000_000 + b"\n"
        path = self.file(data)
        for size in ("64", "4K", "8M"):
            args = ("agg", "first(b)", "--memory-limit", "1M", "--chunk-size", size)
            self.fails(4, *args, path, parts=[path + ":3: ", '"b"', "--memory-limit"])
            self.fails(4, *args, data=data, parts=[":3: ", "--memory-limit"])

    def test_wild_file_names_are_shown_safely(self):
        names = (("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\x7f\r", "\\x7f\\r"))
        for name, shown in names:
            missing = self.dir / name
            self.one_line("count", missing, shown=shown)
            self.one_line("count", self.file("a,b\n1\n", name), shown=shown + ":2: ")
            self.one_line("count", self.file("a\n1\n"), "-o", self.dir / "no" / name,
                          shown=f"/no/{shown}: ")

    def one_line(self, *args, shown):
        text = self.fails(1, *args, parts=[shown])
        self.assertFalse([c for c in text[:-1] if c < " " or c == "\x7f"], text)

    def test_no_standard_input(self):
        result = subprocess.run(["sh", "-c", 'exec "$0" count <&-', PROGRAM], capture_output=True,
                                check=False)
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertTrue(result.stderr.startswith(b"sheaf: "), result.stderr)

    def test_standard_input_is_a_directory(self):
        directory = os.open(self.dir, os.O_RDONLY)
        self.addCleanup(os.close, directory)
        self.fails(1, "count", stdin=directory, parts=["directory"])

    def test_threads_that_the_system_refuses(self):
        """Work goes on with the threads there are, or fails clearly with none."""
        if os.geteuid() != 0:
            return  # only another user's count of threads can be limited reliably
        self.dir.chmod(0o755)
        program = shutil.copy(PROGRAM, self.dir / "sheaf")
        path = self.file("a\n" + "1\n" * 100_000)
        for allowed, statuses in ((1, (0, 1)), (2, (0,)), (3, (0,))):
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                       "prlimit", f"--nproc={allowed}", program]
            result = run("count", "-j", "8", "--chunk-size", "1K", path, program=command)
            self.assertIn(result.status, statuses, (allowed, result.err))
            if result.status == 0:
                self.assertEqual(result.out, b"100000\n")
            else:
                self.assertIn(b"thread", result.err)


class Outputs(Case):
    def test_full_device(self):
        path = self.file("a\n1\n")
        self.fails(1, "count", path, "-o", "/dev/full",
                   parts=["/dev/full: ", "No space left on device"])
        with open("/dev/full", "wb") as full:
            result = run("count", path, stdout=full)
            self.assertEqual(result.status, 1)
            self.assertIn(b"No space left on device", result.err)
            self.assertTrue(result.err.startswith(b"sheaf: "))
            for command in (["--help"], ["--version"], ["agg", "--help"],
                            ["count", "--explain", path]):
                result = run(*command, stdout=full)
                self.assertEqual(result.status, 1, command)

    def test_full_file_system(self):
        """A tmpfs of 64 KiB, mounted where only this test sees it."""
        path = self.file("k\n" + "".join(f"{i}-{'x' * 50}\n" for i in range(5000)))
        disk = self.dir / "disk"
        disk.mkdir()
        script = ('disk=$1; mount -t tmpfs -o size=64k none "$disk" || exit 99; cd "$disk"; shift; '
                  'echo old >out; "$@"; s=$?; echo "$(ls -A) $(cat out)" >&2; cd /; '
                  'umount "$disk"; exit $s')
        # In a chroot the root is no mount whose propagation could be changed.
        unshare = ["unshare", "--mount", "--propagation", "unchanged"]
        if os.geteuid() != 0:
            unshare.append("--map-root-user")
        command = [*unshare, "sh", "-c", script, "sh", disk, PROGRAM, "agg", "-g", "k", "count()",
                   path, "-o", "out"]
        result = subprocess.run(list(map(str, command)), capture_output=True, timeout=60,
                                check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(b"sheaf: out: ", result.stderr)
        self.assertIn(b"No space left on device", result.stderr)
        self.assertEqual(result.stderr.splitlines()[-1], b"out old")

    def test_missing_directory(self):
        target = self.dir / "no" / "out.csv"
        self.fails(1, "count", self.file("a\n1\n"), "-o", target,
                   parts=[f"{target}: ", "No such file or directory"])

    def test_output_that_cannot_be_written_fails_before_the_run(self):
        """The input never ends, so that only a check beforehand can fail."""
        fifo = self.fifo()
        holder = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, holder)
        os.write(holder, b"a\n1\n")
        self.fails(1, "count", fifo, "-o", self.dir / "no" / "out", timeout=20, parts=["no/out"])

    def test_output_is_a_directory(self):
        self.fails(1, "count", self.file("a\n1\n"), "-o", self.dir, parts=[f"{self.dir}"])

    def test_output_that_is_an_input(self):
        path = self.file("a\n1\n")
        link, hard = self.dir / "link", self.dir / "hard"
        link.symlink_to(path)
        os.link(path, hard)
        for target in (path, link, hard):
            self.fails(2, "count", path, "-o", target, parts=[str(self.dir), "input"])
        with open(path, "ab") as stream:
            self.assertEqual(run("count", path, stdout=stream).status, 2)
        with open(path, "rb") as stream:
            self.assertEqual(run("count", "-o", path, stdin=stream).status, 2)
        with open(path, "rb") as stream:
            self.assertEqual(stream.read(), b"a\n1\n")

    def test_closed_pipe(self):
        path = self.file("k\n" + "".join(f"{i}-{'x' * 50}\n" for i in range(50_000)))
        reader, writer = os.pipe()
        os.close(reader)
        process = start("agg", "-g", "k", "count()", path, stdout=writer)
        os.close(writer)
        result = finish(process)
        self.assertEqual((result.status, result.err), (-signal.SIGPIPE, b""))

    def test_closed_standard_output(self):
        result = subprocess.run(["sh", "-c", 'exec "$0" count "$1" >&-', PROGRAM,
                                 self.file("a\n1\n")], capture_output=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertTrue(result.stderr.startswith(b"sheaf: "), result.stderr)


class Signals(Case):
    def held(self, *args, **options):
        """A run that has read a header and some rows and waits for more."""
        fifo = self.fifo()
        holder = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, holder)
        os.write(holder, b"a,b\n1,2\n3,4\n")
        process = start(*args, fifo, **options)
        wait_for(lambda: opens(process.pid, fifo), "the program to open its input")
        return process

    def test_stopped_by_a_signal(self):
        for executor in ("pool", "openmp", "serial"):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                for path in self.dir.iterdir():
                    path.unlink()
                process = self.held("agg", "sum(a)", "--executor", executor, "-j", "2",
                                    "-o", str(self.dir / "out"))
                process.send_signal(number)
                result = finish(process, timeout=30)
                self.assertEqual((result.status, result.out), (-number, b""), executor)
                self.assertEqual(os.listdir(self.dir), ["fifo"])

    def test_stopped_in_the_midst_of_work(self):
        """Enough work that the signal arrives while chunks are being read."""
        path = self.file("a,b\n" + "1,2\n" * 2_000_000)
        for executor in ("pool", "openmp", "serial"):
            process = start("agg", "-g", "a", "var(b)", "--executor", executor, "-j", "2",
                            "--chunk-size", "64", path, "-o", str(self.dir / "out"))
            wait_for(lambda: opens(process.pid, path), "the program to open its input")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(finish(process, timeout=30).status, -signal.SIGTERM)
            self.assertEqual(os.listdir(self.dir), ["input.csv"])


if __name__ == "__main__":
    unittest.main()
