# SPDX-License-Identifier: MIT
"""What processes use of the machine, and which programs it has."""
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections import namedtuple

# What came of one turn: operations, what the processor did for them and what
# the clock said, both in seconds; and bytes of memory a connection, or None.
Sample = namedtuple('Sample', 'count cpu elapsed memory', defaults=[None])

missing = {}


def find(program, package):
    """Its path; None where it is not installed, which is said at the end."""
    path = shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin')
    if path is None:
        missing[program] = f'not installed; apt-get install {package}'
    return path


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def family(pid):
    """The process, and those that it started."""
    pids = [pid]
    for task in os.listdir(f'/proc/{pid}/task'):
        children = read(f'/proc/{pid}/task/{task}/children').split()
        pids += [int(child) for child in children]
    return pids


def cpu_of(pid):
    """Seconds, of all threads that are there."""
    return sum(int(read(f'/proc/{one}/task/{task}/schedstat').split()[0])
               for one in family(pid)
               for task in os.listdir(f'/proc/{one}/task')) / 1e9


def memory_of(pid):
    """Bytes that are resident."""
    pages = sum(int(read(f'/proc/{one}/statm').split()[1])
                for one in family(pid))
    return pages * os.sysconf('SC_PAGE_SIZE')


def allow_descriptors():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


held = []  # the sockets of free_port()


def free_port():
    """No other program is given it before the server listens: Linux lets a
    server bind what is held by a socket that does not listen, if both have
    SO_REUSEADDR."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(('127.0.0.1', 0))
    held.append(holder)
    return holder.getsockname()[1]


def wait_for(port):
    """Somebody listens there. Who serves one guest only must not be asked."""
    entry = f':{port:04X} 00000000:0000 0A'
    deadline = time.monotonic() + 600
    while entry not in read('/proc/net/tcp'):
        if time.monotonic() > deadline:
            raise SystemExit(f'nobody listens at port {port}')
        time.sleep(0.01)


@contextlib.contextmanager
def process(argv, port=None):
    """A server, and its port: the one given, or the last number of the line
    that it says hello with."""
    running = subprocess.Popen([str(word) for word in argv],
                               stdout=subprocess.PIPE, text=True)
    try:
        if port is None:
            line = running.stdout.readline().rstrip().rstrip('/')
            port = int(line[len(line.rstrip('0123456789')):] or 0)
        wait_for(port)
        yield running.pid, port
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()
        running.stdout.close()


def command(argv):
    """Runs it: what it printed, its processor time and the clock's."""
    start = time.monotonic()
    running = subprocess.Popen([str(word) for word in argv],
                               stdout=subprocess.PIPE, text=True)
    said = running.stdout.read()
    running.stdout.close()
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        raise SystemExit(f'{argv[0]} failed: {running.returncode}')
    return said, used.ru_utime + used.ru_stime, time.monotonic() - start
