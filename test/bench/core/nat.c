/*
 * The flow table's lookup and rewrite as wasm-core/assembly/nat-*.ts has it, for IPv4 and TCP, with prefetches where
 * the WebAssembly reads ahead. Prints nanoseconds per packet: ./nat FLOWS CHUNKS
 */
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ID_MASK 0x003fffffu
#define NOWHERE 0xffffffffu
#define PACKETS 8192
#define STRIDE 64
#define BATCH 256
#define GROUP 64

typedef struct {
  uint32_t key[6]; /* outward: source, destination, ports; inward the same */
  uint8_t protocol, state, fins, life;
  uint32_t expires;
  uint16_t address_delta, port_delta;
  uint32_t opened, packets[2];
  uint64_t bytes[2];
} entry_t;

static entry_t *entries;
static uint32_t *slots, mask, seen = 0x2545f491u;
static const uint64_t seed = 0x123456789abcdef0ull;
static const uint32_t timeouts[8] = {0, 240, 240, 7440, 240, 240};
static uint16_t transitions[1024];

static uint32_t random32(void) {
  seen ^= seen << 13;
  seen ^= seen >> 17;
  return seen ^= seen << 5;
}
static inline uint64_t mix(uint64_t value) {
  uint64_t spread = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15ull;
  return spread ^ (spread >> 32);
}
static inline uint64_t hash_key(const void *addresses, uint32_t ports, uint32_t protocol) {
  uint64_t both;
  memcpy(&both, addresses, 8);
  return mix(mix(both ^ seed) ^ (ports | ((uint64_t)protocol << 32)));
}
static void insert(uint32_t reference) {
  entry_t *e = &entries[reference >> 1];
  uint32_t *key = e->key + (reference & 1) * 3;
  uint64_t hash = hash_key(key, key[2], e->protocol);
  for (uint32_t group = (uint32_t)hash & mask;; group = (group + 1) & mask)
    for (int i = 0; i < 4; i++)
      if (!slots[group * 4 + i]) {
        slots[group * 4 + i] = ((uint32_t)(hash >> 54) << 22) | (reference + 2);
        return;
      }
}
/* A bit for each slot of the group that has the tag of the hash, and one for each empty one in `empty`. */
static inline uint32_t tagged(uint64_t hash, uint32_t group, uint32_t *empty) {
  __m128i four = _mm_load_si128((const __m128i *)(slots + (size_t)group * 4));
  __m128i zero = _mm_cmpeq_epi32(four, _mm_setzero_si128());
  __m128i equal = _mm_cmpeq_epi32(_mm_srli_epi32(four, 22), _mm_set1_epi32((int)(hash >> 54)));
  *empty = (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(zero));
  return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_andnot_si128(zero, equal)));
}
static inline uint32_t likely(uint64_t hash) {
  uint32_t group = (uint32_t)hash & mask, empty, hits = tagged(hash, group, &empty);
  return hits ? slots[(size_t)group * 4 + __builtin_ctz(hits)] : 0;
}
static inline int is(uint32_t reference, const uint32_t *addresses, uint32_t ports, uint32_t protocol) {
  const entry_t *e = &entries[reference >> 1];
  const uint32_t *key = e->key + (reference & 1) * 3;
  return key[0] == addresses[0] && key[1] == addresses[1] && key[2] == ports && e->protocol == protocol;
}
static uint32_t find(uint64_t hash, const uint32_t *addresses, uint32_t ports, uint32_t protocol) {
  for (uint32_t group = (uint32_t)hash & mask;; group = (group + 1) & mask) {
    uint32_t empty;
    for (uint32_t hits = tagged(hash, group, &empty); hits; hits &= hits - 1) {
      uint32_t reference = (slots[(size_t)group * 4 + __builtin_ctz(hits)] & ID_MASK) - 2;
      if (is(reference, addresses, ports, protocol)) return reference;
    }
    if (empty) return NOWHERE;
  }
}
static inline uint32_t fold(uint32_t sum) { return (sum & 0xffff) + (sum >> 16); }
static uint16_t difference(const uint16_t *added, const uint16_t *taken, int words) {
  uint32_t sum = 0xffff * 32;
  for (int i = 0; i < words; i++) sum += added[i] - (uint32_t)taken[i];
  while (sum > 0xffff) sum = fold(sum);
  return sum;
}
static inline uint16_t adjust(uint32_t checksum, uint32_t delta) {
  return ~fold((~checksum & 0xffff) + delta);
}
/* State and FINs after a segment, tabulated as the WebAssembly does. */
static uint32_t next_tcp(uint32_t state, uint32_t fins, uint32_t inward, uint32_t flags) {
  if (state == 5) return inward || (flags & 23) != 2 ? state | fins << 8 : 1;
  if (flags & 4) return 5 | fins << 8;
  if (state == 1) {
    if (!inward || !(flags & 16)) return state | fins << 8;
    state = 2;
  } else if (state == 2 && !inward && (flags & 18) == 16) {
    state = 3;
  }
  if (flags & 1) {
    fins |= 1 << inward;
    state = fins == 3 ? 5 : 4;
  }
  return state | fins << 8;
}
static inline void touch(entry_t *e, uint32_t inward, uint32_t flags, uint32_t length, uint32_t now) {
  e->packets[inward]++;
  e->bytes[inward] += length;
  uint32_t said = (flags & 7) << 6 | (flags & 16) << 5;
  uint32_t after = transitions[e->state | e->fins << 3 | inward << 5 | said], state = after & 7;
  uint32_t end = now + timeouts[state];
  if (end < now) end = 0xffffffffu;
  e->expires = e->state == 5 && state == 5 ? e->expires : end;
  e->state = (uint8_t)after;
  e->fins = (uint8_t)(after >> 8);
}
static inline int good(const uint8_t *packet, uint32_t length, uint32_t *header) {
  if (length < 20) return 0;
  uint32_t ihl = (packet[0] & 15) * 4, total = packet[2] << 8 | packet[3];
  if (packet[0] >> 4 != 4 || ihl < 20 || total > length || ihl > total) return 0;
  if ((packet[6] & 0x3f) || packet[7] || packet[9] != 6 || total - ihl < 20) return 0;
  uint32_t tcp = (packet[ihl + 12] >> 4) * 4;
  *header = ihl;
  return tcp >= 20 && tcp <= total - ihl;
}
typedef struct {
  uint64_t hash;
  uint32_t ports, slot, header, flags;
} note_t;
static int translate(uint8_t *base, const uint32_t *descriptors, int32_t *answers, int count, uint32_t now) {
  note_t notes[GROUP];
  int done = 0;
  for (int from = 0; from < count; from += GROUP) {
    for (int k = 0; k < GROUP; k++) {
      uint8_t *packet = base + descriptors[(from + k) * 2];
      note_t *note = &notes[k];
      answers[from + k] = good(packet, descriptors[(from + k) * 2 + 1], &note->header) ? 0 : -6;
      note->hash = 0;
      if (answers[from + k]) continue;
      memcpy(&note->ports, packet + note->header, 4);
      note->flags = packet[note->header + 13];
      note->hash = hash_key(packet + 12, note->ports, 6);
      __builtin_prefetch(&slots[(size_t)((uint32_t)note->hash & mask) * 4]);
    }
    for (int k = 0; k < GROUP; k++) {
      uint32_t slot = notes[k].slot = likely(notes[k].hash);
      __builtin_prefetch(&entries[slot ? ((slot & ID_MASK) >> 1) - 1 : 0], 1);
    }
    for (int k = 0; k < GROUP; k++) {
      if (answers[from + k]) continue;
      uint8_t *packet = base + descriptors[(from + k) * 2];
      const note_t *note = &notes[k];
      uint32_t addresses[2], header = note->header, slot = note->slot;
      memcpy(addresses, packet + 12, 8);
      uint32_t reference = (slot & ID_MASK) - 2;
      if (!slot || !is(reference, addresses, note->ports, 6)) reference = find(note->hash, addresses, note->ports, 6);
      if (reference == NOWHERE || now >= entries[reference >> 1].expires) {
        answers[from + k] = -1;
        continue;
      }
      entry_t *e = &entries[reference >> 1];
      uint32_t inward = reference & 1, flip = -inward & 0xffff, *other = e->key + (inward ^ 1) * 3;
      uint32_t address = e->address_delta ^ flip, both = fold(address + (e->port_delta ^ flip));
      uint32_t ports = other[2] << 16 | other[2] >> 16;
      uint16_t sum;
      memcpy(packet + 12, &other[1], 4);
      memcpy(packet + 16, &other[0], 4);
      memcpy(packet + header, &ports, 4);
      memcpy(&sum, packet + 10, 2);
      sum = adjust(sum, address);
      memcpy(packet + 10, &sum, 2);
      memcpy(&sum, packet + header + 16, 2);
      sum = adjust(sum, both);
      memcpy(packet + header + 16, &sum, 2);
      touch(e, inward, note->flags, descriptors[(from + k) * 2 + 1], now);
      answers[from + k] = (int32_t)reference;
      done++;
    }
  }
  return done;
}
static void keys_of(uint32_t i, uint32_t *key) {
  uint32_t port = 1024 + i % 60000;
  key[0] = __builtin_bswap32(0x0a000000u + i);
  key[1] = __builtin_bswap32(0xc6120000u + i % 4096);
  key[2] = __builtin_bswap32(port << 16 | 443);
  key[3] = key[1];
  key[4] = __builtin_bswap32(0xcb007100u + (i >> 16));
  key[5] = __builtin_bswap32(443u << 16 | (i & 0xffff));
}
static void make_flow(uint32_t i) {
  entry_t *e = &entries[i];
  memset(e, 0, sizeof *e);
  keys_of(i, e->key);
  e->protocol = 6;
  e->state = 1;
  e->life = 1;
  e->expires = 1240;
  e->address_delta = difference((uint16_t *)(e->key + 3), (uint16_t *)e->key, 4);
  e->port_delta = difference((uint16_t *)(e->key + 5), (uint16_t *)(e->key + 2), 2);
  insert(i << 1);
  insert(i << 1 | 1);
}
int main(int argc, char **argv) {
  uint32_t flows = argc > 2 ? atoi(argv[1]) : 100000, groups = 4;
  int chunks = argc > 2 ? atoi(argv[2]) : 10, done = 0;
  while (groups < flows) groups <<= 1;
  mask = groups - 1;
  for (uint32_t i = 0; i < 1024; i++)
    transitions[i] = (uint16_t)next_tcp(i & 7, i >> 3 & 3, i >> 5 & 1, (i >> 6 & 7) | (i >> 5 & 16));
  entries = aligned_alloc(64, (size_t)flows * sizeof(entry_t));
  slots = aligned_alloc(64, (size_t)groups * 16);
  memset(slots, 0, (size_t)groups * 16);
  uint8_t *packets = aligned_alloc(64, PACKETS * STRIDE);
  static uint32_t descriptors[PACKETS * 2];
  static int32_t answers[BATCH];
  for (uint32_t i = 0; i < flows; i++) make_flow(i);
  double nanoseconds = 0;
  for (int chunk = 0; chunk < chunks; chunk++) {
    memset(packets, 0, PACKETS * STRIDE);
    for (int i = 0; i < PACKETS; i++) {
      uint8_t *packet = packets + i * STRIDE;
      /* Made anew: reading the entries here would bring them into the cache ahead of the measurement. */
      uint32_t roll = random32(), keys[6];
      keys_of((roll >> 1) % flows, keys);
      packet[0] = 0x45;
      packet[3] = 40;
      packet[9] = 6;
      memcpy(packet + 12, keys + (roll & 1) * 3, 12);
      packet[32] = 0x50;
      packet[33] = 16;
      descriptors[i * 2] = i * STRIDE;
      descriptors[i * 2 + 1] = 40;
    }
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int from = 0; from < PACKETS; from += BATCH)
      done += translate(packets, descriptors + from * 2, answers, BATCH, 1001);
    clock_gettime(CLOCK_MONOTONIC, &b);
    nanoseconds += (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
  }
  if (done != chunks * PACKETS) return 1;
  printf("%.3f\n", nanoseconds / done);
  return 0;
}
