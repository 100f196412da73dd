#include "posix.h" /* has all of winsock2.h */
