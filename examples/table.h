/* How examples show their work: a row for each target, a line of progress. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>

typedef enum { PENDING, FULFILLED, REJECTED, CANCELLED } row_state_t;

typedef struct {
  const char *name;
  row_state_t state;
  uint64_t begin; /* in nanoseconds */
  uint64_t end;
  unsigned attempts;
  int status;       /* of an answer */
  size_t bytes;     /* of its body */
  char reason[256]; /* when there is none */
} row_t;

double row_ms(const row_t *row);

void table_print(const row_t rows[], size_t n);

/* On stderr, if that is a terminal. */
void progress_show(size_t done, size_t n);
void progress_erase(void);

#endif
