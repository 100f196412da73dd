/* SPDX-License-Identifier: MIT */
/* Shared code of the C++ tests: a loop, a log, and a count of live objects. */
#ifndef CHECK_HPP
#define CHECK_HPP

#include <avow.hpp>

#include <cstdio>
#include <string>

extern uv_loop_t *loop;
extern std::string notes;
extern int failures;

/* Appends the word to the log, with a space before it. */
inline void note(const std::string &word) {
  notes += notes.empty() ? word : " " + word;
}

#define CHECK(ok) check((ok), #ok, __FILE__, __LINE__)
#define CHECK_NOTES(words) check_notes((words), __FILE__, __LINE__)
void check(bool ok, const char *what, const char *file, int line);
void check_notes(const std::string &words, const char *file, int line);

/* An object that counts as alive until the last object that it was moved to is
   destroyed. */
class guest {
public:
  guest() { alive++; }
  guest(guest &&other) noexcept : there_(other.there_) { other.there_ = false; }
  ~guest() { alive -= there_ ? 1 : 0; }
  guest &operator=(guest &&) = delete;
  static int alive;

private:
  bool there_ = true;
};

/* Runs `scene` with each of its allocations failing in turn, those of C++ and
   those of avow. The promise must settle each time, and nothing may be left. */
void survives(avow::promise (*scene)());

/* The tests of each file. */
void test_values();
void test_handlers();
void test_coroutines();
void test_shown();

#endif
