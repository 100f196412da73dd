/* A portion of a file, from the system straight to a stream. */
#ifndef PORTION_H
#define PORTION_H

#include <avow.h>

/* Sends len bytes of the file from the offset on; to be called in an async
   function, with nothing else to be written. False if it could not, or if who
   reads takes nothing for too long. */
bool portion_send(uv_stream_t *stream, uv_file file, int64_t offset,
                  int64_t len);

#endif
