// SPDX-License-Identifier: MIT
// Reads files at the same time, and prints the outcome of each, in D:
//
//    gdc fanout.d -o fanout $(pkg-config --libs avow)
//    ./fanout FILE...
import std.encoding : sanitize;
import std.stdio : writefln;
import std.string : fromStringz, toStringz;

enum size_t limit = 64 * 1024 * 1024;
enum fulfilled = 1;

extern (C) nothrow @nogc {
  struct uv_loop_t;
  struct avow_promise_t;

  struct avow_value_t {
    uint tag;
    int code;
    union {
      long i;
      double d;
      void* p;
    }
  }

  struct avow_outcome_t {
    size_t index;
    int status;
    const(avow_value_t)* value; // or the reason
  }

  uv_loop_t* uv_default_loop();
  int uv_loop_close(uv_loop_t* loop);
  int avow_loop_init(uv_loop_t* loop, const(void)* options);
  int avow_loop_close(uv_loop_t* loop);
  avow_promise_t* avow_read_file(uv_loop_t* loop, const(char)* path, size_t max_bytes);
  avow_promise_t* avow_timeout(avow_promise_t* p, ulong ms);
  avow_promise_t* avow_all_settled(uv_loop_t* loop, avow_promise_t** ps, size_t n);
  avow_value_t avow_run(avow_promise_t* p);
  avow_outcome_t avow_outcome_at(const(avow_value_t)* list, size_t i);
  const(char)* avow_to_bytes(const(avow_value_t)* v, size_t* len);
  const(char)* avow_error_message(const(avow_value_t)* v);
  void avow_value_unref(avow_value_t v);
}

// The list of outcomes, in the order of the paths.
avow_value_t readAll(uv_loop_t* loop, string[] paths) {
  avow_promise_t*[] reads;
  foreach (path; paths)
    reads ~= avow_timeout(avow_read_file(loop, path.toStringz, limit), 5000);
  return avow_run(avow_all_settled(loop, reads.ptr, reads.length));
}

void main(string[] args) {
  auto paths = args[1 .. $];
  auto loop = uv_default_loop();
  if (avow_loop_init(loop, null) != 0)
    throw new Exception("avow_loop_init() fails");
  auto list = readAll(loop, paths);
  foreach (i, path; paths) {
    const o = avow_outcome_at(&list, i);
    size_t len;
    if (o.status == fulfilled) {
      avow_to_bytes(o.value, &len);
      writefln("%-24s fulfilled  %d bytes", sanitize(path), len);
    } else {
      const message = avow_error_message(o.value).fromStringz.idup;
      writefln("%-24s rejected   %s", sanitize(path), sanitize(message));
    }
  }
  avow_value_unref(list);
  avow_loop_close(loop);
  uv_loop_close(loop);
}
