/* SPDX-License-Identifier: MIT */
/*
 * Messages. libnats sends subjects and headers unchanged, so their contents
 * must not end a line of the protocol.
 */
#include "message.h"

#include <limits.h>
#include <string.h>

#include "failure.h"

static void message_destroy(void *msg) {
  natsMsg_Destroy(msg);
}

static const avow_class_t message_class = { .name = "nats message",
                                            .destroy = message_destroy,
                                            .sendable = true };

avow_value_t avow__nats_message(natsMsg *msg) {
  return avow_object(&message_class, msg);
}

natsMsg *avow_to_nats_msg(const avow_value_t *message) {
  return avow_is_object(message, &message_class)
             ? avow_to_object(message, &message_class)
             : NULL;
}

static bool is_text(const char *from, const char *to) {
  for (; from < to; from++)
    if ((unsigned char) *from <= ' ' || *from == 0x7f)
      return false;
  return true;
}

/* Whether this is a token and no wildcard. */
static bool is_token(const char *token, size_t len) {
  return len > 0 && is_text(token, token + len) &&
         !(len == 1 && (*token == '*' || *token == '>'));
}

static bool is_subject(const char *subject) {
  if (subject == NULL || strlen(subject) > SUBJECT_MAX)
    return false;
  for (;;) {
    const size_t len = strcspn(subject, ".");
    if (!is_token(subject, len))
      return false;
    if (subject[len] == '\0')
      return true;
    subject += len + 1;
  }
}

/* Adds "Name: value". An empty value is refused, because older receivers do not
   see such a header. */
static natsStatus add_header(natsMsg *msg, const char *line) {
  char name[256];
  const size_t len = strcspn(line, ":");
  if (len == 0 || len >= sizeof(name) || line[len] == '\0' ||
      !is_text(line, line + len) || strpbrk(line, "\r\n") != NULL)
    return NATS_INVALID_ARG;
  memcpy(name, line, len);
  name[len] = '\0';
  line += len + 1;
  line += strspn(line, " \t\v\f");
  return *line != '\0' ? natsMsgHeader_Add(msg, name, line) : NATS_INVALID_ARG;
}

static natsStatus add_headers(natsMsg *msg, const char *const *headers) {
  natsStatus s = NATS_OK;
  for (; s == NATS_OK && headers != NULL && *headers != NULL; headers++)
    s = add_header(msg, *headers);
  return s;
}

static natsStatus make_msg(natsMsg **out, const letter_t *letter) {
  size_t len = 0;
  const char *data = NULL;
  if (!is_subject(letter->subject))
    return NATS_INVALID_SUBJECT;
  if (letter->payload->tag == AVOW_BYTES)
    data = avow_to_bytes(letter->payload, &len);
  else if (!avow_is_none(letter->payload))
    return NATS_INVALID_ARG;
  if (len > INT_MAX)
    return NATS_MAX_PAYLOAD;
  natsStatus s =
      natsMsg_Create(out, letter->subject, letter->reply, data, (int) len);
  return s == NATS_OK ? add_headers(*out, letter->headers) : s;
}

avow_value_t avow__nats_message_new(natsMsg **out, const letter_t *letter) {
  *out = NULL;
  if (avow_is_error(letter->payload))
    return avow_value_ref(letter->payload);
  const natsStatus s = make_msg(out, letter);
  if (s == NATS_OK)
    return avow_none();
  natsMsg_Destroy(*out);
  *out = NULL;
  return avow__nats_failure(s);
}
