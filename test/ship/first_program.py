#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that README's first program prints the outcome of each request.

  first_program.py PROGRAM

One URL is of a server on this machine. The other has a port that refuses.
"""
import http.server
import os
import socket
import subprocess
import sys
import threading


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


def without_proxies():
    return {name: value for name, value in os.environ.items()
            if not name.lower().endswith('_proxy')}


def main():
    server = http.server.HTTPServer(('127.0.0.1', 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    closed = socket.socket()  # bound, but not listening
    closed.bind(('127.0.0.1', 0))
    urls = [f'http://127.0.0.1:{port}/' for port in
            (server.server_port, closed.getsockname()[1])]
    out = subprocess.run([os.path.abspath(sys.argv[1]), *urls], text=True,
                         check=True, stdout=subprocess.PIPE,
                         env=without_proxies()).stdout
    print(out, end='')
    lines = out.splitlines()
    sys.exit(not (len(lines) == 2 and lines[0] == f'{urls[0]}: status 200' and
                  lines[1].startswith(f'{urls[1]}: ') and
                  lines[1].endswith('connection refused')))


main()
