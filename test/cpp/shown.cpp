/* SPDX-License-Identifier: MIT */
/* The code that docs/cpp.md shows, and a test that it works. */
#include "check.hpp"

#include <cstdlib>
#include <memory>
#include <vector>

static avow::promise count_bytes(const char *path) {
  return avow::promise(avow_read_file(loop, path, 4096))
      .by(avow_timeout, 1000)
      .then([](std::string_view text) { return text.size(); })
      .catch_([](const avow::value &error) {
        return error.code() == UV_ENOENT ? avow::value(0) : error.ref();
      });
}

struct request {
  explicit request(std::string of) : url(std::move(of)) {}
  std::string url;
  std::vector<char> body;
};

static avow::promise fetch(std::string url) {
  auto mine = std::make_unique<request>(std::move(url));
  request &r = *mine;
  return avow::promise(avow_sleep(loop, 1))
      .then([&r] { r.body.assign(5, 'x'); })
      .then([mine = std::move(mine)] { return mine->body.size(); });
}

struct point {
  int x, y;
};

static avow::promise find_point() {
  return avow::resolve(loop, avow::value::object<point>(3, 4));
}

static avow::promise add_up() {
  return find_point().then([](const point &p) { return p.x + p.y; });
}

static int finish_later(void (*call)(void (*done)(void *, int), void *)) {
  auto [p, d] = avow::deferred::make(loop);
  call([](void *taken, int code) {
    avow::deferred(static_cast<avow_deferred_t *>(taken)).resolve(code);
  }, d.release());
  return std::move(p).run().to<int>();
}

#if __cplusplus >= 202002L
static avow::promise copy_text(uv_loop_t *on, std::string from,
                               std::string to) {
  avow::value text = co_await avow_read_file(on, from.c_str(), 4096);
  co_await avow_write_file(on, to.c_str(), text.ref().release(), 0600);
  co_return text.to<std::string>().size();
}

static avow::promise first_that_is(uv_loop_t *on, std::string a,
                                   std::string b) {
  avow::value text =
      co_await avow::outcome(avow_read_file(on, a.c_str(), 4096));
  if (text.is_error())
    text = co_await avow_read_file(on, b.c_str(), 4096);
  co_return text;
}
#endif

void test_shown() {
  CHECK(count_bytes(__FILE__).run().code() == UV_EFBIG ||
        count_bytes(__FILE__).run().to<int>() > 0);
  CHECK(count_bytes("/nowhere").run().to<int>() == 0);
  CHECK(fetch("a").run().to<int>() == 5);
  CHECK(add_up().run().to<int>() == 7);
  CHECK(finish_later([](void (*done)(void *, int), void *data) {
          done(data, 6);
        }) == 6);
#if __cplusplus >= 202002L
  CHECK(copy_text(loop, "/nowhere", "/nowhere").run().code() == UV_ENOENT);
  CHECK(first_that_is(loop, "/nowhere", "/nowhere").run().code() == UV_ENOENT);
#endif
}
