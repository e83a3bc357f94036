"""Pipes, several inputs, rows longer than chunks, bounded memory, and files that change."""

import os
import resource
import signal
import subprocess
import threading
import time
import unittest

from sheaf_test import (EXECUTORS, MEBIBYTE, PROGRAM, Case, feed, finish, opens, run, run_measured,
                        seed, set_pipe_size, start, wait_for)


class Pipes(Case):
    def nasty(self, count, name):
        random = seed(name)
        fields = ["x", '"a,b"', '"c\nd\n"', '"\r\n"', "", '""', 'f"g"', '"h""i"', "\r"]
        rows = ["k,v,t\n"]
        for _ in range(count):
            number = random.randrange(1000)
            rows.append(f"{random.choice('abcdefg')},{number},{random.choice(fields)}\n")
        return "".join(rows).encode()

    def test_pipe_equals_file(self):
        data = self.nasty(60_000, "pipe_equals_file")
        args = ("agg", "-g", "t", "count()", "sum(v)", "first(k)", "last(k)")
        expected = self.ok(*args, self.file(data))
        for executor in EXECUTORS:
            for size in ("100", "4K", "1M"):
                for threads in (1, 2, 4):
                    setting = ("--executor", executor, "-j", threads, "--chunk-size", size)
                    self.gives(expected, *args, *setting, data=data)

    def test_standard_input_by_name_and_default(self):
        self.gives("1\n", "count", data=b"a\n1\n")
        self.gives("1\n", "count", "-", data=b"a\n1\n")
        with open(self.file("a\n1\n2\n"), "rb") as stream:
            self.gives("2\n", "count", stdin=stream)
            stream.seek(0)
            self.gives("2\n", "count", "-", stdin=stream)

    def test_standard_input_begins_where_it_stands(self):
        """A shell may have read the first lines already."""
        with open(self.file("junk\na\n1\n2\n"), "rb", buffering=0) as stream:
            stream.seek(5)
            self.gives("a,count()\n1,1\n2,1\n", "agg", "-g", "a", "count()", "--chunk-size", "2",
                       stdin=stream)

    def test_a_regular_file_that_tells_no_size(self):
        with open("/proc/self/mountinfo", "rb") as stream:
            lines = stream.read().count(b"\n")
        self.gives(f"{lines}\n", "count", "-n", "--quote", "none", "-d", "\\x01",
                   "/proc/self/mountinfo")

    def test_a_byte_at_a_time(self):
        process = start("agg", "-g", "a", "sum(b)", "-j", "2")
        for byte in b'a,b\r\n"x\n",1\r\ny,2\n"x\n",3':
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        result = finish(process)
        self.assertEqual(result, (0, b'a,sum(b)\n"x\n",4\ny,2\n', b""))

    def test_fifos_and_several_inputs(self):
        first, second = self.fifo("1"), self.fifo("2")
        path = self.file("a,b\nx,3\n")
        feed(first, b"a,b\nx,1\n", b"y,2\n")
        feed(second, b"\xef\xbb\xbfa,b\r\n", b'"y",5')
        self.gives("a,sum(b)\nx,11\ny,7\n", "agg", "-g", "a", "sum(b)", "-j", "3", "--chunk-size",
                   "2", first, path, "-", second, data=b"a,b\nx,7\n")

    def test_a_file_twice(self):
        path = self.file("a\n1\n2\n")
        self.gives("sum(a)\n6\n", "agg", "sum(a)", path, path)

    def test_the_prefix_of_a_pipe_is_not_lost(self):
        """The kind for min is found before the run, which must see those rows too."""
        data = b"a,b\n" + b"".join(b"%d,x%d\n" % (i, i) for i in range(5000))
        for size in ("1", "1K", "1M"):
            self.gives("min(a),max(a),min(b),count()\n0,4999,x0,5000\n", "agg", "min(a)", "max(a)",
                       "min(b)", "count()", "--chunk-size", size, data=data)

    def test_errors_come_before_the_end(self):
        """A bad row ends the run although the pipe stays open."""
        for executor in EXECUTORS:
            process = start("count", "--executor", executor, "-j", "2", "--chunk-size", "16")
            try:
                process.stdin.write(b"a,b\n1,2\n3\n" + b"4,5\n" * 20_000)
                process.stdin.flush()
            except BrokenPipeError:
                pass  # it has ended before it was given all
            status = process.wait(timeout=30)
            self.assertEqual((status, process.stderr.read().count(b":3: ")), (1, 1), executor)
            for stream in (process.stdin, process.stdout, process.stderr):
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def test_many_workers_stop_at_an_error(self):
        """No worker keeps a chunk from those that wait for it, however the threads meet."""
        data = b"x\n1\n2\nabc\n" + b"".join(b"%d\n" % i for i in range(1, 301))
        args = ("agg", "sum(x)", "--chunk-size", "4", "-j", "8")
        expected = run(*args, "--executor", "serial", data=data)
        self.assertEqual((expected.status, expected.out), (1, b""))
        self.assertIn(b":4: ", expected.err)
        for _ in range(300):
            self.assertEqual(run(*args, data=data, timeout=20), expected)

    def test_stopped_while_waiting_for_a_pipe(self):
        for executor in EXECUTORS:
            process = start("count", "--executor", executor, "-j", "2")
            process.stdin.write(b"a\n1\n")
            process.stdin.flush()
            time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), -signal.SIGTERM, executor)
            finish(process)


