-- SPDX-License-Identifier: MIT
-- Tests the statements of docs/embedding.md about Lua with luv.
local uv = require 'luv'
local later = require 'later'
local this = arg[0]
local forever = 1e9
local failed = false

local function report(name, ok, found)
  print(('%s %s%s'):format(ok and 'ok  ' or 'FAIL', name,
    ok and '' or ': ' .. tostring(found)))
  failed = failed or not ok
end

-- Runs one of the functions below in a process of its own. Returns the output
-- and the status.
local function ending(name)
  local at = ('%s %s %s 2>&1; echo "" $?'):format(arg[-1], this, name)
  local pipe = assert(io.popen(at))
  local said = pipe:read 'a'
  pipe:close()
  return said
end

local endings = {}

function endings.fall_off()
  later.read(forever, this, function(why) print(why, uv.now() > 0) end)
end

function endings.close_state()
  endings.fall_off()
  uv.new_timer():start(1, 0, function() os.exit(7, true) end)
  uv.run()
end

function endings.exit()
  endings.fall_off()
  later.read(1, this, function() os.exit(7) end)
  uv.run()
end

function endings.close_in_done()
  later.read(1, this, function() os.exit(7, true) end)
  uv.run()
end

function endings.fail()
  later.read(1, this, function() error 'thrown in done' end)
  later.read(20, this, function() print 'and on' end)
  uv.run()
end

function endings.walk()
  uv.walk(function() end)
  print 'walked'
end

local function test()
  local file = assert(io.open(this))
  local text, read, why = file:read 'a', 0, nil
  file:close()
  for i = 1, 10 do
    later.read(i, this, function(_, found)
      read = read + (found == text and 1 or 0)
    end)
  end
  later.read(1, '/nowhere', function(message) why = message end)
  report('no callback runs before the loop does', read == 0, read)
  uv.run()
  report('done gets the text of the file', read == 10, read)
  report('done gets the message of an error',
    why == "read '/nowhere': no such file or directory", why)

  local woken
  coroutine.wrap(function()
    local self = coroutine.running()
    later.read(1, this, function(_, found) coroutine.resume(self, found) end)
    woken = coroutine.yield()
  end)()
  uv.run()
  report('a coroutine waits', woken == text, woken)

  local found = ending 'fall_off'
  report('when Lua ends, waiting callbacks are called and may use luv',
    found == 'operation canceled\ttrue\n 0\n', found)
  found = ending 'close_state'
  report('this also holds when a luv callback closes the state',
    found == 'operation canceled\ttrue\n 7\n', found)
  found = ending 'exit'
  report('os.exit(code) in done ends the process', found == ' 7\n', found)
  found = ending 'close_in_done'
  report('os.exit(code, true) in done aborts with advice',
    found:find 'in done, end with os.exit%(code%) alone\n' and
    found:find ' 134\n$', found)
  found = ending 'fail'
  report('an error in done is an unhandled rejection',
    found:find 'unhandled rejection: .*thrown in done.*and on\n 0\n$', found)
  found = ending 'walk'
  report('uv.walk() of luv 1.44 crashes on handles of others',
    found:find ' 1%d%d\n$', found)
  print 'done'
end

(endings[arg[1]] or test)()
if failed then
  os.exit(1)
end
