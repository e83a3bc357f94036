"""The programs of cmd/examples: the lines they print, against what Python computes, and their end.

They stand beside the program, in examples/.
"""

import fcntl
import signal
import socket
import struct
import subprocess
import termios
import threading
import unittest
from pathlib import Path

from sheaf_test import PROGRAM, SECONDS, finish, seed, start, wait_for

EXAMPLES = Path(PROGRAM).parent / "examples"


def begin(name, *args, **options):
    """Starts an example; pipes for all three streams unless told otherwise."""
    return start(*args, program=str(EXAMPLES / name), **options)


def run(name, *args, timeout=SECONDS, **options):
    """Runs an example to its end."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return finish(begin(name, *args, **options), timeout=timeout)


class Example(unittest.TestCase):
    """A test that runs an example; one that was not built is a failure."""

    maxDiff = 4000

    def prints(self, lines, name, *args, **options):
        """Expects success and exactly these lines."""
        result = run(name, *args, **options)
        self.assertEqual((result.status, result.err), (0, b""), name)
        self.assertEqual(result.out.decode().split("\n"), [*lines, ""], name)


class Groups(Example):
    def test_five_workers(self):
        sums = [sum(range(1000 * i + 1, 1000 * i + 1001)) for i in range(5)]
        lines = [f"worker {i + 1}: {value}" for i, value in enumerate(sums)]
        self.prints([*lines, f"all five: {sum(sums)}"], "five-workers")

    def test_sum_chunks(self):
        numbers, state = [], 1
        for _ in range(10_000):
            state = state * 48271 % (2**31 - 1)
            numbers.append(state % 1000)
        sums = [sum(numbers[i:i + 1000]) for i in range(0, 10_000, 1000)]
        lines = [f"chunk {i + 1}: {value}" for i, value in enumerate(sums)]
        self.prints([*lines, f"total: {sum(numbers)}"], "sum-chunks")

    def test_first_error(self):
        for _ in range(100):
            result = run("first-error")
            self.assertEqual(result.status, 1)
            self.assertEqual(result.out, b"4 of 5 workers stopped early\n")
            self.assertEqual(result.err, b"first-error: worker 1: record 3000 is damaged\n")


class Pipelines(Example):
    def test_pipeline(self):
        lines = [f"{n} squared is {n * n}" for n in range(1, 21)]
        for _ in range(20):
            self.prints(lines, "pipeline")


class Server:
    """graceful-shutdown, and 50 clients of it."""

    def __init__(self, test, clients=50):
        self.test = test
        self.process = begin("graceful-shutdown", 0, stdin=subprocess.DEVNULL)
        test.addCleanup(self.process.kill)
        line = self.process.stdout.readline()
        test.assertRegex(line, rb"^listening on [0-9]+\n$")
        self.port = int(line.split()[-1])
        self.clients = [self.connect() for _ in range(clients)]
        for client in self.clients:  # an answer shows that the server has accepted it
            client.sendall(b"first\n")
        for client in self.clients:
            test.assertEqual(client.recv(100), b"1\n")

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        self.test.addCleanup(client.close)
        return client

    def ends(self, number, lines, clients=50):
        """Expects an orderly end by the signal sent before, with this count."""
        result = finish(self.process)
        self.test.assertEqual((result.status, result.err), (0, b""), f"signal {number}")
        self.test.assertEqual(result.out,
                              b"served %d lines to %d clients\n" % (lines, clients))


def rest_of(client):
    """All that is sent to a client until the end, which closes it."""
    data = b"".join(iter(lambda: client.recv(65536), b""))
    client.close()
    return data


def numbers(first, last):
    return b"".join(b"%d\n" % i for i in range(first, last + 1))


class GracefulShutdown(Example):
    def test_every_accepted_line_is_answered(self):
        """Lines cut anywhere arrive, the last one not whole, and the signal comes at once."""
        random = seed("graceful-shutdown")
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP] * 10:
            server = Server(self)
            counts = []
            for client in server.clients:
                lines = ["x" * random.choice((0, 1, 10, 3000)) for _ in range(random.randrange(40))]
                client.sendall("\n".join([*lines, "part"]).encode())
                counts.append(1 + len(lines))
            for client in server.clients:
                wait_for(lambda: unsent(client) == 0, "the system to take what was sent")
            server.process.send_signal(number)
            for client, count in zip(server.clients, counts):
                self.assertEqual(rest_of(client), numbers(2, count))
            server.ends(number, sum(counts))

    def test_clients_that_send_on_and_on(self):
        """What is sent after the signal is not answered, and holds nobody up."""
        for _ in range(3):
            server = Server(self)
            senders = [threading.Thread(target=send_on, args=(client,), daemon=True)
                       for client in server.clients[::25]]
            readers = [Reader(client) for client in server.clients]
            for thread in [*senders, *readers]:
                thread.start()
            wait_for(lambda: all(reader.data for reader in readers[::25]), "answers")
            server.process.send_signal(signal.SIGTERM)
            total = 0
            for reader in readers:
                reader.join()
                count = reader.data.count(b"\n") + 1
                self.assertEqual(reader.data, numbers(2, count))
                total += count
            server.ends(signal.SIGTERM, total)
            for sender in senders:
                sender.join()

    def test_client_that_never_closes(self):
        """It sends on although it has been told that it is over; its line never ends."""
        server = Server(self, clients=1)
        sender = threading.Thread(target=send_on, args=(server.clients[0], b"and on "), daemon=True)
        sender.start()
        server.process.send_signal(signal.SIGTERM)
        server.ends(signal.SIGTERM, 1, clients=1)
        sender.join()

    def test_more_clients_than_workers(self):
        """A client beyond those is served when others leave."""
        server = Server(self, clients=64)
        late = server.connect()
        late.sendall(b"one\ntwo\n")
        for client in server.clients[:10]:
            client.close()
        answers = b""
        while len(answers) < 4:
            answers += late.recv(100)
        self.assertEqual(answers, b"1\n2\n")
        server.process.send_signal(signal.SIGTERM)
        for client in [*server.clients[10:], late]:
            self.assertEqual(rest_of(client), b"")
        server.ends(signal.SIGTERM, 66, clients=65)

    def test_nobody_came(self):
        server = Server(self, clients=0)
        server.process.send_signal(signal.SIGTERM)
        server.ends(signal.SIGTERM, 0, clients=0)

    def test_second_signal_ends_at_once(self):
        """The first one waits for a client that does not close; the second does not."""
        server = Server(self, clients=1)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.clients[0].recv(100), b"")
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(finish(server.process), (-signal.SIGINT, b"", b""))

    def test_port_is_taken(self):
        server = Server(self, clients=0)
        result = run("graceful-shutdown", server.port)
        self.assertEqual((result.status, result.out), (1, b""))
        self.assertIn(b"cannot listen", result.err)


def unsent(client):
    """Bytes that the other side's system has not taken yet."""
    return struct.unpack("i", fcntl.ioctl(client.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]


class Reader(threading.Thread):
    """Takes all that a client is sent; at the end closes it."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.data = client, b""

    def run(self):
        while piece := self.client.recv(65536):
            self.data += piece
        self.client.shutdown(socket.SHUT_RDWR)


def send_on(client, text=b"and on\n"):
    """Sends a text again and again until the connection is closed."""
    try:
        while True:
            client.sendall(text * 20)
    except OSError:
        pass


class Watchdog(Example):
    def test_stuck(self):
        """The one that hangs is named, the others finish, and the program ends in failure."""
        for _ in range(3):
            result = run("stuck", timeout=10)
            self.assertEqual(result.status, 1)
            self.assertEqual(result.out.decode().splitlines(),
                             ["worker 1 finished", "worker 3 finished", "worker 2 is stuck"])
            self.assertRegex(result.err, rb"^stuck: .*worker 2.*\n$")
            self.assertNotRegex(result.err, rb"worker [13]")


class Resources(Example):
    def test_resource_pool(self):
        for _ in range(30):
            result = run("resource-pool")
            self.assertEqual((result.status, result.err), (0, b""))
            log = result.out.decode().split("\n")
            self.assertEqual(log[-2:], ["40 rows", ""])
            log = log[:-2]
            self.assertEqual(set(log), {"open", "borrow", "return", "close"})
            opened, count = 0, dict.fromkeys(("open", "borrow", "return", "close"), 0)
            for line in log:
                count[line] += 1
                opened = count["open"] - count["close"]
                self.assertLessEqual(count["borrow"] - count["return"], opened, log)
                self.assertLessEqual(opened, 3, log)
                if line == "close":  # the last return came before
                    self.assertEqual(count["return"], 8, log)
            self.assertEqual((count["borrow"], count["return"], opened), (8, 8, 0), log)
