
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_index.h"
#include "ngx_live_worker.h"


#define NGX_LIVE_HLS_PER_EXTENT                                               \
    (NGX_LIVE_EXTENT_SIZE / sizeof(ngx_live_hls_segment_sh_t))


static void ngx_live_hls_index_free_rendition(
    ngx_live_hls_rendition_sh_t *r);
static ngx_int_t ngx_live_hls_index_in_use(ngx_live_hls_rendition_sh_t *r,
    uint32_t version);
static void ngx_live_hls_index_forget(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r);
static ngx_int_t ngx_live_hls_index_trim(ngx_live_hls_rendition_sh_t *r);
static void ngx_live_hls_index_file(ngx_live_hls_rendition_sh_t *r,
    uint64_t msn);
static u_char *ngx_live_hls_escape(u_char *p, ngx_str_t *s);


ngx_live_hls_sh_t *
ngx_live_hls_index_create(ngx_live_stream_sh_t *sh,
    ngx_live_hls_app_conf_t *conf)
{
    ngx_live_hls_sh_t  *hls;

    ngx_live_zone_lock(ngx_live_zone);
    hls = ngx_live_zone_alloc_locked(ngx_live_zone,
                                     sizeof(ngx_live_hls_sh_t));
    ngx_live_zone_unlock(ngx_live_zone);

    if (hls == NULL) {
        return NULL;
    }

    hls->user = ngx_live_zone_user(sh->uid);
    hls->target_duration = (conf->target_duration + 999) / 1000;
    hls->window = (ngx_live_time_t) conf->window * 90;
    hls->reconnect = sh->reconnect;
    hls->created = ngx_live_now();
    hls->changed = hls->created;

    if (ngx_live_hls_index_session(hls, sh, &conf->path, sh->session)
        != NGX_OK
        || ngx_live_stream_attach(sh, NGX_LIVE_HLS_KEY, hls) != NGX_OK)
    {
        ngx_live_hls_index_free(hls);
        return NULL;
    }

    return hls;
}


ngx_int_t
ngx_live_hls_index_session(ngx_live_hls_sh_t *hls, ngx_live_stream_sh_t *sh,
    ngx_str_t *path, u_char *session)
{
    size_t     len;
    u_char    *p, *last, *old;
    ngx_str_t  s;

    s.data = session;
    s.len = ngx_strlen(session);

    len = ngx_live_hls_dir_len(path, &sh->app, &sh->name);

    ngx_live_zone_lock(ngx_live_zone);
    p = ngx_live_zone_alloc_locked(ngx_live_zone, len);
    ngx_live_zone_unlock(ngx_live_zone);

    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_live_hls_dir(p, path, &sh->app, &sh->name, &s);
    old = hls->dir.data;

    ngx_live_hls_index_begin(hls);

    hls->dir.data = p;
    hls->dir.len = last - p;
    ngx_cpystrn(hls->session, session, sizeof(hls->session));

    ngx_live_hls_index_end(hls);

    if (old) {
        ngx_live_zone_lock(ngx_live_zone);
        ngx_live_zone_free_locked(ngx_live_zone, old);
        ngx_live_zone_unlock(ngx_live_zone);
    }

    return NGX_OK;
}


void
ngx_live_hls_index_free(ngx_live_hls_sh_t *hls)
{
    ngx_uint_t  i;

    for (i = 0; i < hls->nrenditions; i++) {
        ngx_live_hls_index_free_rendition(hls->renditions[i]);
    }

    ngx_live_zone_lock(ngx_live_zone);

    if (hls->dir.data) {
        ngx_live_zone_free_locked(ngx_live_zone, hls->dir.data);
    }

    ngx_live_zone_free_locked(ngx_live_zone, hls);

    ngx_live_zone_unlock(ngx_live_zone);
}


static void
ngx_live_hls_index_free_rendition(ngx_live_hls_rendition_sh_t *r)
{
    uint32_t    extent;
    ngx_uint_t  i;

    if (r->ring) {
        ngx_live_ring_destroy(ngx_live_zone, r->ring);
    }

    for (i = 0; i < r->nextents; i++) {
        ngx_live_extent_free(ngx_live_zone, r->extents[i]);
    }

    ngx_live_zone_lock(ngx_live_zone);

    for (i = 0; i < NGX_LIVE_HLS_INITS; i++) {
        if (r->inits[i].data) {
            ngx_live_zone_free_locked(ngx_live_zone, r->inits[i].data);
        }
    }

    ngx_live_zone_unlock(ngx_live_zone);

    extent = r->extent;
    ngx_live_extent_free(ngx_live_zone, extent);
}


