/* SPDX-License-Identifier: MIT */
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avow/config.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define REFUSED                                                  \
  "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" \
  "Transfer-Encoding: chunked\r\n\r\n"
#define FILLER "X-Filler: 1234567890123456789012345678901234567890\r\n"

enum { HEAD = 16384, URLS = 8, URL = 128, CHUNK = 7 };

/* A connection, and bytes that were read from it and not yet used. */
typedef struct {
  int fd;
  bool over, mute;
  int served; /* requests before the current one */
  size_t len;
  char in[HEAD];
} http_t;

/* Counters that the server shares with the process of the tests. */
static struct { atomic_int accepted, open; } * counts;

static int port, ends[2];
static pid_t process;

char byte_at(int i) {
  return (char) ('a' + i % 26);
}

static void http_send(http_t *h, const char *data, size_t len) {
  while (len > 0 && !h->over && !h->mute) {
    const ssize_t n = send(h->fd, data, len, MSG_NOSIGNAL);
    h->over = n <= 0;
    data += n > 0 ? n : 0;
    len -= n > 0 ? (size_t) n : 0;
  }
}

static void http_say(http_t *h, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  http_send(h, text, (size_t) n);
}

static char alphabet[26 * 1000];

static void send_bytes(http_t *h, int from, int n) {
  while (n > 0 && !h->over) {
    const int at = from % 26, most = (int) sizeof(alphabet) - at;
    const int now = n < most ? n : most;
    http_send(h, alphabet + at, (size_t) now);
    from += now;
    n -= now;
  }
}

static void send_head(http_t *h, int status, int length) {
  http_say(h, "HTTP/1.1 %d Status\r\nContent-Length: %d\r\n\r\n", status,
           length);
}

/* Reads more bytes from the client. Returns false at the end. */
static bool http_fill(http_t *h) {
  if (h->len == sizeof(h->in) - 1)
    return false;
  const ssize_t n = recv(h->fd, h->in + h->len, sizeof(h->in) - 1 - h->len, 0);
  if (n <= 0)
    return false;
  h->len += (size_t) n;
  h->in[h->len] = '\0';
  return true;
}

static void http_use(http_t *h, size_t n) {
  h->len -= n;
  memmove(h->in, h->in + n, h->len + 1);
}

static void wait_for_end(http_t *h) {
  do
    h->len = 0;
  while (http_fill(h));
  h->over = true;
}

static void close_hard(http_t *h) {
  const struct linger linger = { .l_onoff = 1 };
  (void) setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
  h->over = true;
}

