-- SPDX-License-Identifier: MIT
-- Calls avow only by its symbols, as bindings do: luajit ffi.lua LIBAVOW
local ffi = require('ffi')
ffi.cdef [[
typedef struct uv_loop_s uv_loop_t;
uv_loop_t *uv_default_loop(void);
int uv_loop_close(uv_loop_t *loop);
typedef struct {
  uint32_t tag;
  int32_t code;
  union { int64_t i; double d; void *p; } u;
} avow_value_t;
typedef struct avow_promise_s avow_promise_t;
int avow_loop_init(uv_loop_t *loop, const void *options);
int avow_loop_close(uv_loop_t *loop);
avow_value_t avow_none(void);
avow_value_t avow_int(int64_t i);
avow_value_t avow_string(const char *s);
avow_value_t avow_error(int code);
bool avow_is_error(const avow_value_t *v);
int avow_error_code(const avow_value_t *v);
int64_t avow_to_int(const avow_value_t *v);
const char *avow_to_bytes(const avow_value_t *v, size_t *len);
void avow_value_unref(avow_value_t v);
avow_promise_t *avow_promise_resolve(uv_loop_t *loop, avow_value_t v);
avow_promise_t *avow_sleep(uv_loop_t *loop, uint64_t ms);
avow_value_t avow_run(avow_promise_t *p);
typedef void (*avow_settled_cb)(const avow_value_t *outcome, void *data);
void avow_on_settled(avow_promise_t *p, avow_settled_cb cb, void *data);
avow_promise_t *avow_ref(const avow_promise_t *p);
void avow_cancel(const avow_promise_t *p);
void avow_unref(avow_promise_t *p);
typedef struct { const void *klass; void *self; } avow_stream_t;
avow_value_t avow_duplex(uv_loop_t *loop, size_t room, const void *options);
const avow_value_t *avow_list_at(const avow_value_t *list, size_t i);
avow_stream_t avow_to_stream(const avow_value_t *v);
avow_promise_t *avow_write(avow_stream_t stream, avow_value_t bytes);
avow_promise_t *avow_read(avow_stream_t stream, size_t max_bytes);
]]
local uv = ffi.load('uv.so.1')
local avow = ffi.load(arg[1])
local loop = uv.uv_default_loop()
assert(avow.avow_loop_init(loop, nil) == 0)

local function run(p)
  return ffi.new('avow_value_t[1]', { avow.avow_run(p) })
end

local v = run(avow.avow_promise_resolve(loop, avow.avow_int(42)))
assert(avow.avow_to_int(v) == 42)
v = run(avow.avow_promise_resolve(loop, avow.avow_string('hello')))
assert(ffi.string(avow.avow_to_bytes(v, nil)) == 'hello')
avow.avow_value_unref(v[0])
v = run(avow.avow_promise_resolve(loop, avow.avow_error(-5)))
assert(avow.avow_is_error(v) and avow.avow_error_code(v) == -5)
v = run(avow.avow_sleep(loop, 1))
assert(v[0].tag == avow.avow_none().tag)

local ends = ffi.new('avow_value_t[1]', { avow.avow_duplex(loop, 9, nil) })
local function end_of(i)
  return avow.avow_to_stream(avow.avow_list_at(ends, i))
end
v = run(avow.avow_write(end_of(0), avow.avow_string('hello')))
assert(avow.avow_to_int(v) == 5)
v = run(avow.avow_read(end_of(1), 9))
assert(ffi.string(avow.avow_to_bytes(v, nil)) == 'hello')
avow.avow_value_unref(v[0])
avow.avow_value_unref(ends[0])

local handlers, last = {}, 0

local told = ffi.cast('avow_settled_cb', function(outcome, data)
  local key = tonumber(ffi.cast('intptr_t', data))
  local handler = handlers[key]
  handlers[key] = nil
  local ok, message = pcall(handler, outcome)
  if not ok then io.stderr:write(message, '\n') end
end)

local function on_settled(p, handler)
  last = last + 1
  handlers[last] = handler
  avow.avow_on_settled(p, told, ffi.cast('void *', last))
end

local heard = {}
local function hear(outcome)
  heard[#heard + 1] = avow.avow_is_error(outcome)
    and avow.avow_error_code(outcome) or tonumber(avow.avow_to_int(outcome))
end

-- LuaJIT must not compile a function that runs the loop, because C code cannot
-- call back into compiled code.
local function hear_outcomes()
  on_settled(avow.avow_promise_resolve(loop, avow.avow_int(1)), hear)
  on_settled(avow.avow_promise_resolve(loop, avow.avow_error(-5)), hear)
  run(avow.avow_sleep(loop, 1))
  local canceled = avow.avow_sleep(loop, 60000)
  on_settled(avow.avow_ref(canceled), hear)
  avow.avow_cancel(canceled)
  avow.avow_unref(canceled)
  on_settled(avow.avow_sleep(loop, 60000), hear)
  assert(avow.avow_loop_close(loop) == 0)
end
jit.off(hear_outcomes)
jit.off(run)
hear_outcomes()
assert(table.concat(heard, ' ') == '1 -5 -125 -125')
assert(next(handlers) == nil)
told:free()
assert(uv.uv_loop_close(loop) == 0)