class LongRows(Case):
    def test_a_row_over_thousands_of_chunks(self):
        field = b'"' + b'x\n""' * (MEBIBYTE // 4) + b'"'
        data = b"a,b\n1," + field + b"\n2,y\n"
        expected = b'sum(a),first(b),last(b)\n3,' + field + b",y\n"
        for executor in EXECUTORS:
            for threads in (1, 2, 3):
                args = ("agg", "sum(a)", "first(b)", "last(b)", "--executor", executor, "-j",
                        threads, "--chunk-size", "64")
                self.gives(expected, *args, self.file(data))
                self.gives(expected, *args, data=data)

    def instructions(self, *args):
        """How many instructions a run takes, as valgrind counts them."""
        out = str(self.dir / "callgrind")
        result = run(*args, timeout=300, program=["valgrind", "-q", "--tool=callgrind",
                                                  f"--callgrind-out-file={out}", PROGRAM])
        self.assertEqual(result.status, 0, result.err)
        with open(out, encoding="utf-8", errors="replace") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("totals:"))

    def test_in_linear_time(self):
        cost = []
        for size in (20_000, 40_000, 80_000):
            path = self.file(b'a\n"' + b"x\n" * (size // 2) + b'"\n', str(size))
            cost.append(self.instructions("count", "-j", "2", "--chunk-size", "16", path))
        # Twice the bytes cost twice the steps, not four times.
        self.assertLess(cost[2] - cost[1], 2.6 * (cost[1] - cost[0]), cost)


class Memory(Case):
    def peak(self, block, times, *args):
        """The peak memory of a run, in bytes, fed `block` many times through a pipe."""
        process = start(*args, stdout=open(self.dir / "out", "wb"))
        set_pipe_size(process.stdin.fileno(), MEBIBYTE)
        for _ in range(times):
            process.stdin.write(block)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, process.stderr.read())
        process.stderr.close()
        return usage.ru_maxrss * 1024

    def own_size(self):
        """What a child counts before it becomes the program: our own peak."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def test_an_endless_pipe(self):
        block = b"1,abcdefgh,23\n" * (MEBIBYTE // 14)
        limit = max(self.own_size(), 100 * MEBIBYTE) + 30 * MEBIBYTE
        self.assertLess(self.peak(block, 300, "agg", "-n", "sum(1)", "sum(3)", "-j", "2"), limit)
        self.assertEqual((self.dir / "out").read_bytes().split(b"\n")[1].split(b",")[0],
                         str(300 * (MEBIBYTE // 14)).encode())

    def test_an_endless_pipe_of_tiny_chunks(self):
        block = b"1,abcdefgh,23\n" * (MEBIBYTE // 14)
        limit = max(self.own_size(), 100 * MEBIBYTE)
        for executor in EXECUTORS:
            self.assertLess(self.peak(block, 5, "agg", "-n", "sum(1)", "-j", "2", "--chunk-size",
                                      "16", "--executor", executor), limit, executor)

    def test_a_large_file(self):
        path = self.file(b"1,abcdefgh,23\n" * (100 * MEBIBYTE // 14))
        process = start("agg", "-n", "sum(1)", path, stdin=subprocess.DEVNULL)
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss * 1024, max(self.own_size(), 80 * MEBIBYTE))
        process.stdout.close()
        process.stderr.close()

    def measured(self, *args, pieces):
        return run_measured(self.dir / "report", *args, pieces=pieces)

    def test_a_long_header_keeps_to_the_limit(self):
        result, peak = self.measured("count", "--memory-limit", "20M", "-j", "2",
                                     pieces=[b"x" * MEBIBYTE] * 100)
        self.assertEqual((result.status, result.out), (4, b""), result.err)
        self.assertIn(b"--memory-limit", result.err)
        self.assertLess(peak, 100 * MEBIBYTE)

    def test_a_long_row_keeps_to_the_limit(self):
        """Of one field, or of many; what the pipe's reader holds counts too."""
        one = [b"a,b\n1,", *[b"x" * MEBIBYTE] * 100, b"\n"]
        names = b",".join(b"c%d" % i for i in range(60_000)) + b"\n"
        many = [names, *[(b"x" * 1700 + b",") * 600] * 100, b"\n"]
        for pieces in (one, many):
            for executor in EXECUTORS:
                for size in ("64", "256K"):
                    result, peak = self.measured(
                        "count", "--memory-limit", "50M", "-j", "2", "--executor", executor,
                        "--chunk-size", size, pieces=pieces)
                    self.assertEqual((result.status, result.out), (4, b""), result.err)
                    self.assertIn(b":2: ", result.err)
                    self.assertLess(peak, 90 * MEBIBYTE, (executor, size, len(pieces[0])))

    def test_large_chunks_keep_to_the_limit(self):
        """Large chunks on many threads are made to fit."""
        block = (b"1," + b"x" * 1021 + b"\n") * 1024
        result, peak = self.measured("agg", "-n", "sum(1)", "--chunk-size", "64M", "-j", "4",
                                     "--memory-limit", "64M", pieces=[block] * 300)
        self.assertEqual(result, (0, b"sum(1)\n%d\n" % (300 * 1024), b""))
        self.assertLess(peak, 120 * MEBIBYTE)


class Changing(Case):
    """The run opens FILE and then a FIFO; until something opens that for writing, it is held."""

    def change(self, change, *options):
        path, fifo = self.file(b"a,b\n" + b"1,2\n" * 50_000), self.fifo()
        process = start("agg", "sum(a)", *options, path, fifo)
        wait_for(lambda: opens(process.pid, path), "the program to open its input")
        change(path)
        feed(fifo, b"a,b\n3,4\n")
        result = finish(process)
        os.unlink(fifo)
        return path, result

    def check(self, change):
        for executor in EXECUTORS:
            path, result = self.change(change, "--executor", executor, "-j", "2", "--chunk-size",
                                       "10K")
            self.assertEqual((result.status, result.out), (1, b""), (executor, result.err))
            self.assertTrue(result.err.startswith(f"sheaf: {path}: ".encode()), result.err)
            self.assertIn(b"chang", result.err)

    def test_left_alone(self):
        for executor in EXECUTORS:
            _, result = self.change(lambda path: None, "--executor", executor)
            self.assertEqual(result, (0, b"sum(a)\n50003\n", b""))

    def test_truncated(self):
        self.check(lambda path: os.truncate(path, 100_001))

    def test_truncated_to_nothing(self):
        self.check(lambda path: os.truncate(path, 0))

    def test_appended(self):
        def append(path):
            with open(path, "ab") as stream:
                stream.write(b"5,6\n")

        self.check(append)

    def test_rewritten_in_place(self):
        def rewrite(path):
            time.sleep(0.05)  # file times are as coarse as the kernel's tick
            with open(path, "r+b") as stream:
                stream.seek(4)
                stream.write(b"9,9\n")

        self.check(rewrite)

    def test_replaced_by_another(self):
        """A rename leaves the open file as it was."""

        def replace(path):
            other = self.file("a,b\n7,7\n", "other")
            os.rename(other, path)

        _, result = self.change(replace)
        self.assertEqual(result, (0, b"sum(a)\n50003\n", b""))


class Descriptors(Case):
    def many(self, most):
        """Counts 1,500 files where 256 may be open, or `most` if asked for."""
        files = [self.file(f"a\n{i}\n", str(i)) for i in range(1500)]

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

        process = subprocess.Popen([PROGRAM, "agg", "sum(a)", *files], preexec_fn=few,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        return finish(process)

    def test_many_files(self):
        """More files than a process may have open by default."""
        self.assertEqual(self.many(4096), (0, b"sum(a)\n%d\n" % sum(range(1500)), b""))

    def test_too_many_files(self):
        result = self.many(256)
        self.assertEqual((result.status, result.out), (1, b""))
        self.assertIn(b"Too many open files", result.err)


class Waiting(Case):
    def test_a_slow_writer_is_no_end(self):
        """Pauses in a pipe neither end the input nor lose a byte."""
        fifo = self.fifo()
        pieces = [b'a,b\n"', b'x","y\n', b'"\n1', b",2\n", b"3,4"]

        def write():
            with open(fifo, "wb", buffering=0) as stream:
                for piece in pieces:
                    time.sleep(0.05)
                    stream.write(piece)

        for executor in EXECUTORS:
            thread = threading.Thread(target=write, daemon=True)
            thread.start()
            self.gives("3\n", "count", "--executor", executor, "-j", "3", fifo)
            thread.join()

    def test_an_open_row_takes_what_there_is(self):
        """The bytes that an error needs have come; more may never come."""
        for executor in EXECUTORS:
            process = start("agg", "sum(x)", "--executor", executor, "-j", "2", "--chunk-size", "2")
            self.addCleanup(process.stdin.close)
            process.stdin.write(b"x\nabc\n1\n2\n3\n4\n5\n6\n")
            process.stdin.flush()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with process.stdout, process.stderr:
                message = process.stderr.read()
                self.assertEqual((process.returncode, process.stdout.read()), (1, b""), executor)
                self.assertIn(b":2: ", message)

    def count_pieces(self, pieces, *args, pause=0.0):
        """Gives status and output of count on a pipe that gets the pieces one by one."""
        process = start("count", *args)
        for piece in pieces:
            process.stdin.write(piece)
            process.stdin.flush()
            time.sleep(pause)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    def test_a_bad_first_row_that_comes_alone(self):
        """Without a header the first good row says how many columns there are; it may come late, or
        stand behind the bytes that are looked at first."""
        pieces = [b'"a"x,b\n', b"1,2\n3,4\n"]
        args = ("-n", "--on-error", "skip")
        for pause in (0, 0.2):
            self.assertEqual(self.count_pieces(pieces, *args, pause=pause), (3, b"2\n"), pause)
        for length in (65531, 65532, 65533):
            path = self.file(b'"a"' + b"x" * length + b"\n1,2\n3,4\n")
            result = run("count", *args, path)
            self.assertEqual((result.status, result.out), (3, b"2\n"), length)

    def test_a_long_beginning_in_small_pieces(self):
        """What is charged to the memory limit is what has come, once."""
        pieces = [b"#\n" * 64] * 2000 + [b"a\n1\n"]
        self.assertEqual(self.count_pieces(pieces, "-C", "#", "--memory-limit", "64M"), (0, b"1\n"))

    def test_an_unclosed_quote_in_the_first_row(self):
        path = self.file(b'"a"x,"never closed\n1,2\n')
        for expression in ("count()", "count(1)"):
            self.fails(1, "agg", "-n", expression, "--on-error", "skip", path,
                       parts=[":1: ", "never closed"])

    def test_a_size_that_says_nothing(self):
        """Files under /sys claim to hold a page."""
        path = "/sys/kernel/mm/transparent_hugepage/enabled"
        if os.path.exists(path):
            self.assertEqual(run("count", "-n", path).out, b"1\n")

    def test_an_only_row_that_is_bad_ends(self):
        """The row's shape is asked for before any row is known to be good."""
        for data in (b'"a"x', b'"a"x\n', b'"a"x\n"b"y'):
            path, fifo = self.file(data), self.fifo()
            args = ("agg", "count()", "-n", "--on-error", "skip")
            for executor in EXECUTORS:
                setting = ("--executor", executor, "-j", "2")
                self.assertEqual(self.ok(*args, *setting, path, status=3, timeout=20),
                                 b"count()\n0\n")
                self.assertEqual(self.ok(*args, *setting, data=data, status=3, timeout=20),
                                 b"count()\n0\n")
                writer = feed(fifo, data)
                self.assertEqual(self.ok(*args, *setting, fifo, status=3, timeout=20),
                                 b"count()\n0\n")
                writer.join()
            os.unlink(fifo)


if __name__ == "__main__":
    unittest.main()
