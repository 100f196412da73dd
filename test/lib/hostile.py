#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attack a server as hostile clients do, then check that it still works.

    hostile.py NAME PROGRAM [BEHIND]   one of the servers below; a proxy
                                       connects to the program BEHIND

The client resets connections at each byte, closes one side, never writes or
never reads. Many connections are open at a time. Between these attacks, a
well-behaved client gets its answer. After the attacks, the server has as many
descriptors as before. At the end, clients still connect while the server stops.

$HOSTILE_SECONDS (0): time in which the attacks are repeated; resident memory
must then be flat as well.
$HOSTILE_CONNECTIONS (300): number of simultaneous connections.
"""
import atexit
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SECONDS = float(os.environ.get('HOSTILE_SECONDS', 0))
MANY = int(os.environ.get('HOSTILE_CONNECTIONS', 300))
PATIENCE = 60 * int(os.environ.get('PATIENCE', 1))  # s until the server hangs
MOMENT = 0.2  # s that an attack waits for the server

HTTP = b'GET /file HTTP/1.1\r\nHost: here\r\n\r\n'


class Kind:
    """How to start a server, and the request and answer of a client."""

    def __init__(self, options, ask, answer, most=None, statuses=(0,)):
        self.options = options
        self.ask = ask
        self.answer = answer
        self.most = most  # connections at a time; the server closes others
        self.statuses = statuses


CLIENTS = ['--clients', '10000']
KINDS = {
    'chat': Kind(['--clients', '100', '0'], b'hello\n', b': hello\n', 100),
    'cores': Kind([*CLIENTS, '0'], b'hello\n', b'hello\n', None, (0, 1)),
    'embed': Kind([*CLIENTS, '0'], b'GET-FILE file\n', b'OK 100000\n'),
    'primes': Kind(['--port', '0'], b'100\n', b'25\n'),
    'proxy': Kind(['--grace', '100', '127.0.0.1'], b'hello\n', b'hello\n',
                  None, (0, 1)),
    'recipe': Kind([], b'hello\n', b'hello\n'),
    'relay': Kind([*CLIENTS, 'while echo hello; do sleep 0.01; done'], b'',
                  b'hello\n'),
    'remind': Kind(['--port', '0'], b'1 tea\n', b'tea\n'),
    'serve': Kind([*CLIENTS, '--grace', '100', '--port', '0', '.'], HTTP,
                  b'HTTP/1.1 200'),
}


class Server:
    """A process that prints its address at the end of its first line."""

    def __init__(self, program, options):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, *options], stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f'{program} printed no address:\n{self.said()}')
        self.port = int(line.split(b':')[-1].split()[-1].strip(b'/'))
        threading.Thread(target=self.drain, daemon=True).start()
        atexit.register(self.process.kill)

    def drain(self):
        """Read the remaining output; a full pipe would block the process."""
        while self.process.stdout.read1():
            pass

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors='replace')

    def descriptors(self):
        """Count sockets and files. Further loops open other kinds late."""
        folder = f'/proc/{self.process.pid}/fd'
        n = 0
        for fd in os.listdir(folder):
            try:
                target = os.readlink(f'{folder}/{fd}')
            except FileNotFoundError:
                continue
            n += not target.startswith(
                ('anon_inode:', 'pipe:', '/dev/null'))
        return n

    def resident(self):
        """Return the resident memory in KiB."""
        with open(f'/proc/{self.process.pid}/status') as status:
            for line in status:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1])
        return 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, statuses):
        status = self.process.wait(PATIENCE)
        said = self.said()
        if status not in statuses:
            sys.exit(f'the server exited with status {status}\n{said}')
        if 'avow:' in said or 'ERROR: ' in said or 'runtime error' in said:
            sys.exit(said)


class Hostile:
    def __init__(self, server, kind):
        self.server = server
        self.kind = kind

    def connect(self, room=None):
        s = socket.socket()
        s.settimeout(PATIENCE)
        if room is not None:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        s.connect(('127.0.0.1', self.server.port))
        return s

    def give(self, s, data):
        try:
            s.sendall(data)
        except OSError:
            pass  # the server closed the connection

    def end(self, s):
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def take(self, s, moment):
        """Receive until the answer is complete, the end, or a timeout."""
        s.settimeout(moment)
        got = b''
        try:
            while self.kind.answer not in got:
                chunk = s.recv(65536)
                if not chunk:
                    break
                got += chunk
        except OSError:
            pass
        return got

    def reset(self, s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack('ii', 1, 0))
        s.close()

    def close(self, sockets):
        for i, s in enumerate(sockets):
            if i % 2 == 0:
                self.reset(s)
            else:
                s.close()

    def is_answered(self):
        with self.connect() as s:
            self.give(s, self.kind.ask)
            return self.kind.answer in self.take(s, PATIENCE)

    def behave(self, what):
        """Act as a well-behaved client: connect until the server answers."""
        end = time.monotonic() + PATIENCE
        while not self.is_answered():
            if time.monotonic() > end:
                sys.exit(f'no answer {what}\n{self.server.said()}')
            time.sleep(0.01)

    # Attacks.

    def reset_at_each_byte(self):
        for n in range(len(self.kind.ask) + 1):
            s = self.connect()
            self.give(s, self.kind.ask[:n])
            self.reset(s)
        for n in range(len(self.kind.answer) + 1):
            s = self.connect()
            self.give(s, self.kind.ask)
            s.settimeout(MOMENT)
            try:
                for _ in range(n):
                    s.recv(1)
            except OSError:
                pass
            self.reset(s)

    def close_one_side(self):
        for n in range(len(self.kind.ask) + 1):
            with self.connect() as s:
                self.give(s, self.kind.ask[:n])
                self.end(s)
                self.take(s, MOMENT)

    def flood(self, s):
        """Send without reading until the server takes no more."""
        s.settimeout(MOMENT)
        end = time.monotonic() + MOMENT
        try:
            while self.kind.ask and time.monotonic() < end:
                s.sendall(self.kind.ask * 100)
        except OSError:
            pass

    def never_read(self):
        sockets = [self.connect(room=4096) for _ in range(3)]
        for s in sockets:
            self.flood(s)
        self.behave('beside clients that do not read')
        self.close(sockets)

    def never_write(self):
        sockets = [self.connect() for _ in range(50)]
        self.behave('beside clients that do not write')
        self.close(sockets)

    def come_in_crowds(self):
        sockets = []
        for i in range(MANY):
            s = self.connect()
            if i % 4 != 0:
                self.give(s, self.kind.ask[:len(self.kind.ask) * (i % 4) // 3])
            if i % 8 > 5:
                self.end(s)
            sockets.append(s)
        if self.kind.most is None:
            self.behave('beside many clients')
        self.close(sockets)

    def round(self):
        for attack in (self.reset_at_each_byte, self.close_one_side,
                       self.never_read, self.never_write, self.come_in_crowds):
            attack()
            self.behave(f'after {attack.__name__}')

    # Checks after the attacks.

    def settle(self, descriptors):
        end = time.monotonic() + PATIENCE
        while self.server.descriptors() > descriptors:
            if time.monotonic() > end:
                sys.exit(f'{self.server.descriptors()} descriptors are open; '
                         f'{descriptors} were open before the attacks')
            time.sleep(0.01)

    def rounds(self):
        """Return the resident memory after each round."""
        descriptors = self.server.descriptors()
        end = time.monotonic() + SECONDS
        resident = []
        self.behave('at first')
        while True:
            self.round()
            self.settle(descriptors)
            resident.append(self.server.resident())
            if time.monotonic() >= end:
                return resident

    def come_while_it_stops(self):
        sockets = [self.connect() for _ in range(20)]
        for s in sockets:
            self.give(s, self.kind.ask[:-1])
        self.server.stop()
        while self.server.process.poll() is None and len(sockets) < MANY:
            try:
                s = self.connect()
            except OSError:
                break
            self.give(s, self.kind.ask)
            sockets.append(s)
        self.close(sockets)
        self.server.wait(self.kind.statuses)


def check_flat(resident):
    quarter = len(resident) // 4
    if quarter < 2:
        return
    before, after = (max(part) for part in
                     (resident[quarter:2 * quarter], resident[-quarter:]))
    print(f'resident memory: {before} KiB early, {after} KiB at the end')
    if after > before * 1.1 + 1024:
        sys.exit(f'resident memory grows: {resident}')


def run(name, program, behind=None):
    kind = KINDS[name]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    program, behind = (path and os.path.abspath(path)
                       for path in (program, behind))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open('file', 'wb') as file:
            file.write(b'x' * 100000)
        if behind:
            other = Server(behind, KINDS['cores'].options)
            kind.options.append(str(other.port))
        hostile = Hostile(Server(program, kind.options), kind)
        resident = hostile.rounds()
        hostile.come_while_it_stops()
        if behind:
            other.stop()
            other.wait(KINDS['cores'].statuses)
        os.chdir('/')
    print(f'{len(resident)} rounds with {MANY} connections at a time')
    check_flat(resident)


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by a signal'))
    run(*sys.argv[1:])
