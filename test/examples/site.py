#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small site on loopback for test_crawl.sh: site.py LOG

It prints its port. The log has a line for each request: the path and the number
of requests in progress. Requests for /left and /right wait for each other, and
those for /silent get no answer. A request for /flaky fails the first time, and
one for /broken fails each time.
"""
import http.server
import sys
import threading

PAGES = {
    '/': 'a.html" /a.html#top" dir/b.html" /left" /right" /flaky" /gone"'
         ' http://localhost:1/" //localhost:1/" mailto:nobody',
    '/a.html': '/" "',
    '/dir/b.html': 'c.html',
    '/dir/c.html': '/dir/b.html',
    '/left': '',
    '/right': '',
    '/flaky': '',
}
both = threading.Barrier(2)
lock = threading.Lock()
log = open(sys.argv[1], 'w', encoding='utf-8')
asked = []
there = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def arrive(self):
        global there
        with lock:
            there += 1
            asked.append(self.path)
            print(self.path, there, file=log, flush=True)

    def leave(self):
        global there
        with lock:
            there -= 1

    def status(self):
        if self.path in ('/left', '/right'):
            both.wait()
        if self.path == '/silent':
            threading.Event().wait()
        if self.path == '/broken' or \
                self.path == '/flaky' and asked.count('/flaky') == 1:
            return 503
        return 200 if self.path in PAGES else 404

    def do_GET(self):
        self.arrive()
        status = self.status()
        links = PAGES.get(self.path, '').split(' ')
        self.leave()  # before the client learns that it is over
        self.send_response(status)
        self.end_headers()
        for link in links:
            self.wfile.write(f'<a href="{link.strip(chr(34))}">\n'.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
