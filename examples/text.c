/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* A character, or an invalid byte. */
typedef struct {
  size_t len;
  int columns;
  char shown[32];
} piece_t;

/* Names are UTF-8, independently of the user's locale. */
static void know_characters(void) {
  static bool known;
  if (!known && setlocale(LC_CTYPE, "C.UTF-8") == NULL &&
      setlocale(LC_CTYPE, "en_US.UTF-8") == NULL)
    (void) setlocale(LC_CTYPE, ""); /* the best available choice */
  known = true;
}

/* These characters change the order in which others are shown. */
static bool turns_around(wchar_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void escape(piece_t *piece, const char *text) {
  static const char names[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
  const char *name = strchr(names, *text);
  piece->columns = 0;
  for (size_t i = 0; i < piece->len; i++) {
    char *end = piece->shown + piece->columns;
    piece->columns += name != NULL
                          ? sprintf(end, "\\%c", letters[name - names])
                          : sprintf(end, "\\x%02x", (unsigned char) text[i]);
  }
}

static piece_t next_piece(const char *text) {
  piece_t piece = { .len = 1, .columns = -1 };
  mbstate_t state = { 0 };
  wchar_t c;
  know_characters();
  const size_t len = mbrtowc(&c, text, strnlen(text, MB_LEN_MAX), &state);
  if (len <= MB_LEN_MAX) { /* it is a character */
    piece.len = len;
    piece.columns = turns_around(c) ? -1 : wcwidth(c);
  }
  if (piece.columns < 0)
    escape(&piece, text);
  else
    memcpy(piece.shown, text, piece.len);
  return piece;
}

int text_columns(const char *text) {
  int columns = 0;
  while (*text != '\0') {
    const piece_t piece = next_piece(text);
    columns += piece.columns;
    text += piece.len;
  }
  return columns;
}

int text_print(FILE *to, const char *text, int columns) {
  const bool fits = columns == TEXT_WHOLE || text_columns(text) <= columns;
  const int room = fits ? columns : columns - 1;
  int used = 0;
  while (*text != '\0') {
    const piece_t piece = next_piece(text);
    if (piece.columns > room - used)
      break;
    (void) fputs(piece.shown, to); /* the caller sees errors when it closes the
                                      file */
    used += piece.columns;
    text += piece.len;
  }
  if (fits || columns <= 0)
    return used;
  (void) fputs("…", to);
  return used + 1;
}
