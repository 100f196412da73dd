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
#include "engine/backtrace.h"

/* Maximum length of an event with all its strings cut and escaped, and other
   limits. */
enum { LONGEST = 8192, MOST_TEXT = 160, LOOP = 1, NS = 1000 };

static void put_format(avow__sheet_t *sheet, const char *format, ...)
    AVOW_PRINTF(2, 3);

static void put_format(avow__sheet_t *sheet, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const size_t room = sizeof(sheet->text) - sheet->len;
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  const int n = vsnprintf(sheet->text + sheet->len, room, format, args);
  va_end(args);
  sheet->len += (size_t) n; /* LONGEST is enough */
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

static void put_character(avow__sheet_t *sheet, const unsigned char *at,
                          size_t n) {
  if (n == 0)
    put_format(sheet, "\\ufffd");
  else if (*at < ' ')
    put_format(sheet, "\\u%04x", *at);
  else
    put_format(sheet, "%s%.*s", *at == '"' || *at == '\\' ? "\\" : "", (int) n,
               (const char *) at);
}

/* Writes the contents of a JSON string. If the text is too long, only its end
   is written. */
static void put_text(avow__sheet_t *sheet, const char *text) {
  const size_t len = strlen(text);
  const size_t skip = len > MOST_TEXT ? len - MOST_TEXT : 0;
  const unsigned char *at = (const unsigned char *) text + skip;
  while (*at != '\0') {
    const size_t n = utf8_length(at);
    put_character(sheet, at, n);
    at += n != 0 ? n : 1;
  }
}

/* Writes " ask+0x1f", or " program 0x12a0" without the program's folder. */
static void put_short_place(avow__sheet_t *sheet, const char *place) {
  if (place == NULL)
    return;
  const char *function_end = strstr(place, " (");
  const char *folder_end = strrchr(place, '/');
  if (function_end != NULL)
    put_format(sheet, " %.*s", (int) (function_end - place), place);
  else
    put_format(sheet, " %s", folder_end != NULL ? folder_end + 1 : place);
}

/* Writes a title such as "sleep ask+0x1f". `before` is put before the name. */
static void put_title(avow__sheet_t *sheet, const char *before,
                      const avow__event_t *event) {
  put_format(sheet, ",\"name\":\"%s", before);
  put_text(sheet, event->name);
  if (event->caller != NULL && event->what != AVOW_EVENT_AWAITS)
    put_short_place(sheet, avow__caller_text(event->caller));
  put_format(sheet, "\"");
}

/* Each event except the first begins with a comma. */
static void begin_event(avow__sheet_t *sheet, const char *phase,
                        uint64_t thread) {
  put_format(sheet, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%" PRIu64,
             sheet->begun ? ",\n" : "[\n", phase, sheet->process, thread);
  sheet->begun = true;
}

/* Writes a time in microseconds. */
static void put_time(avow__sheet_t *sheet, const char *key, uint64_t ns) {
  put_format(sheet, ",\"%s\":%" PRIu64 ".%03u", key, ns / NS,
             (unsigned) (ns % NS));
}

static void begin_timed(avow__sheet_t *sheet, const char *phase,
                        uint64_t thread, uint64_t ns) {
  begin_event(sheet, phase, thread);
  put_time(sheet, "ts", ns);
}

static void put_id(avow__sheet_t *sheet, const char *category, uint64_t id) {
  put_format(sheet, ",\"cat\":\"%s\",\"id\":\"0x%" PRIx64 "\"", category, id);
}

static void name_thread(avow__sheet_t *sheet, uint64_t thread,
                        const avow__event_t *event) {
  begin_event(sheet, "M", thread);
  put_format(sheet, ",\"name\":\"thread_name\",\"args\":{\"id\":%" PRIu64,
             thread);
  put_title(sheet, "", event);
  put_format(sheet, "}}");
}

static void add_named(avow__sheet_t *sheet, const avow__event_t *event) {
  name_thread(sheet, event->id, event);
}

static void add_made(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "b", LOOP, event->ns);
  put_id(sheet, "promise", event->id);
  put_title(sheet, "", event);
  put_format(sheet, ",\"args\":{");
  if (event->caller != NULL) {
    put_format(sheet, "\"made\":\"");
    put_text(sheet, avow__caller_text(event->caller));
    put_format(sheet, "\"");
  }
  put_format(sheet, "}}");
}

