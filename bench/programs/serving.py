# SPDX-License-Identifier: MIT
"""Files over HTTP: what does a server take for a response?

wrk sends requests to each server over persistent connections. All servers
access the file system for each request.
"""
import contextlib
import os
import re
import subprocess

from machine import Sample, cpu_of, find, free_port, memory_of, process

UNIT = 'answer'
LOADS = [(size, connections) for size in ('1 KiB', '1 MiB')
         for connections in (1, 64, 512)]
SMALL = [('1 KiB', 1)]
BYTES = {'1 KiB': 1024, '1 MiB': 1024 * 1024}

NGINX = '''
worker_processes 1;
daemon off;
pid {work}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path {work}/1;
  proxy_temp_path {work}/2;
  fastcgi_temp_path {work}/3;
  uwsgi_temp_path {work}/4;
  scgi_temp_path {work}/5;
  server {{ listen 127.0.0.1:{port}; root {work}/www; }}
}}
'''

LIGHTTPD = '''
server.document-root = "{work}/www"
server.bind = "127.0.0.1"
server.errorlog = "/dev/null"
server.port = {port}
server.max-fds = 8192
server.stat-cache-engine = "disable"
server.max-connections = 4096
server.max-keep-alive-requests = 1000000000
'''


def configured(text, work, name):
    port = free_port()
    path = os.path.join(work, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.format(work=work, port=port))
    return path, port


def servers(build, here, work):
    """Name, command line, port or None."""
    yield 'avow: examples/serve', [f'{build}/examples/serve', '--port', '0',
                                   f'{work}/www'], None
    nginx = find('nginx', 'nginx-light')
    if nginx:
        conf, port = configured(NGINX, work, 'nginx.conf')
        yield 'nginx', [nginx, '-e', '/dev/null', '-c', conf], port
    lighttpd = find('lighttpd', 'lighttpd')
    if lighttpd:
        conf, port = configured(LIGHTTPD, work, 'lighttpd.conf')
        yield 'lighttpd', [lighttpd, '-D', '-f', conf], port
    node = find('node', 'nodejs')
    if node:
        yield 'Node', [node, f'{here}/rivals/serve.js', f'{work}/www'], None


def make_files(work):
    os.chmod(work, 0o755)  # some servers drop their privileges
    os.mkdir(f'{work}/www')
    for name, size in BYTES.items():
        with open(f'{work}/www/{name.replace(" ", "")}', 'wb') as file:
            file.write(os.urandom(size))


def asker(wrk, pid, port, idle):
    def ask(load, seconds):
        size, connections = load
        before = cpu_of(pid)
        said = subprocess.run(
            [wrk, '-t1', f'-c{connections}', f'-d{seconds}s', '--timeout',
             '60s', f'http://127.0.0.1:{port}/{size.replace(" ", "")}'],
            capture_output=True, text=True, check=True).stdout
        cpu = cpu_of(pid) - before
        if re.search('Non-2xx|Socket errors', said):
            raise SystemExit(f'wrk complains:\n{said}')
        count, elapsed = re.search(r'(\d+) requests in ([\d.]+)s', said).groups()
        memory = (memory_of(pid) - idle) / connections
        memory = memory if connections > 1 else None
        return Sample(int(count), cpu, float(elapsed), memory)
    return ask


@contextlib.contextmanager
def rivals(build, here, work, _):
    wrk = find('wrk', 'wrk')
    make_files(work)
    with contextlib.ExitStack() as stack:
        asking = {}
        for name, argv, port in servers(build, here, work) if wrk else []:
            pid, port = stack.enter_context(process(argv, port))
            asking[name] = asker(wrk, pid, port, memory_of(pid))
        yield asking


def describe(load):
    return f'{load[0]}, {load[1]} connection{"s" if load[1] > 1 else ""}'
