
/*
 * Copyright (C) nginx-live authors
 */


#ifndef _NGX_LIVE_HLS_MUX_H_INCLUDED_
#define _NGX_LIVE_HLS_MUX_H_INCLUDED_


#include "ngx_live_stream.h"


/*
 * Makes fragmented MP4 (ISO/IEC 14496-12, 23000-19) of one track: an
 * initialization section and parts of one moof and one mdat each, without
 * styp and sidx, so that a segment is its parts one after the other.
 *
 * Times are ticks; baseMediaDecodeTime is the dts of the first frame, in the
 * track's timescale: 90000 for video, samples per second for audio.
 */

typedef struct ngx_live_hls_mux_s  ngx_live_hls_mux_t;


/* bytes from ngx_alloc(); whoever is handed one frees data */

typedef struct {
    u_char                    *data;
    size_t                     size;
} ngx_live_hls_mux_buf_t;


/* once in each process */
void ngx_live_hls_mux_start(void);

/*
 * record is avcC or AudioSpecificConfig, without a header of FLV.  NULL: no
 * memory, or a codec that is not supported.
 */
ngx_live_hls_mux_t *ngx_live_hls_mux_create(ngx_live_track_info_t *info,
    u_char *record, size_t size, ngx_log_t *log);
void ngx_live_hls_mux_destroy(ngx_live_hls_mux_t *mux);

/* the initialization section; it belongs to the mux */
void ngx_live_hls_mux_init(ngx_live_hls_mux_t *mux, ngx_str_t *init);

/* units per second of its media times */
uint32_t ngx_live_hls_mux_timescale(ngx_live_hls_mux_t *mux);

/* a frame of the current part, copied; the bytes are contiguous */
ngx_int_t ngx_live_hls_mux_frame(ngx_live_hls_mux_t *mux, ngx_live_time_t dts,
    int32_t cts, ngx_live_time_t duration, ngx_uint_t key, u_char *data,
    size_t size);

/* ends the part, which must have a frame */
ngx_int_t ngx_live_hls_mux_flush(ngx_live_hls_mux_t *mux,
    ngx_live_hls_mux_buf_t *part);


#endif /* _NGX_LIVE_HLS_MUX_H_INCLUDED_ */