/* Sends the first `n` bytes of an answer. */
static void send_part(http_t *h, int n) {
  char text[512];
  int len = snprintf(text, sizeof(text),
                     "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 100; i++)
    text[len++] = byte_at(i);
  http_send(h, text, (size_t) (n < len ? n : len));
}

/* Sends received bytes, in chunks, as a body of n bytes. */
static void echo_length(http_t *h, size_t n) {
  send_head(h, 200, (int) n);
  while (n > 0 && !h->over) {
    if (h->len == 0 && !http_fill(h)) {
      h->over = true;
      return;
    }
    const size_t now = n < h->len ? n : h->len;
    http_send(h, h->in, now);
    http_use(h, now);
    n -= now;
  }
}

static bool fill_line(http_t *h) {
  while (strstr(h->in, "\r\n") == NULL)
    if (!http_fill(h))
      return false;
  return true;
}

/* Sends a chunked body back as it was received. */
static void echo_chunks(http_t *h) {
  http_say(h, CHUNKED);
  size_t n = 1;
  while (n > 0 && !h->over) {
    if (!fill_line(h)) {
      h->over = true;
      return;
    }
    n = strtoul(h->in, NULL, 16);
    size_t left = (size_t) (strstr(h->in, "\r\n") - h->in) + 2 + n + 2;
    while (left > 0 && !h->over) {
      if (h->len == 0 && !http_fill(h))
        h->over = true;
      const size_t now = left < h->len ? left : h->len;
      http_send(h, h->in, now);
      http_use(h, now);
      left -= now;
    }
  }
}

static const char *header_of(const char *head, const char *name) {
  const size_t len = strlen(name);
  for (const char *at = strstr(head, "\r\n"); at != NULL;
       at = strstr(at + 2, "\r\n"))
    if (strncasecmp(at + 2, name, len) == 0 && at[2 + len] == ':')
      return at + 2 + len + 1;
  return NULL;
}

static void answer_echo(http_t *h, const char *head) {
  const char *length = header_of(head, "Content-Length");
  if (header_of(head, "Expect") != NULL)
    http_say(h, "HTTP/1.1 100 Continue\r\n\r\n");
  if (length != NULL)
    echo_length(h, strtoul(length, NULL, 10));
  else
    echo_chunks(h);
}

static void answer_chunked(http_t *h, int n) {
  http_say(h, CHUNKED);
  for (int at = 0; at < n && !h->over; at += CHUNK) {
    const int now = n - at < CHUNK ? n - at : CHUNK;
    http_say(h, "%x\r\n", (unsigned) now);
    send_bytes(h, at, now);
    http_say(h, "\r\n");
  }
  http_say(h, "0\r\n\r\n");
}

static void answer_drip(http_t *h, int n) {
  send_head(h, 200, n);
  for (int i = 0; i < n && !h->over; i++) {
    uv_sleep(2);
    send_bytes(h, i, 1);
  }
}

static void answer_redirect(http_t *h, int n) {
  if (n > 1)
    http_say(h, "HTTP/1.1 302 Found\r\nLocation: /redirect/%d\r\n", n - 1);
  else
    http_say(h, "HTTP/1.1 302 Found\r\nLocation: /hello\r\n");
  http_say(h, "Content-Length: 4\r\n\r\nmove");
}

/* Sends byte by byte if `ms` is not 0. */
static void say_slowly(http_t *h, const char *text, size_t len, int ms) {
  const size_t step = ms > 0 ? 1 : len;
  for (size_t at = 0; at < len && !h->over; at += step) {
    http_send(h, text + at, step);
    uv_sleep((unsigned) ms);
  }
}

static void answer_say(http_t *h, const char *head, int ms) {
  const char *length = header_of(head, "Content-Length");
  const size_t len = length != NULL ? strtoul(length, NULL, 10) : 0;
  char *text = calloc(1, len + 1);
  size_t got = 0;
  while (text != NULL && got < len && (h->len > 0 || http_fill(h))) {
    const size_t n = len - got < h->len ? len - got : h->len;
    memcpy(text + got, h->in, n);
    http_use(h, n);
    got += n;
  }
  if (text != NULL)
    say_slowly(h, text, got, ms);
  free(text);
}

static void swallow(http_t *h, const char *head) {
  if (header_of(head, "Expect") != NULL)
    http_say(h, "HTTP/1.1 100 Continue\r\n\r\n");
  h->mute = true;
  if (header_of(head, "Content-Length") != NULL)
    echo_length(h, strtoul(header_of(head, "Content-Length"), NULL, 10));
  else if (header_of(head, "Transfer-Encoding") != NULL)
    echo_chunks(h);
  h->mute = false;
}

/* Redirects to `where` if the status is a redirect. */
static void answer_upload(http_t *h, int status, const char *where) {
  http_say(h,
           "HTTP/1.1 %d Status\r\nLocation: %s\r\nContent-Length: 4\r\n"
           "\r\nmove",
           status, where);
}

static void answer_expect(http_t *h, const char *head, int n) {
  if (header_of(head, "Expect") == NULL) {
    answer_echo(h, head);
    return;
  }
  while (h->len < (size_t) n && http_fill(h))
    continue;
  send_head(h, 417, 0);
}

/* Answers only after `n` clients have sent this request. */
static void answer_together(http_t *h, int n) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
  static int asked, answered;
  pthread_mutex_lock(&mutex);
  const int before = answered;
  if (++asked == n) {
    asked = 0;
    answered++;
    pthread_cond_broadcast(&changed);
  }
  while (answered == before)
    pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  send_head(h, 200, 0);
}

