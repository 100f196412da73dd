/* SPDX-License-Identifier: MIT */
// uvco CASE N ROUNDS: see avow.c. A promise of uvco belongs to a coroutine. A
// coroutine that waits for a signal therefore takes the place of a promise with
// a handler.
#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <uvco/channel.h>
#include <uvco/fs.h>
#include <uvco/loop/loop.h>
#include <uvco/run.h>
#include <uvco/timer.h>

namespace {

using uvco::Loop;
using uvco::Promise;

size_t n;

// A value that one coroutine awaits and that another function gives.
class Signal {
 public:
  bool await_ready() const {
    return value != 0;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    waiting = handle;
  }
  int await_resume() const {
    return value;
  }
  void give(int v) {
    value = v;
    if (waiting)
      Loop::enqueue(waiting);
  }

 private:
  std::coroutine_handle<> waiting;
  int value = 0;
};

Promise<int> addOne(Signal &signal) {
  co_return co_await signal + 1;
}

Promise<int> hop(Promise<int> before) {
  co_return co_await before + 1;
}

Promise<int> one() {
  co_return 1;
}

Promise<int> hopToPromise(Promise<int> before) {
  co_await before;
  co_return co_await one();
}

std::vector<Promise<int>> waitForAll(std::vector<Signal> &signals) {
  std::vector<Promise<int>> promises;
  promises.reserve(n);
  for (auto &signal : signals)
    promises.push_back(addOne(signal));
  return promises;
}

void giveAll(std::vector<Signal> &signals) {
  for (auto &signal : signals)
    signal.give(1);
}

template <typename T>
Promise<void> join(std::vector<Promise<T>> promises) {
  for (auto &promise : promises)
    co_await promise;
}

Promise<void> settle(const Loop &) {
  std::vector<Signal> signals(n);
  auto promises = waitForAll(signals);
  giveAll(signals);
  co_await promises.back();
}

Promise<void> chain(const Loop &) {
  Signal signal;
  auto promise = addOne(signal);
  for (size_t i = 1; i < n; i++)
    promise = hop(std::move(promise));
  signal.give(1);
  co_await promise;
}

Promise<void> follow(const Loop &) {
  Signal signal;
  auto promise = addOne(signal);
  for (size_t i = 0; i < n; i++)
    promise = hopToPromise(std::move(promise));
  signal.give(1);
  co_await promise;
}

Promise<void> awaitAll(const Loop &) {
  for (size_t i = 0; i < n; i++)
    co_await one();
}

Promise<void> start(const Loop &) {
  std::vector<Promise<int>> promises;
  promises.reserve(n);
  for (size_t i = 0; i < n; i++)
    promises.push_back(one());
  co_await join(std::move(promises));
}

// The combinators take a number of promises that is known at compile time. An
// await of each promise takes their place.
Promise<void> all(const Loop &) {
  std::vector<Signal> signals(n);
  auto joined = join(waitForAll(signals));
  giveAll(signals);
  co_await joined;
}

Promise<void> sendAll(uvco::Channel<int> &channel) {
  for (size_t i = 0; i < n; i++)
    co_await channel.put(1);
}

Promise<void> channel(const Loop &) {
  uvco::Channel<int> channel{ 1 };
  auto sending = sendAll(channel);
  for (size_t i = 0; i < n; i++)
    co_await channel.get();
  co_await sending;
}

Promise<void> sleepMs(const Loop &loop) {
  std::vector<Promise<void>> promises;
  promises.reserve(n);
  for (size_t i = 0; i < n; i++)
    promises.push_back(uvco::sleep(loop, 1));
  co_await join(std::move(promises));
}

// uvco has no fstat. This request is one of libuv.
void statted(uv_fs_t *request) {
  uv_fs_req_cleanup(request);
  static_cast<Signal *>(request->data)->give(1);
}

Promise<void> makeRequests(const Loop &loop) {
  auto file = co_await uvco::File::open(loop, getenv("PEER_FILE"), O_RDONLY);
  Signal signal;
  uv_fs_t request;
  request.data = &signal;
  uv_fs_fstat(loop.uvloop(), &request, file.file(), statted);
  co_await signal;
  std::string data(4096, 0);
  co_await file.read(data, 0);
  file.close();
}

Promise<void> requests(const Loop &loop) {
  std::vector<Promise<void>> promises;
  promises.reserve(n);
  for (size_t i = 0; i < n; i++)
    promises.push_back(makeRequests(loop));
  co_await join(std::move(promises));
}

Promise<void> pending(const Loop &) {
  std::vector<Signal> signals(n);
  auto promises = waitForAll(signals);
  _exit(0);
  co_await promises.back();
}

const std::map<std::string, Promise<void> (*)(const Loop &)> cases = {
  { "settle", settle },   { "chain", chain },   { "follow", follow },
  { "await", awaitAll },  { "start", start },   { "all", all },
  { "channel", channel }, { "sleep", sleepMs }, { "requests", requests },
  { "pending", pending },
};

} // namespace

int main(int argc, char *argv[]) {
  const auto found = argc == 4 ? cases.find(argv[1]) : cases.end();
  if (found == cases.end())
    return 3;
  n = strtoul(argv[2], nullptr, 10);
  const size_t rounds = strtoul(argv[3], nullptr, 10);
  uvco::runMain<void>([&](const Loop &loop) -> Promise<void> {
    for (size_t i = 0; i < rounds; i++)
      co_await found->second(loop);
  });
  return 0;
}
