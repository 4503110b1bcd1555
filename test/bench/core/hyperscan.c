/*
 * Searches a file for literals with Hyperscan as a stream, whatever their case, and prints for each round the
 * nanoseconds and the matches.
 *
 *     hyperscan LITERALS TEXT ROUNDS CHUNK      one literal a line; at most 8192
 */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LITERALS = 8192 };

static unsigned long long matches;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  (void)id, (void)from, (void)to, (void)flags, (void)context;
  matches++;
  return 0;
}

static char *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (bytes != NULL && fread(bytes, 1, *size, file) != *size) bytes = NULL;
  if (bytes != NULL) bytes[*size] = 0;
  fclose(file);
  return bytes;
}

int main(int argc, char **argv) {
  static const char *literals[MAX_LITERALS];
  static size_t lengths[MAX_LITERALS];
  static unsigned flags[MAX_LITERALS], ids[MAX_LITERALS];
  size_t list_size, size;
  if (argc != 5) return 64;
  char *list = read_file(argv[1], &list_size);
  char *text = read_file(argv[2], &size);
  int rounds = atoi(argv[3]);
  size_t chunk = (size_t)atol(argv[4]);
  if (list == NULL || text == NULL || chunk == 0) return 66;

  unsigned count = 0;
  for (char *line = strtok(list, "\n"); line != NULL && count < MAX_LITERALS; line = strtok(NULL, "\n")) {
    literals[count] = line;
    lengths[count] = strlen(line);
    flags[count] = HS_FLAG_CASELESS;
    ids[count] = count;
    count++;
  }
  hs_database_t *database = NULL;
  hs_compile_error_t *error = NULL;
  hs_scratch_t *scratch = NULL;
  if (hs_compile_lit_multi(literals, flags, ids, lengths, count, HS_MODE_STREAM, NULL, &database, &error) != HS_SUCCESS ||
      hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
    fprintf(stderr, "hyperscan: %s\n", error != NULL ? error->message : "no scratch");
    return 70;
  }
  for (int round = 0; round < rounds; round++) {
    struct timespec from, to;
    hs_stream_t *stream = NULL;
    matches = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (hs_open_stream(database, 0, &stream) != HS_SUCCESS) return 70;
    for (size_t at = 0; at < size; at += chunk) {
      size_t length = size - at < chunk ? size - at : chunk;
      if (hs_scan_stream(stream, text + at, (unsigned)length, 0, scratch, on_match, NULL) != HS_SUCCESS) return 70;
    }
    hs_close_stream(stream, scratch, on_match, NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%lld %llu\n", (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec), matches);
    fflush(stdout);
  }
  return 0;
}
