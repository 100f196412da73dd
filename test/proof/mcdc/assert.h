/* SPDX-License-Identifier: MIT */
/* Assertions compiled away, and nothing else that debug builds have: what an
   assertion rules out is not to be reached. In place of the system's. */
#undef assert
#define assert(what) ((void) 0)
#undef static_assert
#define static_assert _Static_assert
