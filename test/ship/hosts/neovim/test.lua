-- SPDX-License-Identifier: MIT
-- Tests the statements of docs/embedding.md about Neovim. $ENDING names one of
-- the functions below.
local this = debug.getinfo(1, 'S').source:sub(2)
package.path = vim.fn.fnamemodify(this, ':h') .. '/?.lua;' .. package.path
local later = require 'later'
local ffi = require 'ffi'
local forever = 1e9
local failed = false

local function say(...)
  io.stdout:write(table.concat({ ... }, ' '), '\n')
end

local function report(name, ok, found)
  say(ok and 'ok  ' or 'FAIL', name .. (ok and '' or ': ' .. tostring(found)))
  failed = failed or not ok
end

-- Runs a command in another Neovim. Returns its status and output.
local function run(command)
  local said = vim.fn.system { vim.v.progpath, '--headless', '-u', 'NONE', '-i',
    'NONE', '-n', '-c', command, '-c', 'sleep 20 | qa!' }
  return vim.v.shell_error .. ' ' .. said
end

-- Runs one of the functions below in another Neovim.
local function ending(name)
  vim.env.ENDING = name
  return run('luafile ' .. this)
end

local function quit(command)
  later.read(forever, this, say)
  later.read(1, this, function() vim.cmd(command) end)
end

local endings = {}

function endings.leave()
  quit 'qa!'
end

function endings.quit()
  quit '7cquit'
end

function endings.term()
  quit 'call v:lua.vim.loop.kill(getpid(), "sigterm")'
end

function endings.exit()
  quit 'lua os.exit(7)'
end

function endings.thread()
  local handle = vim.loop.new_check()
  local at = ffi.cast('uv_handle_t **', handle)[0]
  local loop = tonumber(ffi.cast('intptr_t', ffi.C.uv_handle_get_loop(at)))
  later.read(1, this, function()
    vim.loop.new_thread(function(lib, address, path)
      local inner = require 'ffi'
      inner.cdef 'int later_read(void *, unsigned, const char *, int, void *);'
      inner.load(lib).later_read(inner.cast('void *', address), 1, path, 0, nil)
    end, os.getenv 'LATER', loop, this):join()
    vim.cmd 'cquit'
  end)
end

-- The loop is compiled before C first calls back.
local function search(compile)
  ffi.cdef [[ void *bsearch(const void *, const void *, size_t, size_t,
                            int (*)(const void *, const void *)); ]]
  local type = 'int (*)(const void *, const void *)'
  local compare = ffi.cast(type, function() return 0 end)
  local n, text = ffi.new 'size_t[1]', ffi.new 'char[1]'
  local function find()
    return ffi.C.bsearch(text, text, n[0], 1, compare)
  end
  if not compile then
    jit.off(find)
  end
  for i = 1, 500 do
    n[0] = i / 451
    find()
  end
  vim.cmd '7cquit'
end

function endings.compiled()
  search(true)
end

function endings.interpreted()
  search(false)
end

local function test()
  local file = assert(io.open(this))
  local text, read, why = file:read '*a', 0, nil
  file:close()
  for i = 1, 10 do
    later.read(i, this, function(_, found)
      vim.cmd 'let g:done = 1' -- Neovim forbids this in fast events
      read = read + (found == text and 1 or 0)
    end)
  end
  later.read(1, '/nowhere', function(message) why = message end)
  report('no callback runs before the loop does', read == 0, read)
  vim.wait(20000, function() return read == 10 and why end)
  report('done gets the text of the file, and may call all of Neovim',
    read == 10, read)
  report('done gets the message of an error',
    why == "read '/nowhere': no such file or directory", why)

  local found = ending 'quit'
  report('waiting callbacks are called when Neovim exits',
    found:find '^7 .*operation canceled', found)
  found = ending 'leave'
  report('this holds for each command that exits',
    found:find '^0 .*operation canceled', found)
  found = ending 'term'
  report('this also holds when Neovim is terminated',
    found:find '^1 .*operation canceled', found)
  found = ending 'exit'
  report('os.exit() in done ends the process', found:find '^7 ', found)
  found = ending 'compiled'
  report('C must not call back into compiled code of LuaJIT',
    found:find '^1 .*bad callback', found)
  found = ending 'interpreted'
  report('C may call back into code that LuaJIT must not compile',
    found:find '^7 ', found)
  found = run 'lua vim.loop.walk(print)'
  report('vim.loop.walk() crashes, also without avow', found:find '^134 ',
    found)
  if os.getenv 'CHECKED' == '1' then
    found = ending 'thread'
    report('a checked avow reports a call on another thread',
      found:find '^134 .*thread other than the loop', found)
  end
  say 'done'
end

local function end_with(fn)
  local ok, message = pcall(fn)
  if not ok then
    report(message, false)
  end
  vim.cmd(failed and 'cquit' or 'qa!')
end

local one = endings[os.getenv 'ENDING']
if one then
  one()
else
  end_with(test)
end