static void add_settled(avow__sheet_t *sheet, const avow__event_t *event) {
  static const char *const fates[] = { "pending", "fulfilled", "rejected",
                                       "cancelled", "followed" };
  begin_timed(sheet, "e", LOOP, event->ns);
  put_id(sheet, "promise", event->id);
  put_title(sheet, "", event);
  put_format(sheet, ",\"args\":{\"state\":\"%s\"", fates[event->fate]);
  if (event->fate == AVOW__IS_REJECTED)
    put_format(sheet, ",\"error\":\"%s\"", avow_err_name(event->code));
  put_format(sheet, "}}");
}

/* An arrow connects two slices. If there is no slice, one is written for the
   arrow. */
static void add_queued(avow__sheet_t *sheet, const avow__event_t *event) {
  if (event->apart) {
    begin_timed(sheet, "X", LOOP, event->ns);
    put_format(sheet, ",\"dur\":0.002,\"cat\":\"task\",\"name\":\"outside\"}");
  }
  begin_timed(sheet, "s", LOOP, event->ns + event->apart);
  put_id(sheet, "job", event->arrow);
  put_format(sheet, ",\"name\":\"job\"}");
}

static void end_arrow(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "f", LOOP, event->ns);
  put_id(sheet, "job", event->arrow);
  put_format(sheet, ",\"bp\":\"e\",\"name\":\"job\"}");
}

static void add_slice(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "X", LOOP, event->ns);
  put_time(sheet, "dur", event->length);
  put_title(sheet, "", event);
  put_format(sheet, ",\"cat\":\"%s\"}",
             event->what == AVOW_EVENT_JOB ? "job" : "task");
  if (event->what == AVOW_EVENT_JOB)
    end_arrow(sheet, event);
}

static void add_awaits(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "B", event->id, event->ns);
  put_title(sheet, "awaits ", event);
  put_format(sheet,
             ",\"cat\":\"await\",\"args\":{\"promise\":\"0x%" PRIx64 "\"",
             event->awaited);
  put_format(sheet, ",\"at\":\"");
  if (event->caller != NULL)
    put_text(sheet, avow__caller_text(event->caller));
  else
    put_format(sheet, "line %d", event->line);
  put_format(sheet, "\"}}");
}

static void add_resumes(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "E", event->id, event->ns);
  put_format(sheet, ",\"cat\":\"await\"}");
}

static void add_canceled(avow__sheet_t *sheet, const avow__event_t *event) {
  begin_timed(sheet, "i", LOOP, event->ns);
  put_title(sheet, "cancel ", event);
  put_format(
      sheet,
      ",\"cat\":\"cancel\",\"s\":\"t\",\"args\":{\"promise\":\"0x%" PRIx64
      "\"}}",
      event->id);
}

void avow__sheet_add(avow__sheet_t *sheet, const avow__event_t *event) {
  static void (*const adds[])(avow__sheet_t *, const avow__event_t *) = {
    [AVOW_EVENT_MADE] = add_made,         [AVOW_EVENT_NAMED] = add_named,
    [AVOW_EVENT_QUEUED] = add_queued,     [AVOW_EVENT_JOB] = add_slice,
    [AVOW_EVENT_AWAITS] = add_awaits,     [AVOW_EVENT_RESUMES] = add_resumes,
    [AVOW_EVENT_CANCELED] = add_canceled, [AVOW_EVENT_SETTLED] = add_settled,
    [AVOW_EVENT_FREED] = end_arrow,       [AVOW_EVENT_TASK_END] = add_slice,
  };
  if (sizeof(sheet->text) - sheet->len < LONGEST)
    avow__sheet_write(sheet);
  adds[event->what](sheet, event);
}

static int last_error(void) {
  return errno != 0 ? uv_translate_sys_error(errno) : UV_EIO;
}

void avow__sheet_write(avow__sheet_t *sheet) {
  const size_t len = sheet->len;
  sheet->len = 0;
  if (sheet->err != 0 || len == 0)
    return;
  errno = 0;
  if (fwrite(sheet->text, 1, len, sheet->out) < len || fflush(sheet->out) != 0)
    sheet->err = last_error();
}

void avow__sheet_begin(avow__sheet_t *sheet, FILE *out) {
  static const avow__event_t loop = { .name = "loop" };
  sheet->out = out;
  sheet->process = (int) uv_os_getpid();
  sheet->begun = false;
  sheet->err = 0;
  sheet->len = 0;
  name_thread(sheet, LOOP, &loop);
}

void avow__sheet_end(avow__sheet_t *sheet) {
  put_format(sheet, "\n]\n");
  avow__sheet_write(sheet);
}
