/*
 * Sends an echo applet APDUs with 16 bytes over PC/SC and compares what comes back. Reads how many from standard input, a
 * number a line, at most 100000; answers each line with that number and the median of the round trips in nanoseconds, or with
 * what went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#define MOST 100000

static long round_trips_ns[MOST];

static long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  const long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

static SCARDHANDLE card;
static SCARD_IO_REQUEST protocol = {0, sizeof protocol};

static LONG transmit(const BYTE *command, DWORD length, BYTE *response, DWORD *room) {
  return SCardTransmit(card, &protocol, command, length, NULL, response, room);
}

static int connect_to_echo(void) {
  static const BYTE select[] = {0x00, 0xA4, 4, 0, 11, 0xF0, 0x47, 0x52, 0x49, 0x44, 0x43, 0x41, 0x52, 0x44, 0x02, 0x01};
  SCARDCONTEXT context;
  char readers[2048];
  BYTE response[258];
  DWORD size = sizeof readers, room = sizeof response;
  return SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) == SCARD_S_SUCCESS
      && SCardListReaders(context, NULL, readers, &size) == SCARD_S_SUCCESS
      && SCardConnect(context, readers, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card,
                      &protocol.dwProtocol) == SCARD_S_SUCCESS
      && transmit(select, sizeof select, response, &room) == SCARD_S_SUCCESS
      && room >= 2 && response[room - 2] == 0x90;
}

int main(void) {
  BYTE command[5 + 16] = {0x80, 0x01, 0, 0, 16}, response[258];
  long count;
  if (!connect_to_echo()) {
    puts("no echo applet in the first reader");
    return 1;
  }
  while (scanf("%ld", &count) == 1 && count > 0 && count <= MOST) {
    for (long i = 0; i < count; i++) {
      DWORD room = sizeof response;
      const long started = now_ns();
      memcpy(command + 5, &i, sizeof i);
      if (transmit(command, sizeof command, response, &room) != SCARD_S_SUCCESS || room != 18
          || memcmp(response, command + 5, 16) != 0 || response[16] != 0x90) {
        puts("the echo is wrong");
        return 1;
      }
      round_trips_ns[i] = now_ns() - started;
    }
    qsort(round_trips_ns, count, sizeof *round_trips_ns, by_size);
    printf("%ld %ld\n", count, round_trips_ns[count / 2]);
    fflush(stdout);
  }
  return 0;
}
