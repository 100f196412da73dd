# SPDX-License-Identifier: MIT
"""The resources that processes use, and the programs that are installed."""
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections import namedtuple

# The result of a turn: operations, processor time and elapsed time in seconds,
# and bytes of memory for each connection, or None.
Sample = namedtuple('Sample', 'count cpu elapsed memory', defaults=[None])

missing = {}


def find(program, package):
    """The program's path, or None if it is missing, which is reported at the
    end."""
    path = shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin')
    if path is None:
        missing[program] = f'not installed; apt-get install {package}'
    return path


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def family(pid):
    """The process and its children."""
    pids = [pid]
    for task in os.listdir(f'/proc/{pid}/task'):
        children = read(f'/proc/{pid}/task/{task}/children').split()
        pids += [int(child) for child in children]
    return pids


def cpu_of(pid):
    """Processor time of all live threads, in seconds."""
    return sum(int(read(f'/proc/{one}/task/{task}/schedstat').split()[0])
               for one in family(pid)
               for task in os.listdir(f'/proc/{one}/task')) / 1e9


def memory_of(pid):
    """Resident memory in bytes."""
    pages = sum(int(read(f'/proc/{one}/statm').split()[1])
                for one in family(pid))
    return pages * os.sysconf('SC_PAGE_SIZE')


def allow_descriptors():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


held = []  # sockets from free_port()


def free_port():
    """Reserves a port until the server listens. On Linux, a server may bind a
    port that a socket holds without listening, if both have SO_REUSEADDR."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(('127.0.0.1', 0))
    held.append(holder)
    return holder.getsockname()[1]


def wait_for(port):
    """Waits until a server listens on the port, without connecting to it. A
    server for a single client must not be probed."""
    entry = f':{port:04X} 00000000:0000 0A'
    deadline = time.monotonic() + 600
    while entry not in read('/proc/net/tcp'):
        if time.monotonic() > deadline:
            raise SystemExit(f'nobody listens at port {port}')
        time.sleep(0.01)


@contextlib.contextmanager
def process(argv, port=None):
    """Starts a server. Its port is the given one, or the last number in the
    first line that it prints."""
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
    """Runs a command. Returns its output, its processor time and the elapsed
    time."""
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
