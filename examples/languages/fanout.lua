-- SPDX-License-Identifier: MIT
-- Reads files at the same time, and prints the outcome of each, by the FFI of
-- LuaJIT, on the loop of luv:
--
--    AVOW=libavow.so luajit fanout.lua FILE...
local ffi = require('ffi')
local luv = require('luv')

ffi.cdef [[
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
uv_loop_t *uv_handle_get_loop(const uv_handle_t *handle);
typedef struct avow_promise_s avow_promise_t;
typedef struct {
  uint32_t tag;
  int32_t code;
  union { int64_t i; double d; void *p; } u;
} avow_value_t;
typedef enum { AVOW_PENDING, AVOW_FULFILLED, AVOW_REJECTED } avow_state_t;
typedef struct {
  size_t index;
  avow_state_t status;
  const avow_value_t *value; /* or the reason */
} avow_outcome_t;
typedef void (*avow_settled_cb)(const avow_value_t *outcome, void *data);
int avow_loop_init(uv_loop_t *loop, const void *options);
int avow_loop_close(uv_loop_t *loop);
avow_promise_t *avow_read_file(uv_loop_t *loop, const char *path,
                               size_t max_bytes);
avow_promise_t *avow_timeout(avow_promise_t *p, uint64_t ms);
avow_promise_t *avow_all_settled(uv_loop_t *loop, avow_promise_t *const ps[],
                                 size_t n);
void avow_on_settled(avow_promise_t *p, avow_settled_cb cb, void *data);
avow_outcome_t avow_outcome_at(const avow_value_t *list, size_t i);
const char *avow_to_bytes(const avow_value_t *v, size_t *len);
const char *avow_error_message(const avow_value_t *v);
]]

local uv = ffi.load('uv.so.1')
local avow = ffi.load(os.getenv('AVOW') or 'avow.so.0')
local LIMIT = 64 * 1024 * 1024

-- Each handle of luv points to the loop.
local handle = luv.new_check()
local loop = uv.uv_handle_get_loop(ffi.cast('uv_handle_t **', handle)[0])
handle:close()

local function text_of(outcome)
  if outcome.status ~= avow.AVOW_FULFILLED then
    return 'rejected   ' .. ffi.string(avow.avow_error_message(outcome.value))
  end
  local len = ffi.new('size_t[1]')
  avow.avow_to_bytes(outcome.value, len)
  return string.format('fulfilled  %d bytes', tonumber(len[0]))
end

local failure
local told = ffi.cast('avow_settled_cb', function(list)
  -- An error must not leave the callback.
  local _, err = pcall(function()
    for i, path in ipairs(arg) do
      local outcome = avow.avow_outcome_at(list, i - 1)
      print(string.format('%-24s %s', path, text_of(outcome)))
    end
  end)
  failure = err
end)

-- LuaJIT must not compile a function that runs the loop, because C code cannot
-- call back into compiled code.
local function main()
  assert(avow.avow_loop_init(loop, nil) == 0)
  local reads = ffi.new('avow_promise_t *[?]', #arg)
  for i, path in ipairs(arg) do
    reads[i - 1] =
      avow.avow_timeout(avow.avow_read_file(loop, path, LIMIT), 5000)
  end
  avow.avow_on_settled(avow.avow_all_settled(loop, reads, #arg), told, nil)
  luv.run()
  assert(avow.avow_loop_close(loop) == 0)
end
jit.off(main)
main()
told:free()
assert(failure == nil, failure)
