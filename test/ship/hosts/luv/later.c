/* SPDX-License-Identifier: MIT */
/*
 * Reads files after a pause, on the loop that luv runs. The function is
 * later.read(pause, path, done). It calls done with an error or nil, and the
 * text.
 */
#include <avow.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <luv/luv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1024 * 1024 };

typedef struct {
  uv_loop_t *loop;
  lua_State *L; /* of the main thread: a coroutine may end first */
  int done;
  unsigned pause;
  char path[];
} wish_t;

/* Runs on a stack of its own, where it must not call Lua. */
static avow_value_t read_later(void *data) {
  const wish_t *wish = data;
  avow_value_t v = avow_await(avow_sleep(wish->loop, wish->pause));
  if (avow_is_error(&v))
    return v;
  return avow_await(avow_read_file(wish->loop, wish->path, LIMIT));
}

/* Replaces the light userdata by the value and calls `done`. lua_pcall() runs
   this function, because making the strings may run out of memory. */
static int call_done(lua_State *L) {
  const avow_value_t *v = lua_touserdata(L, 2);
  size_t len;
  lua_settop(L, 1);
  if (avow_is_error(v)) {
    lua_pushstring(L, avow_error_message(v));
    lua_call(L, 1, 0);
    return 0;
  }
  const char *text = avow_to_bytes(v, &len);
  lua_pushnil(L);
  lua_pushlstring(L, text, len);
  lua_call(L, 2, 0);
  return 0;
}

/* Runs on the stack of the loop. An error in Lua is a longjmp(), which must not
   leave a handler. Therefore the promise rejects with the error. */
static avow_value_t tell(const avow_value_t *v, void *data) {
  const wish_t *wish = data;
  lua_State *L = wish->L;
  avow_value_t result = avow_none();
  lua_pushcfunction(L, call_done);
  lua_rawgeti(L, LUA_REGISTRYINDEX, wish->done);
  lua_pushlightuserdata(L, (void *) (uintptr_t) v);
  luaL_unref(L, LUA_REGISTRYINDEX, wish->done);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    result = avow_error_new(UV_EINVAL, avow_none(), "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  return result;
}

static int later_read(lua_State *L) {
  uv_loop_t *const *loop = lua_touserdata(L, lua_upvalueindex(1));
  size_t len;
  const lua_Integer pause = luaL_checkinteger(L, 1);
  const char *path = luaL_checklstring(L, 2, &len);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  if (*loop == NULL)
    return luaL_error(L, "closed");
  lua_settop(L, 3);
  const int done = luaL_ref(L, LUA_REGISTRYINDEX);
  wish_t *wish = malloc(sizeof(*wish) + len + 1);
  if (wish == NULL) {
    luaL_unref(L, LUA_REGISTRYINDEX, done);
    return luaL_error(L, "not enough memory");
  }
  *wish = (wish_t){ .loop = *loop, .L = luv_state(L), .done = done };
  wish->pause = pause > 0 ? (unsigned) pause : 0;
  memcpy(wish->path, path, len + 1);
  avow_promise_t *p = avow_async(*loop, read_later, wish);
  avow_unref(avow_attach(avow_then(p, tell, tell, wish), wish, free));
  return 0;
}

/* Closes avow: waiting callbacks get UV_ECANCELED, and may use Lua and luv. If
   `done` calls os.exit(code, true), avow cannot close, and luv would crash. */
static int end(lua_State *L) {
  uv_loop_t **loop = lua_touserdata(L, 1);
  uv_loop_t *open = *loop;
  *loop = NULL;
  if (open != NULL && avow_loop_close(open) != 0) {
    (void) fputs("in done, end with os.exit(code) alone\n", stderr);
    abort();
  }
  return 0;
}

/* Lua finalizes objects in the reverse order of their creation. This module
   must end before luv, so it requires luv first. */
__attribute__((visibility("default"))) int luaopen_later(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "luv");
  lua_call(L, 1, 0);

  lua_createtable(L, 0, 1);
  uv_loop_t **loop = lua_newuserdata(L, sizeof(*loop));
  *loop = NULL;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, end);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pushcclosure(L, later_read, 1);
  lua_setfield(L, -2, "read");

  const int code =
      avow_loop_init(luv_loop(L), &(avow_options_t){ .slow_us = UINT_MAX });
  if (code != 0)
    return luaL_error(L, "avow: %s", avow_strerror(code));
  *loop = luv_loop(L);
  return 1;
}
