/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: whose thread the loop is, also before avow has called back
 * there, whether it is run inside itself, and whether the program has closed
 * avow's handles along with its own. A handle that prepares for each poll knows
 * all of it.
 */
#include "engine/check_thread.h"

#include "engine/extension.h"

#if AVOW__DEBUG

static void check_thread_on_prepare(uv_prepare_t *prepare) {
  avow__context_t *c = prepare->data;
  if (c->depth > 0)
    avow__misuse(
        "uv_run() inside a callback: return avow_follow(promise) or use "
        "avow_then(); in an async function, use avow_await(). Or a longjmp() "
        "has left a callback, which has to return");
  c->thread = uv_thread_self();
  c->has_thread = true;
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
  c->subsystems[AVOW__SUBSYSTEM_CHECK_THREAD] = &subsystem;
}

/* Nobody is in uv_run() there: where nothing is alive that has returned, and
   whose the loop is now the next callback says. Of what is closed the loop may
   be gone. */
static bool is_at_rest(const avow__context_t *c) {
  return c->life == AVOW__CLOSED || (c->depth == 0 && !uv_loop_alive(c->loop));
}

void avow__check_thread(avow__context_t *c) {
  const uv_thread_t self = uv_thread_self();
  if (c->has_thread && !uv_thread_equal(&c->thread, &self) && !is_at_rest(c))
    avow__misuse(
        "called from a thread that is not the loop's: only avow_remote_*(), "
        "avow_sender_*(), avow_mailbox_*() and avow_post() may be, but for "
        "avow_sender_send() and those that end in _new()");
}

/* During avow_loop_close() they are closed by that. */
void avow__check_handles(avow__context_t *c) {
  if (!uv_is_closing((const uv_handle_t *) &c->thread_check) ||
      c->life > AVOW__OPEN || c->told_closed)
    return;
  c->told_closed = true;
  avow__advise(
      "all handles of this loop were closed, those of avow as well: call "
      "avow_loop_close(), and avow_loop_init() before you use it again");
}

/* While they are being closed handlers may still do what is left to do; and of
   what was closed in order the loop may be gone. */
void avow__check_reuse(avow__context_t *c) {
  if (c->life == AVOW__OPEN &&
      uv_is_closing((const uv_handle_t *) &c->thread_check) && c->depth == 0 &&
      !uv_loop_alive(c->loop))
    avow__check_handles(c);
}

#else

void avow__check_thread_init(avow__context_t *c) {
  (void) c;
}

#endif
