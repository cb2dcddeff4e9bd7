
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_PACKAGER_H_INCLUDED_
#define _NGX_LIVE_HLS_PACKAGER_H_INCLUDED_


#include "ngx_live_hls_index.h"
#include "ngx_live_hls_cut.h"
#include "ngx_live_hls_disk.h"
#include "ngx_live_hls_grid.h"
#include "ngx_live_hls_journal.h"
#include "ngx_live_hls_mux.h"


typedef struct ngx_live_hls_packager_s  ngx_live_hls_packager_t;


/* a copy of a frame, until the cutter has taken it */

typedef struct {
    ngx_queue_t                   queue;
    ngx_live_hls_cut_frame_t      cut;
    int64_t                       received;  /* ms since the epoch */
    int32_t                       cts;       /* ticks */
    uint32_t                      config;
    uint32_t                      size;
    uint8_t                       track;
    uint8_t                       prefix;    /* FLV: of the record, too */
    unsigned                      discont:1;
    u_char                        data[1];
} ngx_live_hls_sample_t;


typedef struct {
    ngx_live_hls_packager_t      *packager;
    ngx_uint_t                    track;     /* of the stream */
    ngx_live_hls_rendition_sh_t  *r;

    ngx_queue_t                   samples;
    ngx_live_hls_grid_t           grid;
    ngx_live_hls_mux_t           *mux;
    uint32_t                      config;    /* of the mux */
    uint32_t                      newest;    /* of the newest sample */

    ngx_live_hls_segment_sh_t     segment;   /* the open one */
    ngx_live_hls_part_sh_t        part;      /* ready to be published */
    ngx_live_hls_disk_task_t     *pending;   /* small parts */
    uint32_t                      size;      /* of the open segment so far */
    size_t                        bytes;     /* of frames in the open part */
    ngx_live_time_t               shown;     /* pts of its earliest frame */
    ngx_uint_t                    parts;
    int32_t                       delay;     /* pts - dts of key frames */
    uint64_t                      line;      /* of the journal */
    ngx_event_t                   timer;     /* it takes too long */

    unsigned                      fed:1;     /* a sample in this run */
    unsigned                      ready:1;   /* part is to be published */
    unsigned                      held:1;    /* so is segment, which waits for
                                                its line in the journal */
    unsigned                      lost:1;    /* the segment misses a part */
    unsigned                      broken:1;  /* no mux, said already */
} ngx_live_hls_track_t;


struct ngx_live_hls_packager_s {
    ngx_live_stream_t            *stream;
    ngx_live_hls_sh_t            *hls;
    ngx_live_hls_app_conf_t      *conf;
    ngx_live_hls_disk_t          *disk;

    ngx_live_hls_cut_t            cut;
    ngx_uint_t                    ntracks;
    ngx_live_hls_track_t          tracks[NGX_LIVE_TRACKS];

    ngx_queue_t                   waiting;   /* samples that are measured */
    ngx_uint_t                    nwaiting;
    size_t                        waiting_size;
    size_t                        queued;    /* bytes in queues of tracks */

    ngx_live_time_t               anchor;    /* at this dts ... */
    int64_t                       date;      /* ... it is that late */
    ngx_event_t                   timer;     /* the next gap */
    ngx_uint_t                    late;      /* tracks: a bit each */
    ngx_uint_t                    refused;   /* likewise: no memory, codec */
    ngx_msec_t                    full;      /* when that was said */
    ngx_uint_t                    moved;     /* of the window, unwritten */

    unsigned                      anchored:1;
    unsigned                      restart:1; /* the next run is no first */
    unsigned                      off:1;     /* no memory, said already */
    unsigned                      forced:1;  /* said already */
    unsigned                      loose:1;   /* said already */
};


/* ngx_live_hls_packager.c */

ngx_live_hls_packager_t *ngx_live_hls_packager_create(ngx_live_stream_t *st,
    ngx_live_hls_app_conf_t *conf);
void ngx_live_hls_packager_destroy(ngx_live_hls_packager_t *p);

void ngx_live_hls_packager_start(ngx_live_hls_packager_t *p);
void ngx_live_hls_packager_frame(ngx_live_hls_packager_t *p,
    ngx_live_frame_t *f);
void ngx_live_hls_packager_stop(ngx_live_hls_packager_t *p);
void ngx_live_hls_packager_end(ngx_live_hls_packager_t *p);

/*
 * The session was cut off by a restart: its open segment, and one more, are
 * gaps, which last until "now" at most.
 */
void ngx_live_hls_packager_skip(ngx_live_hls_packager_t *p, int64_t now);

ngx_live_hls_track_t *ngx_live_hls_packager_track(ngx_live_hls_packager_t *p,
    ngx_live_hls_rendition_sh_t *r);
ngx_int_t ngx_live_hls_packager_cut(ngx_live_hls_packager_t *p);


/* ngx_live_hls_measure.c: the first samples, and what follows from them */

/* NGX_OK: the session has its constants and renditions; NGX_AGAIN */
ngx_int_t ngx_live_hls_measure(ngx_live_hls_packager_t *p);
ngx_live_hls_rendition_sh_t *ngx_live_hls_measure_rendition(
    ngx_live_hls_packager_t *p, ngx_uint_t track, uint64_t msn);
ngx_uint_t ngx_live_hls_measure_capacity(ngx_live_hls_sh_t *hls,
    ngx_live_hls_app_conf_t *conf);


/* ngx_live_hls_track.c: what the cutter says becomes segments and parts */

void ngx_live_hls_track_event(ngx_live_hls_track_t *t,
    ngx_live_hls_cut_event_t *ev, ngx_live_hls_sample_t *sample);

/* publishes what is ready; held: also what waits for the journal */
void ngx_live_hls_track_publish(ngx_live_hls_track_t *t, ngx_uint_t held);

/* a segment without bytes */
void ngx_live_hls_track_gap(ngx_live_hls_track_t *t, ngx_live_time_t start,
    uint32_t duration, int64_t date, ngx_uint_t flags);

/* the former owner died: what it published of a segment completes it */
void ngx_live_hls_track_repair(ngx_live_hls_track_t *t);

void ngx_live_hls_track_stored(void *data, ngx_live_hls_rendition_sh_t *r,
    uint64_t msn, ngx_uint_t part, ngx_uint_t ok);
void ngx_live_hls_track_journaled(void *data, uint64_t number);

int64_t ngx_live_hls_packager_date(ngx_live_hls_packager_t *p,
    ngx_live_time_t dts);


/*
 * ngx_live_hls_metadata.c: puts what waits of timed metadata in front of a part
 * that is presented from start to end.  Returns how many pieces those are, to
 * be removed from the queue once the part is kept.
 */
ngx_uint_t ngx_live_hls_metadata_add(ngx_live_hls_track_t *t,
    ngx_live_hls_mux_buf_t *buf, ngx_live_time_t start, ngx_live_time_t end);


/* ngx_live_hls_record.c: lines of the journal */

void ngx_live_hls_record_header(ngx_live_hls_packager_t *p);
void ngx_live_hls_record_track(ngx_live_hls_track_t *t, uint64_t map);
void ngx_live_hls_record_segment(ngx_live_hls_track_t *t);
void ngx_live_hls_record_window(ngx_live_hls_packager_t *p);
void ngx_live_hls_record_end(ngx_live_hls_packager_t *p);


#endif /* _NGX_LIVE_HLS_PACKAGER_H_INCLUDED_ */
