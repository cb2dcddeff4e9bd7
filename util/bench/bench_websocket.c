
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>


size_t
bench_ws_request(char *buf, size_t size, const char *host, const char *uri,
    const char *agent)
{
    return snprintf(buf, size,
                    "GET %.512s HTTP/1.1\r\n"
                    "Host: %.64s\r\n"
                    "User-Agent: %.128s\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                    uri, host, agent);
}


/* masked, as clients must, by zeros: RFC 6455, 5.3 */

int
bench_ws_send(int fd, int opcode, const char *text, size_t len)
{
    u_char  buf[2048], *p;

    if (len > sizeof(buf) - 8) {
        errno = EMSGSIZE;
        return -1;
    }

    p = buf;
    *p++ = 0x80 | opcode;

    if (len < 126) {
        *p++ = 0x80 | len;

    } else {
        *p++ = 0x80 | 126;
        *p++ = len >> 8;
        *p++ = len & 0xff;
    }

    memset(p, 0, 4);
    memcpy(p + 4, text, len);
    p += 4 + len;

    return send(fd, buf, p - buf, MSG_NOSIGNAL) == p - buf ? 0 : -1;
}


/* RFC 6455, 5.2; a server does not mask */

size_t
bench_ws_head(const u_char *p, const u_char *end, uint64_t *len)
{
    size_t  i, head;

    if (end - p < 2) {
        return 0;
    }

    *len = p[1] & 0x7f;
    head = *len < 126 ? 2 : *len == 126 ? 4 : 10;

    if ((size_t) (end - p) < head) {
        return 0;
    }

    if (head > 2) {
        for (*len = 0, i = 2; i < head; i++) {
            *len = *len << 8 | p[i];
        }
    }

    return head;
}
