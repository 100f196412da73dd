/* SPDX-License-Identifier: MIT */
/*
 * Reads files at the same time, and prints the outcome of each, in C++20:
 *
 *    c++ -std=c++20 fanout.cpp -o fanout $(pkg-config --cflags --libs avow)
 *    ./fanout FILE...
 */
#include <avow.hpp>
#include <cstdio>
#include <string>
#include <vector>

constexpr size_t limit = 64 * 1024 * 1024;

/* Finds the outcomes in the order of the paths. */
static avow::promise read_all(uv_loop_t *loop,
                              std::vector<std::string> paths) {
  std::vector<avow::promise> reads;
  for (const std::string &path : paths) {
    avow::promise read = avow_read_file(loop, path.c_str(), limit);
    reads.push_back(std::move(read).by(avow_timeout, 5000));
  }
  co_return avow::all_settled(loop, reads.data(), reads.size());
}

int main(int argc, char **argv) {
  const std::vector<std::string> paths(argv + 1, argv + argc);
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, nullptr) != 0)
    return 1;
  {
    const avow::value list = read_all(loop, paths).run();
    for (size_t i = 0; i < paths.size(); i++) {
      const avow_outcome_t o = avow_outcome_at(list.get(), i);
      size_t len = 0;
      if (o.status == AVOW_FULFILLED) {
        avow_to_bytes(o.value, &len);
        std::printf("%-24s fulfilled  %zu bytes\n", paths[i].c_str(), len);
      } else {
        std::printf("%-24s rejected   %s\n", paths[i].c_str(),
                    avow_error_message(o.reason));
      }
    }
  }
  avow_loop_close(loop);
  return uv_loop_close(loop);
}
