-- SPDX-License-Identifier: MIT
-- Reads files after a pause, on Neovim's loop. The function is
-- later.read(pause, path, done). It calls done with a message or nil, and the
-- text.
local ffi = require 'ffi'

ffi.cdef [[
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef void (*told_fn)(int id, int code, const char *text);
uv_loop_t *uv_handle_get_loop(const uv_handle_t *handle);
int later_open(uv_loop_t *loop);
int later_read(uv_loop_t *loop, unsigned pause, const char *path, int id,
               told_fn told);
int later_close(uv_loop_t *loop);
]]

local lib = ffi.load(os.getenv 'LATER' or './liblater.so')
local later, wishes, last = {}, {}, 0

-- Each handle of vim.loop has a pointer to the loop.
local handle = vim.loop.new_check()
local loop = ffi.C.uv_handle_get_loop(ffi.cast('uv_handle_t **', handle)[0])
handle:close()

-- avow calls this inside libuv, where functions of Neovim other than
-- vim.schedule() are not allowed.
local told = ffi.cast('told_fn', function(id, code, text)
  local done, message = wishes[id], ffi.string(text)
  wishes[id] = nil
  vim.schedule(function()
    if code == 0 then
      done(nil, message)
    else
      done(message)
    end
  end)
end)

function later.read(pause, path, done)
  last = last + 1
  wishes[last] = done
  if lib.later_read(loop, pause, path, last, told) ~= 0 then
    wishes[last] = nil
    error 'not enough memory'
  end
end

-- LuaJIT must not compile this function, because C calls back into Lua here.
local function close()
  assert(lib.later_close(loop) == 0)
end
jit.off(close)

assert(lib.later_open(loop) == 0)
vim.api.nvim_create_autocmd('VimLeavePre', { once = true, callback = close })
return later