ngx_live_hls_rendition_sh_t *
ngx_live_hls_index_rendition(ngx_live_hls_sh_t *hls, ngx_uint_t track,
    ngx_live_track_info_t *info, uint64_t msn, ngx_uint_t capacity,
    size_t size)
{
    uint32_t                      extent;
    ngx_live_hls_rendition_sh_t  *r;

    extent = ngx_live_extent_alloc(ngx_live_zone, hls->user);
    if (extent == NGX_LIVE_EXTENT_NONE) {
        return NULL;
    }

    r = (ngx_live_hls_rendition_sh_t *) ngx_live_extent_addr(ngx_live_zone,
                                                             extent);

    ngx_memzero(r, sizeof(ngx_live_hls_rendition_sh_t));

    r->extent = extent;
    r->track = track;
    r->kind = info->kind;
    r->codec = info->codec;
    r->width = info->width;
    r->height = info->height;
    r->channels = info->channels;
    r->rate = info->rate;

    ngx_cpystrn(r->string, info->string, NGX_LIVE_CODEC_LEN);
    ngx_sprintf(r->name, "%c%uD%Z",
                (info->kind == NGX_LIVE_KIND_VIDEO) ? 'v' : 'a',
                (uint32_t) track);

    r->oldest = msn;
    r->first = msn;
    r->next = msn;
    r->edge = msn << 16;

    r->capacity = NGX_LIVE_HLS_SEGMENTS;

    while (r->capacity < capacity && r->nextents < NGX_LIVE_HLS_EXTENTS) {

        extent = ngx_live_extent_alloc(ngx_live_zone, hls->user);
        if (extent == NGX_LIVE_EXTENT_NONE) {
            goto failed;
        }

        r->extents[r->nextents++] = extent;
        r->capacity += NGX_LIVE_HLS_PER_EXTENT;
    }

    r->ring = ngx_live_ring_create(ngx_live_zone, hls->user, 0, size);

    if (r->ring) {
        return r;
    }

failed:

    ngx_live_hls_index_free_rendition(r);

    return NULL;
}


void
ngx_live_hls_index_link(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r)
{
    ngx_live_hls_index_begin(hls);

    hls->renditions[hls->nrenditions] = r;
    ngx_live_barrier();
    hls->nrenditions++;
    hls->generation++;

    ngx_live_hls_index_end(hls);
}


/* FNV-1a: a name for bytes of our own, nothing is protected by it */

uint64_t
ngx_live_hls_index_hash(ngx_str_t *data)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325ULL;

    for (i = 0; i < data->len; i++) {
        hash = (hash ^ data->data[i]) * 0x100000001b3ULL;
    }

    return hash ? hash : 1;
}


uint32_t
ngx_live_hls_index_init(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t hash, ngx_str_t *data)
{
    u_char                  *p, *old;
    ngx_uint_t               i, n;
    ngx_live_hls_init_sh_t  *init, *empty;

    empty = NULL;

    for (i = 0; i < NGX_LIVE_HLS_INITS; i++) {
        init = &r->inits[i];

        if (init->version && init->hash == hash) {

            if (init->data || data == NULL) {
                return init->version;
            }

            empty = init;
            break;
        }

        if (empty == NULL
            && (init->version == 0
                || ngx_live_hls_index_in_use(r, init->version) != NGX_OK))
        {
            empty = init;
        }
    }

    if (empty == NULL) {
        return 0;
    }

    p = NULL;
    n = 0;
    old = NULL;

    ngx_live_zone_lock(ngx_live_zone);

    if (data) {
        n = data->len;
        p = ngx_live_zone_alloc_locked(ngx_live_zone, n);
    }

    ngx_live_zone_unlock(ngx_live_zone);

    if (data && p == NULL) {
        return 0;
    }

    if (p) {
        ngx_memcpy(p, data->data, n);
    }

    ngx_live_hls_index_begin(hls);

    if (empty->version == 0 || empty->hash != hash) {
        old = empty->data;
        empty->version = ++r->init;
        empty->hash = hash;
        empty->created = ngx_live_now();
    }

    empty->data = p;
    empty->size = n;

    ngx_live_hls_index_end(hls);

    if (old) {
        ngx_live_zone_lock(ngx_live_zone);
        ngx_live_zone_free_locked(ngx_live_zone, old);
        ngx_live_zone_unlock(ngx_live_zone);
    }

    return empty->version;
}


