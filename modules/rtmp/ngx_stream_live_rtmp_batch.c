
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Players that keep up stand at the same frame when they are served, one
 * after another, and are sent the same bytes: from one buffer and by a plain
 * send(), which is what makes many of them cheap.
 */


#include "ngx_stream_live_rtmp.h"


/* bytes that are worth a copy; more go out of the ring */
#define NGX_STREAM_LIVE_RTMP_BATCH  65536


typedef struct {
    uint64_t                   uid;         /* of the stream, 0: none */
    uint64_t                   seq;         /* the first frame */
    uint64_t                   head;        /* behind the last one */
    uint32_t                   msid;
    uint32_t                   chunk_size;
    int                        tracks[NGX_STREAM_LIVE_RTMP_KINDS];
    uint32_t                   configs[NGX_STREAM_LIVE_RTMP_KINDS];
    size_t                     size;
    u_char                     data[NGX_STREAM_LIVE_RTMP_BATCH];
} ngx_stream_live_rtmp_batch_t;


static ngx_stream_live_rtmp_batch_t  ngx_stream_live_rtmp_batch;


ngx_uint_t
ngx_stream_live_rtmp_batch_same(ngx_stream_live_rtmp_t *rs)
{
    ngx_stream_live_rtmp_play_t   *play;
    ngx_stream_live_rtmp_batch_t  *batch;

    play = rs->play;
    batch = &ngx_stream_live_rtmp_batch;

    return play->reading
           && play->started
           && play->offset == 0
           && batch->seq == play->reader.seq
           && batch->uid == play->stream->uid
           && batch->head == ngx_live_reader_head(&play->reader)
           && batch->msid == rs->msid
           && batch->chunk_size == rs->chunk_size
           && rs->out == NULL
           && rs->connection->ssl == NULL
           && ngx_memcmp(batch->tracks, play->tracks, sizeof(play->tracks))
              == 0
           && ngx_memcmp(batch->configs, play->configs,
                         sizeof(play->configs))
              == 0;
}


void
ngx_stream_live_rtmp_batch_save(ngx_stream_live_rtmp_t *rs,
    ngx_live_send_t *send, uint64_t head)
{
    ngx_stream_live_rtmp_play_t   *play;
    ngx_stream_live_rtmp_batch_t  *batch;

    play = rs->play;
    batch = &ngx_stream_live_rtmp_batch;

    if (send->size > NGX_STREAM_LIVE_RTMP_BATCH
        || play->offset != 0
        || head != ngx_live_reader_head(&play->reader)
        || rs->out
        || rs->connection->ssl)
    {
        return;
    }

    (void) ngx_live_send_flatten(send, batch->data);

    batch->uid = play->stream->uid;
    batch->seq = play->reader.seq;
    batch->head = head;
    batch->msid = rs->msid;
    batch->chunk_size = rs->chunk_size;
    batch->size = send->size;

    ngx_memcpy(batch->tracks, play->tracks, sizeof(play->tracks));
    ngx_memcpy(batch->configs, play->configs, sizeof(play->configs));
}


ssize_t
ngx_stream_live_rtmp_batch_send(ngx_stream_live_rtmp_t *rs, size_t *size)
{
    ssize_t                        n;
    ngx_connection_t              *c;
    ngx_stream_live_rtmp_play_t   *play;
    ngx_stream_live_rtmp_batch_t  *batch;

    play = rs->play;
    c = rs->connection;
    batch = &ngx_stream_live_rtmp_batch;

    *size = batch->size;

    n = c->send(c, batch->data, batch->size);

    if (n == NGX_AGAIN) {
        return 0;
    }

    if (n <= 0) {
        return NGX_ERROR;
    }

    ngx_live_session_bytes(&rs->registered, 0, n);

    if ((size_t) n < batch->size) {
        return (ngx_stream_live_rtmp_play_sent(rs, n) == NGX_OK) ? n
                                                                 : NGX_ERROR;
    }

    /* with all of it sent no frame needs to be looked at */

    ngx_live_reader_advance(&play->reader, batch->head);
    play->behind = 0;

    return n;
}
