
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>


enum {
    http_head = 0,
    http_body,
    http_chunk_size,
    http_chunk,
    http_chunk_end,
    http_trailer,
    http_done
};


static int bench_http_input(bench_http_t *h, const u_char *p, size_t len);
static int bench_http_line(bench_http_t *h, u_char c);
static int bench_http_header(bench_http_t *h);
static int bench_http_append(bench_http_t *h, const u_char *p, size_t len);


void
bench_http_request(bench_http_t *h, const char *host, const char *uri)
{
    h->out_len = snprintf(h->out, sizeof(h->out),
                          "GET %.1500s HTTP/1.1\r\nHost: %.64s\r\n\r\n",
                          uri, host);
    h->out_sent = 0;

    h->state = http_head;
    h->head_len = 0;
    h->body_len = 0;
    h->status = 0;
    h->chunked = 0;
    h->close = 0;
}


int
bench_http_send(bench_http_t *h)
{
    ssize_t  n;

    while (h->out_sent < h->out_len) {
        n = send(h->fd, h->out + h->out_sent, h->out_len - h->out_sent,
                 MSG_NOSIGNAL);

        if (n == -1) {
            return (errno == EAGAIN || errno == ENOTCONN) ? 0 : -1;
        }

        h->out_sent += n;
    }

    return 1;
}


int
bench_http_read(bench_http_t *h)
{
    ssize_t        n;
    static u_char  buf[131072];

    while (h->state != http_done) {
        n = recv(h->fd, buf, sizeof(buf), 0);

        if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
            return 0;
        }

        if (n <= 0 || bench_http_input(h, buf, n) == -1) {
            return -1;
        }
    }

    return 1;
}


int
bench_http_get(bench_http_t *h, const char *host, int port, const char *uri)
{
    int  rc;

    h->fd = bench_connect(host, port, 0);
    if (h->fd == -1) {
        return -1;
    }

    bench_http_request(h, host, uri);

    rc = bench_http_send(h);
    rc = (rc == 1) ? bench_http_read(h) : -1;

    close(h->fd);
    h->fd = -1;

    return (rc == 1) ? h->status : -1;
}


static int
bench_http_input(bench_http_t *h, const u_char *p, size_t len)
{
    size_t  n;

    while (len) {

        if (h->state == http_done) {
            return -1;
        }

        if (h->state != http_body && h->state != http_chunk) {
            if (bench_http_line(h, *p) == -1) {
                return -1;
            }

            p++;
            len--;
            continue;
        }

        n = ((int64_t) len < h->left) ? len : (size_t) h->left;

        if (bench_http_append(h, p, n) == -1) {
            return -1;
        }

        h->left -= n;
        p += n;
        len -= n;

        if (h->left == 0) {
            h->state = (h->state == http_body) ? http_done : http_chunk_end;
        }
    }

    return 0;
}


static int
bench_http_line(bench_http_t *h, u_char c)
{
    if (h->head_len == sizeof(h->head) - 1) {
        return -1;
    }

    h->head[h->head_len++] = c;
    h->head[h->head_len] = '\0';

    if (c != '\n') {
        return 0;
    }

    switch (h->state) {

    case http_head:

        if (h->head_len < 4
            || memcmp(h->head + h->head_len - 4, "\r\n\r\n", 4) != 0)
        {
            return 0;
        }

        h->head_len = 0;

        return bench_http_header(h);

    case http_chunk_size:
        h->left = strtoll(h->head, NULL, 16);
        h->state = h->left > 0 ? http_chunk : http_trailer;
        break;

    case http_chunk_end:
        h->state = http_chunk_size;
        break;

    default: /* http_trailer */

        if (h->head_len <= 2) {
            h->state = http_done;
        }
    }

    h->head_len = 0;

    return 0;
}


static int
bench_http_header(bench_http_t *h)
{
    char  *p;

    if (sscanf(h->head, "HTTP/1.1 %d", &h->status) != 1) {
        return -1;
    }

    h->close = strcasestr(h->head, "\nconnection: close") != NULL;

    if (strcasestr(h->head, "\ntransfer-encoding: chunked")) {
        h->state = http_chunk_size;
        return 0;
    }

    p = strcasestr(h->head, "\ncontent-length:");

    if (p == NULL && h->status != 204 && h->status != 304) {
        return -1;
    }

    h->left = p ? strtoll(p + sizeof("\ncontent-length:") - 1, NULL, 10) : 0;
    h->state = h->left > 0 ? http_body : http_done;

    return bench_http_append(h, (u_char *) "", 0);
}


static int
bench_http_append(bench_http_t *h, const u_char *p, size_t len)
{
    size_t   size;
    u_char  *body;

    if (h->body_len + len + 1 > h->body_size) {
        size = (h->body_len + len + 1) * 3 / 2 + 4096;

        body = realloc(h->body, size);
        if (body == NULL) {
            return -1;
        }

        h->body = body;
        h->body_size = size;
    }

    memcpy(h->body + h->body_len, p, len);
    h->body_len += len;
    h->body[h->body_len] = '\0';

    return 0;
}
