/* The Internet checksum as gcc vectorises it: checksum LENGTH REPEATS prints nanoseconds per sum, and the sum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint16_t checksum(const uint8_t *bytes, size_t length) {
  uint64_t sum = 0;
  size_t i = 0;
  for (; i + 4 <= length; i += 4) {
    uint32_t word;
    memcpy(&word, bytes + i, 4);
    sum += word;
  }
  if (i + 2 <= length) {
    uint16_t word;
    memcpy(&word, bytes + i, 2);
    sum += word;
    i += 2;
  }
  if (i < length) sum += bytes[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~__builtin_bswap16((uint16_t)sum);
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  size_t length = strtoul(argv[1], NULL, 10);
  long repeats = strtol(argv[2], NULL, 10);
  uint8_t *bytes = malloc(length);
  if (bytes == NULL) return 1;
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)(i * 37 + (i >> 8) * (i >> 5) + 5);
  volatile uint32_t sink = 0;
  struct timespec from, to;
  for (int warm = 0; warm < 2; warm++) {
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < repeats; i++) {
      __asm__ volatile("" : : "r"(bytes) : "memory");
      sink += checksum(bytes, length);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
  }
  double spent = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
  printf("%.3f %u\n", spent / (double)repeats, checksum(bytes, length));
  free(bytes);
  return 0;
}
