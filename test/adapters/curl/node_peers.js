// SPDX-License-Identifier: MIT
// Node servers on the sockets 3 to 7, in a folder with certificates: HTTP/2 over
// TLS, an HTTP proxy, a SOCKS5 proxy, FTP with passive mode, and SMTP. Both
// proxies connect to the HTTP/2 server, whatever a client requests.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');

const papers = fs.readFileSync('localhost.pem');
let sessions = 0;
let connects = 0;
let mail = '';
let target = 0;

const answers = {
  '/sessions': (stream) => stream.end(`${sessions}`),
  '/connects': (stream) => stream.end(`${connects}`),
  '/mail': (stream) => stream.end(mail),
  '/echo': (stream) => stream.pipe(stream),
  '/trailers': (stream) => stream.end('hello'),
  '/cut': (stream) => {
    stream.write('hello');
    setTimeout(() => stream.destroy(new Error('cut')), 20);
  },
  '/refused': (stream) => stream.close(http2.constants.NGHTTP2_CANCEL),
  '/last': (stream) => {
    stream.session.goaway();
    stream.end('hello');
  },
  '/leaves': (stream) => {
    stream.write('hello');
    setTimeout(() => stream.session.destroy(), 20);
  },
};

const secure = http2.createSecureServer({ key: papers, cert: papers });
secure.on('session', () => { sessions++; });
secure.on('sessionError', () => {});
secure.on('stream', (stream, headers) => {
  const path = headers[':path'];
  stream.on('error', () => {});
  if (path === '/refused') return answers[path](stream);
  stream.respond({ ':status': answers[path] ? 200 : 404 },
    { waitForTrailers: path === '/trailers' });
  stream.on('wantTrailers', () => stream.sendTrailers({ late: 'yes' }));
  (answers[path] || answers['/sessions'])(stream);
});

function lead(socket, first) {
  const other = net.connect(target, '127.0.0.1', first);
  for (const end of [socket, other]) {
    end.on('error', () => { socket.destroy(); other.destroy(); });
  }
  socket.pipe(other);
  other.pipe(socket);
}

const proxy = http.createServer((request, response) => {
  response.end(`${request.method} ${request.url}`);
});
proxy.on('connect', (request, socket) => {
  if (request.url.startsWith('refused.test:')) {
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    return;
  }
  connects++;
  lead(socket, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
});

const socks = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write(Buffer.from([5, 0]));
    socket.once('data', () => {
      const granted = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]);
      lead(socket, () => socket.write(granted));
    });
  });
});

// Answers line by line.
function speak(socket, greeting, reply) {
  let rest = '';
  socket.on('error', () => {});
  socket.write(`${greeting}\r\n`);
  socket.on('data', (bytes) => {
    const lines = (rest + bytes).split('\r\n');
    rest = lines.pop();
    for (const line of lines) reply(line);
  });
}

const ftp = net.createServer((socket) => {
  let data = null;
  const waiting = [];
  const say = (text) => socket.write(`${text}\r\n`);
  const over = (fn) => { if (data) fn(data); else waiting.push(fn); };
  let eager = false; // sends the next passive port before it is requested
  let said = false;
  const passive = (before) => {
    const server = net.createServer((end) => {
      end.on('error', () => {});
      data = end;
      server.close();
      for (const fn of waiting.splice(0)) fn(end);
    });
    data = null;
    server.listen(0, '127.0.0.1', () => {
      say(`${before}229 Here (|||${server.address().port}|)`);
    });
  };
  const commands = {
    USER: (name) => { eager = name === 'eager'; say('230 Welcome'); },
    PWD: () => say('257 "/"'),
    EPSV: () => { if (!said) passive(''); said = false; },
    TYPE: () => say('200 Yes'),
    SIZE: () => say('213 12'),
    RETR: (name) => {
      if (name === 'nothing') return say('550 No such file');
      say('150 It comes');
      said = eager;
      return over((end) => end.end('hello, world', () => {
        if (eager) passive('226 All of it\r\n'); else say('226 All of it');
      }));
    },
    STOR: () => {
      say('150 Go on');
      over((end) => {
        mail = '';
        end.on('data', (bytes) => { mail += bytes; });
        end.on('end', () => { end.end(); say('226 All of it'); });
      });
    },
    QUIT: () => { say('221 Bye'); socket.end(); },
  };
  speak(socket, '220 Here', (line) => {
    const [name, argument] = line.split(' ');
    (commands[name] || (() => say('500 What?')))(argument);
  });
});

const smtp = net.createServer((socket) => {
  let inside = false;
  speak(socket, '220 Here', (line) => {
    if (inside && line !== '.') {
      mail += `${line}\n`;
      return;
    }
    if (line === 'DATA') mail = '';
    if (line === 'QUIT') socket.end('221 Bye\r\n');
    else if (line.startsWith('RCPT TO:<nobody')) socket.write('550 Who?\r\n');
    else socket.write(line === 'DATA' ? '354 Go on\r\n' : '250 Yes\r\n');
    inside = line === 'DATA';
  });
});

[secure, proxy, socks, ftp, smtp].forEach((server, i) => {
  server.listen({ fd: 3 + i });
});
target = secure.address().port;
