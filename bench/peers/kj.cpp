/* SPDX-License-Identifier: MIT */
// kj CASE N ROUNDS: see avow.c. Version 2 of KJ has coroutines.
#include <unistd.h>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include <kj/async-io.h>
#include <kj/thread.h>
#include <kj/vector.h>

namespace {

using Promises = kj::Vector<kj::Promise<int>>;
using Settlers = kj::Vector<kj::Own<kj::PromiseFulfiller<int>>>;

size_t n;
kj::AsyncIoContext *io;

void makePending(Promises &promises, Settlers &settlers) {
  for (size_t i = 0; i < n; i++) {
    auto pair = kj::newPromiseAndFulfiller<int>();
    promises.add(kj::mv(pair.promise));
    settlers.add(kj::mv(pair.fulfiller));
  }
}

void addHandlers(Promises &promises) {
  for (auto &promise : promises)
    promise =
        promise.then([](int v) { return v + 1; }).eagerlyEvaluate(nullptr);
}

void settleAll(Settlers &settlers) {
  for (auto &settler : settlers)
    settler->fulfill(1);
}

void settle() {
  Promises promises;
  Settlers settlers;
  makePending(promises, settlers);
  addHandlers(promises);
  settleAll(settlers);
  promises.back().wait(io->waitScope);
}

void chain() {
  auto pair = kj::newPromiseAndFulfiller<int>();
  auto promise = kj::mv(pair.promise);
  for (size_t i = 0; i < n; i++)
    promise = promise.then([](int v) { return v + 1; });
  pair.fulfiller->fulfill(0);
  promise.wait(io->waitScope);
}

void follow() {
  kj::Promise<int> promise = 1;
  for (size_t i = 0; i < n; i++)
    promise = promise.then([](int) { return kj::Promise<int>(1); });
  promise.wait(io->waitScope);
}

void all() {
  Promises promises;
  Settlers settlers;
  makePending(promises, settlers);
  auto joined = kj::joinPromises(promises.releaseAsArray());
  settleAll(settlers);
  joined.wait(io->waitScope);
}

void race() {
  Promises promises;
  Settlers settlers;
  makePending(promises, settlers);
  auto first = kj::mv(promises[0]);
  for (size_t i = 1; i < n; i++)
    first = first.exclusiveJoin(kj::mv(promises[i]));
  settleAll(settlers);
  first.wait(io->waitScope);
}

#ifdef __cpp_impl_coroutine
kj::Promise<int> awaitAll() {
  int sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += co_await kj::Promise<int>(1);
  co_return sum;
}

void await() {
  awaitAll().wait(io->waitScope);
}

kj::Promise<void> nothing() {
  co_return;
}

void start() {
  kj::Vector<kj::Promise<void>> promises;
  for (size_t i = 0; i < n; i++)
    promises.add(nothing());
  kj::joinPromises(promises.releaseAsArray()).wait(io->waitScope);
}
#endif

void sleepMs() {
  auto &timer = io->provider->getTimer();
  kj::Vector<kj::Promise<void>> promises;
  for (size_t i = 0; i < n; i++)
    promises.add(timer.afterDelay(kj::MILLISECONDS));
  kj::joinPromises(promises.releaseAsArray()).wait(io->waitScope);
}

void thread() {
  Promises promises;
  kj::Vector<kj::Own<kj::CrossThreadPromiseFulfiller<int>>> settlers;
  for (size_t i = 0; i < n; i++) {
    auto pair = kj::newPromiseAndCrossThreadFulfiller<int>();
    promises.add(kj::mv(pair.promise));
    settlers.add(kj::mv(pair.fulfiller));
  }
  kj::Thread other([&settlers]() {
    for (auto &settler : settlers)
      settler->fulfill(1);
  });
  kj::joinPromises(promises.releaseAsArray()).wait(io->waitScope);
}

void pending() {
  Promises promises;
  Settlers settlers;
  makePending(promises, settlers);
  addHandlers(promises);
  _exit(0);
}

const std::map<std::string, std::function<void()>> cases = {
  { "settle", settle }, { "chain", chain },     { "follow", follow },
  { "all", all },       { "race", race },       { "sleep", sleepMs },
  { "thread", thread }, { "pending", pending },
#ifdef __cpp_impl_coroutine
  { "await", await },   { "start", start },
#endif
};

} // namespace

int main(int argc, char *argv[]) {
  const auto found = argc == 4 ? cases.find(argv[1]) : cases.end();
  if (found == cases.end())
    return 3;
  auto context = kj::setupAsyncIo();
  io = &context;
  n = strtoul(argv[2], nullptr, 10);
  for (size_t left = strtoul(argv[3], nullptr, 10); left > 0; left--)
    found->second();
  return 0;
}