static void answer_headers(http_t *h, const char *before, const char *again) {
  http_say(h, "%s", before);
  while (!h->over)
    http_say(h, "%s", again);
}

static void answer_hello(http_t *h) {
  send_head(h, 200, 12);
  http_say(h, "hello, world");
}

static void answer_trailer(http_t *h) {
  http_say(h, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  http_say(h, "c\r\nhello, world\r\n0\r\nX-Late: yes\r\n\r\n");
}

static void answer(http_t *h, const char *head, const char *what, int n) {
  if (strcmp(what, "hello") == 0) {
    answer_hello(h);
  } else if (strcmp(what, "hints") == 0) {
    http_say(h, "HTTP/1.1 103 Early Hints\r\nLink: early\r\n\r\n");
    answer_hello(h);
  } else if (strcmp(what, "trailer") == 0) {
    answer_trailer(h);
  } else if (strcmp(what, "bytes") == 0 || strcmp(what, "long") == 0) {
    send_head(h, 200, what[0] == 'b' ? n : 5);
    send_bytes(h, 0, what[0] == 'b' ? n : 5 + n);
  } else if (strcmp(what, "chunked") == 0) {
    answer_chunked(h, n);
  } else if (strcmp(what, "close") == 0) {
    http_say(h, "HTTP/1.0 200 OK\r\n\r\n");
    send_bytes(h, 0, n);
    h->over = true;
  } else if (strcmp(what, "echo") == 0) {
    answer_echo(h, head);
  } else if (strcmp(what, "request") == 0) {
    swallow(h, head);
    send_head(h, 200, (int) strlen(head));
    http_send(h, head, strlen(head));
  } else if (strcmp(what, "status") == 0) {
    send_head(h, n, 0);
  } else if (strcmp(what, "redirect") == 0) {
    answer_redirect(h, n);
  } else if (strcmp(what, "silent") == 0) {
    wait_for_end(h);
  } else if (strcmp(what, "half") == 0) {
    send_head(h, 200, 2 * n);
    send_bytes(h, 0, n);
    wait_for_end(h);
  } else if (strcmp(what, "drip") == 0) {
    answer_drip(h, n);
  } else if (strcmp(what, "reset") == 0 || strcmp(what, "late") == 0) {
    send_part(h, n);
    if (what[0] == 'l')
      uv_sleep(300);
    close_hard(h);
  } else if (strcmp(what, "end") == 0) {
    send_part(h, n);
    h->over = true;
  } else if (strcmp(what, "keep") == 0) {
    answer_say(h, head, 0);
  } else if (strcmp(what, "say") == 0) {
    answer_say(h, head, n);
    h->over = true;
  } else if (strcmp(what, "headers") == 0) {
    answer_headers(h, "HTTP/1.1 200 OK\r\n", FILLER);
  } else if (strcmp(what, "refusal") == 0) {
    answer_headers(h, REFUSED, "10\r\n0123456789abcdef\r\n");
  } else if (strcmp(what, "continue") == 0) {
    answer_headers(h, "", "HTTP/1.1 100 Continue\r\n\r\n");
  } else if (strcmp(what, "trailers") == 0) {
    answer_headers(h, CHUNKED "5\r\nabcde\r\n0\r\n", FILLER);
  } else if (strcmp(what, "refuse") == 0) {
    answer_upload(h, n, "/echo");
    wait_for_end(h);
  } else if (strcmp(what, "swallow") == 0) {
    swallow(h, head);
    answer_upload(h, n, "/echo");
  } else if (strcmp(what, "moved") == 0) {
    swallow(h, head);
    answer_upload(h, n, "/request");
  } else if (strcmp(what, "stall") == 0) {
    uv_sleep((unsigned) n);
    swallow(h, head);
    send_head(h, 200, 0);
  } else if (strcmp(what, "expect") == 0) {
    answer_expect(h, head, n);
  } else if (strcmp(what, "together") == 0) {
    answer_together(h, n);
  } else if (strcmp(what, "first") == 0) {
    swallow(h, head);
    h->over = h->served > 1;
    send_head(h, 200, 0);
  } else {
    send_head(h, 404, 0);
  }
}

/* Serves one request. Returns false at the end of the connection. */
static bool serve_one(http_t *h) {
  char head[HEAD], what[32] = "";
  int n = 0;
  char *end;
  while ((end = strstr(h->in, "\r\n\r\n")) == NULL)
    if (!http_fill(h))
      return false;
  const size_t len = (size_t) (end - h->in) + 4;
  memcpy(head, h->in, len);
  head[len] = '\0';
  http_use(h, len);
  (void) sscanf(head, "%*s /%31[^/ ]/%d", what, &n);
  (void) sscanf(head, "CONNECT %31[^.]", what);
  h->served++;
  answer(h, head, what, n);
  return !h->over;
}

static void *serve(void *data) {
  http_t *h = data;
  while (serve_one(h))
    continue;
  (void) close(h->fd);
  free(h);
  counts->open--;
  return NULL;
}

static void begin_to_serve(int fd) {
  const int on = 1;
  http_t *h = calloc(1, sizeof(*h));
  pthread_t thread;
  if (h == NULL)
    abort();
  counts->accepted++;
  counts->open++;
  h->fd = fd;
  (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (pthread_create(&thread, NULL, serve, h) != 0)
    abort();
  (void) pthread_detach(thread);
}

/* Ends when the process of the tests ends, in whatever way. */
static void *end_with(void *pipe) {
  char c;
  while (read(*(int *) pipe, &c, 1) > 0)
    continue;
  _exit(0);
}

static void accept_all(int listener) {
  pthread_t thread;
  (void) close(ends[1]);
  (void) dup2(ends[0], STDOUT_FILENO); /* readers of our output wait for us */
  (void) dup2(ends[0], STDERR_FILENO);
  if (pthread_create(&thread, NULL, end_with, &ends[0]) != 0)
    abort();
  for (int i = 0; i < (int) sizeof(alphabet); i++)
    alphabet[i] = byte_at(i);
  for (;;) {
    const int fd = accept(listener, NULL, NULL);
    if (fd >= 0)
      begin_to_serve(fd);
  }
}

void http_server_start(void) {
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t len = sizeof(address);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counts == MAP_FAILED || pipe(ends) != 0 ||
      bind(listener, (struct sockaddr *) &address, len) != 0 ||
      listen(listener, 1024) != 0 ||
      getsockname(listener, (struct sockaddr *) &address, &len) != 0)
    abort();
  port = ntohs(address.sin_port);
  process = fork();
  if (process == 0)
    accept_all(listener);
  (void) close(ends[0]);
  (void) close(listener);
}

void http_server_stop(void) {
  (void) close(ends[1]);
  (void) waitpid(process, NULL, 0);
  (void) munmap(counts, sizeof(*counts));
}

const char *url_of(const char *format, ...) {
  static char urls[URLS][URL];
  static int next;
  char *url = urls[next++ % URLS];
  const int n = snprintf(url, URL, "http://127.0.0.1:%d", port);
  va_list args;
  va_start(args, format);
  (void) vsnprintf(url + n, (size_t) (URL - n), format, args);
  va_end(args);
  return url;
}

int http_server_accepted(void) {
  return counts->accepted;
}

int http_server_open(void) {
  return counts->open;
}
