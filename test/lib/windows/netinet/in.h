/* SPDX-License-Identifier: MIT */
#include "posix.h" /* has all of winsock2.h */
