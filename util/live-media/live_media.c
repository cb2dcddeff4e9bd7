
/*
 * Copyright (C) nginx-live authors
 */


/*
 * usage: live-media copy
 *        live-media opus [bitrate]
 */


#include "ngx_live_media.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>


static ngx_int_t ngx_live_media_copy_init(int argc, char **argv);
static ngx_int_t ngx_live_media_copy(ngx_live_media_input_t *in);
static ngx_int_t ngx_live_media_run(ngx_live_media_mode_t *mode);
static void *ngx_live_media_watch(void *data);
static ngx_int_t ngx_live_media_read_all(void *data, size_t n);


/* an echo: the track as it is */

static ngx_live_media_mode_t  ngx_live_media_copy_mode = {
    "copy",
    "",
    ngx_live_media_copy_init,
    ngx_live_media_copy,
    ngx_live_media_copy
};


static ngx_live_media_mode_t  *ngx_live_media_modes[] = {
    &ngx_live_media_copy_mode,
    &ngx_live_media_opus,
    NULL
};


int
main(int argc, char **argv)
{
    pthread_t                thread;
    ngx_uint_t               i;
    ngx_live_media_mode_t   *mode;

    for (i = 0; argc > 1 && ngx_live_media_modes[i]; i++) {
        mode = ngx_live_media_modes[i];

        if (strcmp(argv[1], mode->name) != 0) {
            continue;
        }

        if (mode->init(argc - 2, argv + 2) != NGX_OK) {
            break;
        }

        if (pthread_create(&thread, NULL, ngx_live_media_watch, NULL) != 0) {
            fprintf(stderr, "could not create a thread\n");
            return 1;
        }

        return ngx_live_media_run(mode) == NGX_OK ? 0 : 1;
    }

    for (i = 0; ngx_live_media_modes[i]; i++) {
        fprintf(stderr, "usage: live-media %s%s\n",
                ngx_live_media_modes[i]->name, ngx_live_media_modes[i]->usage);
    }

    return 2;
}


/*
 * Ends the program when nginx closes the socket, whatever a codec is busy
 * with, and whether or not anything is left to be read.
 */

static void *
ngx_live_media_watch(void *data)
{
    struct pollfd  pfd;

    pfd.fd = 0;
    pfd.events = 0;
    pfd.revents = 0;

    while (poll(&pfd, 1, -1) == -1 && errno == EINTR) { /* void */ }

    _exit(0);
}


static ngx_int_t
ngx_live_media_run(ngx_live_media_mode_t *mode)
{
    ngx_int_t               rc;
    ngx_live_media_input_t  in;

    memset(&in, 0, sizeof(ngx_live_media_input_t));

    do {
        rc = ngx_live_media_read(&in);

        if (rc != NGX_OK) {
            break;
        }

        switch (in.msg.type) {

        case NGX_LIVE_HELPER_PING:
            in.msg.type = NGX_LIVE_HELPER_PONG;
            rc = ngx_live_media_write(&in.msg, NULL);
            break;

        case NGX_LIVE_HELPER_CONFIG:
            rc = mode->config(&in);
            break;

        case NGX_LIVE_HELPER_FRAME:
            rc = mode->frame(&in);
            break;

        default:
            break;
        }

    } while (rc == NGX_OK);

    return rc == NGX_DONE ? NGX_OK : rc;
}


static ngx_int_t
ngx_live_media_copy_init(int argc, char **argv)
{
    return argc == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_live_media_copy(ngx_live_media_input_t *in)
{
    in->msg.track = 0;

    return ngx_live_media_write(&in->msg, in->body);
}


ngx_int_t
ngx_live_media_read(ngx_live_media_input_t *in)
{
    u_char      *body, header[NGX_LIVE_HELPER_HEADER_LEN];
    size_t       size;
    ngx_int_t    rc;
    const char  *reason;

    rc = ngx_live_media_read_all(header, sizeof(header));

    if (rc != NGX_OK) {
        return rc;
    }

    reason = "a message that is too large";

    if (ngx_live_helper_parse_header(&in->msg, header,
                                     header + sizeof(header), &reason)
        != NGX_OK
        || in->msg.size > NGX_LIVE_MEDIA_BODY_MAX)
    {
        fprintf(stderr, "nginx sent %s\n", reason);
        return NGX_ERROR;
    }

    /* libavcodec reads in words, up to 64 bytes too far */

    size = in->msg.size + 64;

    if (size > in->allocated) {
        body = realloc(in->body, size);

        if (body == NULL) {
            fprintf(stderr, "no memory\n");
            return NGX_ERROR;
        }

        in->body = body;
        in->allocated = size;
    }

    memset(in->body + in->msg.size, 0, 64);

    return ngx_live_media_read_all(in->body, in->msg.size);
}


static ngx_int_t
ngx_live_media_read_all(void *data, size_t n)
{
    u_char   *p;
    ssize_t   rc;

    for (p = data; n; /* void */ ) {
        rc = read(0, p, n);

        if (rc == -1 && errno == EINTR) {
            continue;
        }

        if (rc <= 0) {
            return NGX_DONE;
        }

        p += rc;
        n -= rc;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_media_write_all(const void *data, size_t n)
{
    ssize_t        rc;
    const u_char  *p;

    for (p = data; n; /* void */ ) {
        rc = write(0, p, n);

        if (rc == -1 && errno == EINTR) {
            continue;
        }

        if (rc <= 0) {
            return NGX_DONE;
        }

        p += rc;
        n -= rc;
    }

    return NGX_OK;
}


ngx_int_t
ngx_live_media_write(ngx_live_helper_message_t *msg, const void *body)
{
    u_char  header[NGX_LIVE_HELPER_HEADER_LEN];

    ngx_live_helper_write_header(header, msg);

    if (ngx_live_media_write_all(header, sizeof(header)) != NGX_OK) {
        return NGX_DONE;
    }

    return ngx_live_media_write_all(body, msg->size);
}
