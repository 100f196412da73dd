/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON, in the Trace Event Format of Chrome's viewer: an array, whose
 * end may be missing. An event is written entirely or not at all. After the
 * first write error, nothing more is written. The loop is thread 1. Each
 * function that awaits is a thread with the number of its promise, which is
 * greater than 1.
 */
#include "trace/trace_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "avow/config.h"
#include "avow/value.h"
#include "engine/origin.h"

/* Maximum length of an event with all its strings cut and escaped, and other
   limits. */
enum { LONGEST = 8192, MOST_TEXT = 160, LOOP = 1, TRACE_NS = 1000 };

static void put_format(avow__json_writer_t *writer, const char *format, ...)
    AVOW_PRINTF(2, 3);

static void put_format(avow__json_writer_t *writer, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const size_t room = sizeof(writer->text) - writer->len;
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  const int n = vsnprintf(writer->text + writer->len, room, format, args);
  va_end(args);
  writer->len += (size_t) n; /* LONGEST is enough */
}

static bool continues(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

/* Returns the length of the next UTF-8 character of a NUL-terminated text, or 0
   if it is invalid. Overlong forms pass, because viewers tolerate them. */
static size_t utf8_length(const unsigned char *text) {
  if (text[0] < 0x80)
    return 1;
  const size_t n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
  if (text[0] < 0xc2 || text[0] > 0xf4)
    return 0;
  for (size_t i = 1; i < n; i++)
    if (!continues(text[i]))
      return 0;
  return n;
}

static void put_character(avow__json_writer_t *writer, const unsigned char *at,
                          size_t n) {
  if (n == 0)
    put_format(writer, "\\ufffd");
  else if (*at < ' ')
    put_format(writer, "\\u%04x", *at);
  else
    put_format(writer, "%s%.*s", *at == '"' || *at == '\\' ? "\\" : "", (int) n,
               (const char *) at);
}

/* Writes the contents of a JSON string. If the text is too long, only its end
   is written. */
static void put_text(avow__json_writer_t *writer, const char *text) {
  const size_t len = strlen(text);
  const size_t skip = len > MOST_TEXT ? len - MOST_TEXT : 0;
  const unsigned char *at = (const unsigned char *) text + skip;
  while (*at != '\0') {
    const size_t n = utf8_length(at);
    put_character(writer, at, n);
    at += n != 0 ? n : 1;
  }
}

/* Writes " ask+0x1f", or " 0x12a0" if no symbol covers the place. */
static void put_short_place(avow__json_writer_t *writer, const char *place) {
  if (place == NULL)
    return;
  const char *address = strrchr(place, ' ');
  if (strncmp(place, "?? ", 3) == 0 && address != NULL)
    put_format(writer, " %.*s", (int) strcspn(address + 1, ")"), address + 1);
  else
    put_format(writer, " %.*s", (int) strcspn(place, " "), place);
}

/* Writes a title such as "sleep ask+0x1f". `before` is put before the name. */
static void put_title(avow__json_writer_t *writer, const char *before,
                      const avow__event_t *event) {
  put_format(writer, ",\"name\":\"%s", before);
  put_text(writer, event->name);
  if (event->caller != NULL && event->what != AVOW_EVENT_AWAITS)
    put_short_place(writer, avow__symbol_text(event->caller));
  put_format(writer, "\"");
}

/* Each event except the first begins with a comma. */
static void begin_event(avow__json_writer_t *writer, const char *phase,
                        uint64_t thread) {
  put_format(writer, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%" PRIu64,
             writer->begun ? ",\n" : "[\n", phase, writer->process, thread);
  writer->begun = true;
}

/* Writes a time in microseconds. */
static void put_time(avow__json_writer_t *writer, const char *key,
                     uint64_t ns) {
  put_format(writer, ",\"%s\":%" PRIu64 ".%03u", key, ns / TRACE_NS,
             (unsigned) (ns % TRACE_NS));
}

static void begin_timed(avow__json_writer_t *writer, const char *phase,
                        uint64_t thread, uint64_t ns) {
  begin_event(writer, phase, thread);
  put_time(writer, "ts", ns);
}

static void put_id(avow__json_writer_t *writer, const char *category,
                   uint64_t id) {
  put_format(writer, ",\"cat\":\"%s\",\"id\":\"0x%" PRIx64 "\"", category, id);
}

static void name_thread(avow__json_writer_t *writer, uint64_t thread,
                        const avow__event_t *event) {
  begin_event(writer, "M", thread);
  put_format(writer, ",\"name\":\"thread_name\",\"args\":{\"id\":%" PRIu64,
             thread);
  put_title(writer, "", event);
  put_format(writer, "}}");
}

static void add_named(avow__json_writer_t *writer, const avow__event_t *event) {
  name_thread(writer, event->id, event);
}

static void add_made(avow__json_writer_t *writer, const avow__event_t *event) {
  begin_timed(writer, "b", LOOP, event->ns);
  put_id(writer, "promise", event->id);
  put_title(writer, "", event);
  put_format(writer, ",\"args\":{");
  if (event->caller != NULL) {
    put_format(writer, "\"made\":\"");
    put_text(writer, avow__symbol_text(event->caller));
    put_format(writer, "\"");
  }
  put_format(writer, "}}");
}

static void add_settled(avow__json_writer_t *writer,
                        const avow__event_t *event) {
  static const char *const fates[] = { "pending", "fulfilled", "rejected",
                                       "canceled", "followed" };
  begin_timed(writer, "e", LOOP, event->ns);
  put_id(writer, "promise", event->id);
  put_title(writer, "", event);
  put_format(writer, ",\"args\":{\"state\":\"%s\"", fates[event->fate]);
  if (event->fate == AVOW__IS_REJECTED)
    put_format(writer, ",\"error\":\"%s\"", avow_err_name(event->code));
  put_format(writer, "}}");
}

/* An arrow connects two slices. If there is no slice, one is written for the
   arrow. */
static void add_queued(avow__json_writer_t *writer,
                       const avow__event_t *event) {
  if (event->apart) {
    begin_timed(writer, "X", LOOP, event->ns);
    put_format(writer, ",\"dur\":0.002,\"cat\":\"task\",\"name\":\"outside\"}");
  }
  begin_timed(writer, "s", LOOP, event->ns + event->apart);
  put_id(writer, "job", event->arrow);
  put_format(writer, ",\"name\":\"job\"}");
}

static void end_arrow(avow__json_writer_t *writer, const avow__event_t *event) {
  begin_timed(writer, "f", LOOP, event->ns);
  put_id(writer, "job", event->arrow);
  put_format(writer, ",\"bp\":\"e\",\"name\":\"job\"}");
}

static void add_slice(avow__json_writer_t *writer, const avow__event_t *event) {
  begin_timed(writer, "X", LOOP, event->ns);
  put_time(writer, "dur", event->length);
  put_title(writer, "", event);
  put_format(writer, ",\"cat\":\"%s\"}",
             event->what == AVOW_EVENT_JOB ? "job" : "task");
  if (event->what == AVOW_EVENT_JOB)
    end_arrow(writer, event);
}

static void add_awaits(avow__json_writer_t *writer,
                       const avow__event_t *event) {
  begin_timed(writer, "B", event->id, event->ns);
  put_title(writer, "awaits ", event);
  put_format(writer,
             ",\"cat\":\"await\",\"args\":{\"promise\":\"0x%" PRIx64 "\"",
             event->awaited);
  const char *place =
      event->caller != NULL ? avow__symbol_text(event->caller) : NULL;
  put_format(writer, ",\"at\":\"");
  if (place != NULL)
    put_text(writer, place);
  else
    put_format(writer, "line %d", event->line);
  put_format(writer, "\"}}");
}

static void add_resumes(avow__json_writer_t *writer,
                        const avow__event_t *event) {
  begin_timed(writer, "E", event->id, event->ns);
  put_format(writer, ",\"cat\":\"await\"}");
}

static void add_canceled(avow__json_writer_t *writer,
                         const avow__event_t *event) {
  begin_timed(writer, "i", LOOP, event->ns);
  put_title(writer, "cancel ", event);
  put_format(
      writer,
      ",\"cat\":\"cancel\",\"s\":\"t\",\"args\":{\"promise\":\"0x%" PRIx64
      "\"}}",
      event->id);
}

void avow__json_add(avow__json_writer_t *writer, const avow__event_t *event) {
  static void (*const adds[])(avow__json_writer_t *, const avow__event_t *) = {
    [AVOW_EVENT_MADE] = add_made,         [AVOW_EVENT_NAMED] = add_named,
    [AVOW_EVENT_QUEUED] = add_queued,     [AVOW_EVENT_JOB] = add_slice,
    [AVOW_EVENT_AWAITS] = add_awaits,     [AVOW_EVENT_RESUMES] = add_resumes,
    [AVOW_EVENT_CANCELED] = add_canceled, [AVOW_EVENT_SETTLED] = add_settled,
    [AVOW_EVENT_FREED] = end_arrow,       [AVOW_EVENT_TASK_END] = add_slice,
  };
  if (sizeof(writer->text) - writer->len < LONGEST)
    avow__json_write(writer);
  adds[event->what](writer, event);
}

static int last_error(void) {
  return errno != 0 ? uv_translate_sys_error(errno) : UV_EIO;
}

void avow__json_write(avow__json_writer_t *writer) {
  const size_t len = writer->len;
  writer->len = 0;
  if (writer->err != 0 || len == 0)
    return;
  errno = 0;
  if (fwrite(writer->text, 1, len, writer->out) < len ||
      fflush(writer->out) != 0)
    writer->err = last_error();
}

void avow__json_begin(avow__json_writer_t *writer, FILE *out) {
  static const avow__event_t loop = { .name = "loop" };
  writer->out = out;
  writer->process = (int) uv_os_getpid();
  writer->begun = false;
  writer->err = 0;
  writer->len = 0;
  name_thread(writer, LOOP, &loop);
}

void avow__json_end(avow__json_writer_t *writer) {
  put_format(writer, "\n]\n");
  avow__json_write(writer);
}