static ngx_int_t
ngx_live_hls_index_in_use(ngx_live_hls_rendition_sh_t *r, uint32_t version)
{
    uint64_t  msn;

    for (msn = r->next + 1; msn-- > r->oldest; /* void */) {
        if (ngx_live_hls_segment(r, msn)->init == version) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


void
ngx_live_hls_index_open(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_segment_sh_t *seg)
{
    ngx_live_hls_index_begin(hls);
    *ngx_live_hls_segment(r, r->next) = *seg;
    ngx_live_hls_index_end(hls);
}


uint64_t
ngx_live_hls_index_bytes(ngx_live_hls_rendition_sh_t *r,
    ngx_live_hls_part_sh_t *part, u_char *data, size_t size)
{
    ngx_buf_t          b;
    ngx_chain_t        cl;
    ngx_live_frame_t   f, *entry;

    ngx_memzero(&f, sizeof(ngx_live_frame_t));
    ngx_memzero(&b, sizeof(ngx_buf_t));

    f.received = ngx_live_now();
    f.cts = part->duration;
    f.aux = part->msn << 16 | part->index;

    b.pos = data;
    b.last = data + size;
    b.memory = 1;

    cl.buf = &b;
    cl.next = NULL;

    for ( ;; ) {
        entry = ngx_live_ring_write(ngx_live_zone, r->ring, &f, &cl);

        if (entry) {
            return entry->seq;
        }

        if (ngx_live_hls_index_trim(r) != NGX_OK) {
            return 0;
        }
    }
}


/* gives up the oldest part in memory, if it is on disk */

static ngx_int_t
ngx_live_hls_index_trim(ngx_live_hls_rendition_sh_t *r)
{
    uint64_t                 seq;
    ngx_live_frame_t        *f;
    ngx_live_hls_part_sh_t  *part;

    seq = r->ring->tail;

    if (seq >= r->ring->head) {
        return NGX_DECLINED;
    }

    f = ngx_live_ring_entry(ngx_live_zone, r->ring, seq);
    part = ngx_live_hls_part(r, f->aux >> 16, f->aux & 0xffff);

    if (part && !(part->flags & (NGX_LIVE_HLS_FILE|NGX_LIVE_HLS_GAP))) {
        return NGX_DECLINED;
    }

    ngx_live_ring_trim(ngx_live_zone, r->ring, seq + 1);

    return NGX_OK;
}


void
ngx_live_hls_index_publish(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, ngx_live_hls_part_sh_t *part,
    ngx_live_hls_segment_sh_t *seg)
{
    int64_t  now;

    now = ngx_live_now();

    ngx_live_hls_index_begin(hls);

    if (part) {
        part->published = now;
        part->since = ngx_live_clock();

        if (r->next_part - r->first_part == NGX_LIVE_HLS_PARTS) {
            r->first_part++;
        }

        *ngx_live_hls_part_n(r, r->next_part) = *part;
        r->next_part++;

        hls->stat.parts++;
        hls->stat.gaps += (part->flags & NGX_LIVE_HLS_GAP) ? 1 : 0;
    }

    if (seg) {
        seg->flags |= NGX_LIVE_HLS_COMPLETE;
        *ngx_live_hls_segment(r, r->next) = *seg;

        if (!(seg->flags & NGX_LIVE_HLS_INDEPENDENT)
            && !(seg->flags & NGX_LIVE_HLS_GAP))
        {
            r->dependent = r->next + 1;
        }

        if (seg->size) {
            ngx_live_hls_rate_add(&r->bandwidth, seg->size, seg->duration,
                                  hls->target_duration);
        }

        r->listed += seg->duration;
        r->kept += seg->duration;

        r->next++;
        r->edge = r->next << 16;

        /* its last part may have been stored while it waited to be listed */

        if (seg->size) {
            ngx_live_hls_index_file(r, r->next - 1);
        }

        hls->stat.segments++;

        /* the next one is not what stood in its place before */

        ngx_memzero(ngx_live_hls_segment(r, r->next),
                    sizeof(ngx_live_hls_segment_sh_t));

    } else if (part) {
        r->edge = part->msn << 16 | (part->index + 1);
    }

    ngx_live_hls_index_forget(hls, r);

    hls->changed = now;
    r->generation++;
    hls->generation++;

    ngx_live_hls_index_end(hls);
}


/*
 * Parts are listed for three target durations, and answered for three more;
 * bytes are kept in memory for the open segment and the one before it.
 */

static void
ngx_live_hls_index_forget(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r)
{
    int64_t                  limit;
    uint64_t                 seq;
    ngx_live_frame_t        *f;
    ngx_live_hls_part_sh_t  *part;

    limit = ngx_live_clock() - (int64_t) hls->target_duration * 7 * 1000;

    while (r->first_part != r->next_part) {
        part = ngx_live_hls_part_n(r, r->first_part);

        if (part->since >= limit || part->msn + 2 > r->next) {
            break;
        }

        r->first_part++;
    }

    for (seq = r->ring->tail; seq < r->ring->head; seq++) {
        f = ngx_live_ring_entry(ngx_live_zone, r->ring, seq);

        if ((f->aux >> 16) + 2 > r->next) {
            break;
        }

        part = ngx_live_hls_part(r, f->aux >> 16, f->aux & 0xffff);

        if (part && !(part->flags & (NGX_LIVE_HLS_FILE|NGX_LIVE_HLS_GAP))) {
            break;
        }
    }

    if (seq != r->ring->tail) {
        ngx_live_ring_trim(ngx_live_zone, r->ring, seq);
    }
}


/*
 * A segment leaves the playlist when what follows it fills the window.  Its
 * file stays for the time of a playlist longer (rfc8216bis, 6.2.2), at most
 * for twenty target durations.
 */

void
ngx_live_hls_index_expire(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t *from, uint64_t *to)
{
    uint64_t                    first, oldest;
    ngx_live_time_t             keep, listed, kept;
    ngx_live_hls_segment_sh_t  *seg;

    *from = r->oldest;
    *to = r->oldest;

    keep = (ngx_live_time_t) hls->target_duration * 20 * 90000;
    keep = hls->window + ngx_min(keep, hls->window);

    listed = r->listed;
    kept = r->kept;

    for (first = r->first; first + 1 < r->next; first++) {
        seg = ngx_live_hls_segment(r, first);

        if (listed - seg->duration < hls->window
            && r->next - first + 2 < r->capacity)
        {
            break;
        }

        listed -= seg->duration;
    }

    for (oldest = r->oldest; oldest < first; oldest++) {
        seg = ngx_live_hls_segment(r, oldest);

        if (kept - seg->duration < keep
            && r->next - oldest + 2 < r->capacity)
        {
            break;
        }

        kept -= seg->duration;
    }

    if (first == r->first && oldest == r->oldest) {
        return;
    }

    ngx_live_hls_index_begin(hls);

    while (r->first < first) {
        seg = ngx_live_hls_segment(r, r->first++);
        r->discontinuity += (seg->flags & NGX_LIVE_HLS_DISCONT) ? 1 : 0;
    }

    r->oldest = oldest;
    r->listed = listed;
    r->kept = kept;
    r->generation++;
    hls->generation++;

    ngx_live_hls_index_end(hls);

    *to = oldest;
}


void
ngx_live_hls_index_stored(ngx_live_hls_sh_t *hls,
    ngx_live_hls_rendition_sh_t *r, uint64_t msn, ngx_uint_t index,
    ngx_uint_t ok)
{
    ngx_live_hls_part_sh_t     *part;
    ngx_live_hls_segment_sh_t  *seg;

    if (msn < r->oldest || msn > r->next) {
        return;
    }

    part = ngx_live_hls_part(r, msn, index);
    seg = ngx_live_hls_segment(r, msn);

    ngx_live_hls_index_begin(hls);

    if (!ok) {
        if (part) {
            part->flags |= NGX_LIVE_HLS_GAP;
        }

        /* of the open segment, its parts tell when it completes */

        if (msn < r->next) {
            seg->flags |= NGX_LIVE_HLS_GAP;
            r->rewritten++;
        }

        hls->stat.gaps++;
        r->generation++;
        hls->generation++;

    } else {
        if (part) {
            part->flags |= NGX_LIVE_HLS_FILE;
        }

        if (msn < r->next) {
            ngx_live_hls_index_file(r, msn);
        }
    }

    ngx_live_hls_index_end(hls);
}


/* a segment is read from its file as soon as that has all of its parts */

static void
ngx_live_hls_index_file(ngx_live_hls_rendition_sh_t *r, uint64_t msn)
{
    ngx_uint_t                  n;
    ngx_live_hls_part_sh_t     *part;
    ngx_live_hls_segment_sh_t  *seg;

    seg = ngx_live_hls_segment(r, msn);

    if (seg->flags & NGX_LIVE_HLS_GAP) {
        return;
    }

    for (n = 0; n < ngx_max(seg->parts, 1); n++) {
        part = ngx_live_hls_part(r, msn, n);

        if (part && !(part->flags & NGX_LIVE_HLS_FILE)) {
            return;
        }
    }

    seg->flags |= NGX_LIVE_HLS_FILE;
}


void
ngx_live_hls_index_state(ngx_live_hls_sh_t *hls, ngx_uint_t state)
{
    ngx_uint_t  i;

    if (hls->state == state) {
        return;
    }

    ngx_live_hls_index_begin(hls);

    hls->state = state;
    hls->changed = ngx_live_now();
    hls->generation++;

    for (i = 0; i < hls->nrenditions; i++) {
        hls->renditions[i]->generation++;
    }

    ngx_live_hls_index_end(hls);
}


ngx_live_hls_rendition_sh_t *
ngx_live_hls_rendition(ngx_live_hls_sh_t *hls, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_live_hls_rendition_sh_t  *r;

    for (i = 0; i < hls->nrenditions; i++) {
        r = hls->renditions[i];

        if (ngx_strlen(r->name) == name->len
            && ngx_memcmp(r->name, name->data, name->len) == 0)
        {
            return r;
        }
    }

    return NULL;
}


ngx_live_hls_segment_sh_t *
ngx_live_hls_segment(ngx_live_hls_rendition_sh_t *r, uint64_t msn)
{
    ngx_uint_t                  n;
    ngx_live_hls_segment_sh_t  *segments;

    n = msn % r->capacity;

    if (n < NGX_LIVE_HLS_SEGMENTS) {
        return &r->segments[n];
    }

    n -= NGX_LIVE_HLS_SEGMENTS;

    segments = (ngx_live_hls_segment_sh_t *)
                   ngx_live_extent_addr(ngx_live_zone,
                                     r->extents[n / NGX_LIVE_HLS_PER_EXTENT]);

    return &segments[n % NGX_LIVE_HLS_PER_EXTENT];
}


/*
 * Parts stand in order of (msn, index), and those that are asked for are
 * nearly always among the newest.
 */

ngx_live_hls_part_sh_t *
ngx_live_hls_part(ngx_live_hls_rendition_sh_t *r, uint64_t msn,
    ngx_uint_t index)
{
    ngx_uint_t               n, first;
    ngx_live_hls_part_sh_t  *part;

    n = r->next_part;
    first = r->first_part;

    if (n - first > NGX_LIVE_HLS_PARTS) {
        /* read without the lock */
        return NULL;
    }

    while (n != first) {
        part = ngx_live_hls_part_n(r, --n);

        if (part->msn == msn && part->index == index) {
            return part;
        }

        if (part->msn < msn) {
            break;
        }
    }

    return NULL;
}


ngx_live_hls_init_sh_t *
ngx_live_hls_init(ngx_live_hls_rendition_sh_t *r, uint32_t version)
{
    ngx_uint_t  i;

    if (version == 0) {
        return NULL;
    }

    for (i = 0; i < NGX_LIVE_HLS_INITS; i++) {
        if (r->inits[i].version == version) {
            return &r->inits[i];
        }
    }

    return NULL;
}


u_char *
ngx_live_hls_dir(u_char *dst, ngx_str_t *path, ngx_str_t *app,
    ngx_str_t *name, ngx_str_t *session)
{
    dst = ngx_cpymem(dst, path->data, path->len);
    *dst++ = '/';
    dst = ngx_live_hls_escape(dst, app);
    *dst++ = '/';
    dst = ngx_live_hls_escape(dst, name);

    if (session) {
        *dst++ = '/';
        dst = ngx_cpymem(dst, session->data, session->len);
    }

    *dst = '\0';

    return dst;
}


static u_char *
ngx_live_hls_escape(u_char *p, ngx_str_t *s)
{
    u_char         ch;
    ngx_uint_t     i;
    static u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        /* all that a name may have: escaped it could be too long a file's */

        if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')
            || (ch >= 'A' && ch <= 'Z') || ch == '-' || ch == '_'
            || ch == '@' || ch == '+' || ch == '=' || ch == '~'
            || (ch == '.' && i))
        {
            *p++ = ch;
            continue;
        }

        *p++ = '%';
        *p++ = hex[ch >> 4];
        *p++ = hex[ch & 0xf];
    }

    return p;
}


ngx_live_hls_local_t *
ngx_live_hls_local(ngx_live_stream_t *st)
{
    ngx_live_hls_local_t  *local;

    local = ngx_live_stream_module_ctx(st, ngx_live_hls_module);

    if (local) {
        return local;
    }

    local = ngx_pcalloc(st->pool, sizeof(ngx_live_hls_local_t));
    if (local == NULL) {
        return NULL;
    }

    ngx_live_stream_module_ctx(st, ngx_live_hls_module) = local;

    return local;
}
