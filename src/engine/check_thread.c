/* SPDX-License-Identifier: MIT */
/*
 * Checks of a checked build. They find out which thread runs the loop, even
 * before avow has called back there. They report a loop that is run inside
 * itself, and a program that closes avow's handles with its own. A prepare
 * handle, which is called before each poll, finds all of this.
 */
#include "engine/check_thread.h"

#include "engine/extension.h"

#if AVOW__DEBUG

static void check_thread_on_prepare(uv_prepare_t *prepare) {
  avow__context_t *c = prepare->data;
  if (c->depth > 0)
    avow__misuse(
        "uv_run(): called inside a callback, or a callback was left by "
        "longjmp(); return avow_follow(promise) or call avow_then(); in an "
        "async function, call avow_await()");
  c->thread = avow__here();
  c->was_run = true;
}

static void check_thread_close(avow__context_t *c) {
  avow__close_own(c, (uv_handle_t *) &c->thread_check);
}

void avow__check_thread_init(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .close = check_thread_close };
  (void) uv_prepare_init(c->loop, &c->thread_check); /* cannot fail */
  c->thread_check.data = c;
  (void) uv_prepare_start(&c->thread_check,
                          check_thread_on_prepare); /* cannot fail */
  uv_unref((uv_handle_t *) &c->thread_check);
  c->thread = c->options.changes_threads ? 0 : avow__here();
  c->subsystems[AVOW__SUBSYSTEM_CHECK_THREAD] = &subsystem;
}

void avow__check_runner(avow__context_t *c, const char *called) {
  if (c->runs > 0 || c->depth > 0)
    avow__check_thread_in(c, called);
  c->thread = avow__here();
}

/* Whether another thread may use the loop now. With `changes_threads`, avow
   cannot know whether uv_run() has returned, but callbacks of avow show that it
   runs. */
static bool may_change_threads(const avow__context_t *c) {
  if (c->life == AVOW__CLOSED)
    return true;
  return c->options.changes_threads && c->depth == 0 && c->runs == 0;
}

void avow__check_other_thread(const avow__context_t *c, const char *called) {
  if (c->thread != 0 && !may_change_threads(c))
    avow__misuse_in(called,
                    "called on a thread other than the loop's; use avow_post() "
                    "to run code there, or set avow_options_t.changes_threads "
                    "if threads take turns");
}

/* Reports nothing during avow_loop_close(), which closes the handles itself. */
void avow__check_handles(avow__context_t *c) {
  if (!uv_is_closing((const uv_handle_t *) &c->thread_check) ||
      c->life > AVOW__OPEN || c->reported_closed)
    return;
  c->reported_closed = true;
  avow__advise(
      "all handles of the loop were closed, including avow's; call "
      "avow_loop_close(), then avow_loop_init() to reuse the loop");
}

/* While the handles are closing, handlers may still finish their work, so the
   loop must not be alive. After avow_loop_close() the loop may be freed, so it
   is not asked. */
void avow__check_reuse(avow__context_t *c) {
  if (c->depth == 0 && c->life == AVOW__OPEN &&
      uv_is_closing((const uv_handle_t *) &c->thread_check) &&
      !uv_loop_alive(c->loop))
    avow__check_handles(c);
}

#else

void avow__check_thread_init(avow__context_t *c) {
  (void) c;
}

#endif
