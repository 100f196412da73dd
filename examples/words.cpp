/* SPDX-License-Identifier: MIT */
/*
 * Counts the words of files, all at once, in C++20. Each file has a coroutine
 * that may reject on its own. The table is printed when all of them have
 * settled.
 *
 *    words FILE...
 */
#include <avow.hpp>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

constexpr size_t limit = 64 * 1024 * 1024;

static avow::promise count_words(uv_loop_t *loop, std::string path) {
  avow::promise file = avow_read_file(loop, path.c_str(), limit);
  const avow::value text = co_await std::move(file).by(avow_timeout, 5000);
  std::istringstream words(text.to<std::string>());
  int64_t n = 0;
  for (std::string word; words >> word;)
    n++;
  co_return n;
}

/* A file that cannot be read is reported and not counted. */
static avow::promise count_all(uv_loop_t *loop,
                               std::vector<std::string> paths) {
  std::vector<avow::promise> counts;
  for (const std::string &path : paths)
    counts.push_back(count_words(loop, path));
  int64_t sum = 0, failed = 0;
  for (size_t i = 0; i < paths.size(); i++) {
    const avow::value n = co_await avow::outcome(std::move(counts[i]));
    if (n.is_error()) {
      std::fprintf(stderr, "words: %s\n", n.message());
      failed++;
      continue;
    }
    std::printf("%8lld %s\n", n.to<long long>(), paths[i].c_str());
    sum += n.to<int64_t>();
  }
  std::printf("%8lld in all\n", static_cast<long long>(sum));
  co_return failed;
}

int main(int argc, char **argv) {
  const bool asked = argc > 1 && std::strcmp(argv[1], "--help") == 0;
  if (argc < 2 || asked) {
    std::fputs("usage: words FILE...\n", asked ? stdout : stderr);
    return asked ? 0 : 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_t *loop = uv_default_loop();
  avow_options_t options{};
  options.slow_us = UINT_MAX; /* the tests compare stderr on slow machines */
  if (avow_loop_init(loop, &options) != 0)
    return 1;
  const std::vector<std::string> paths(argv + 1, argv + argc);
  const avow::value failed = count_all(loop, paths).run();
  avow_loop_close(loop);
  uv_loop_close(loop);
  const bool written = std::fflush(stdout) == 0;
  return written && !failed.is_error() && failed.to<int>() == 0 ? 0 : 1;
}
