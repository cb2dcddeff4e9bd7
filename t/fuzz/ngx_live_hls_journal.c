
/*
 * Copyright (C) nginx-live authors
 */


/*
 * Fuzz target of the journal.  The sums at the ends of the lines are put
 * right first, unless the first byte says no; what is read is written, and
 * reads the same.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_live_hls_journal.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static size_t
repair(u_char *dst, const uint8_t *p, const uint8_t *end)
{
    u_char         *out;
    size_t          len;
    const uint8_t  *last;

    out = dst;

    for ( /* void */ ; p != end; p = last + (last != end)) {

        for (last = p; last != end && *last != '\n'; last++) {
            /* void */
        }

        len = last - p;

        if (len >= 10 && last[-10] == ' ' && last[-9] == '*') {
            len -= 10;
        }

        out = ngx_cpymem(out, p, len);
        out = ngx_sprintf(out, " *%08xD", ngx_crc32_long(out - len, len));

        if (last != end) {
            *out++ = '\n';
        }
    }

    return out - dst;
}


static void
round_trip(ngx_live_hls_journal_record_t *rec)
{
    u_char                                 one[NGX_LIVE_HLS_JOURNAL_LINE];
    u_char                                 two[NGX_LIVE_HLS_JOURNAL_LINE];
    u_char                                *end1, *end2;
    ngx_live_hls_journal_t                 j;
    static ngx_live_hls_journal_record_t   again;

    end1 = ngx_live_hls_journal_write(one, one + sizeof(one), rec);

    if (end1 == NULL) {
        abort();
    }

    ngx_live_hls_journal_init(&j, one, end1 - one);
    j.started = (rec->type != NGX_LIVE_HLS_JOURNAL_HEADER);

    if (ngx_live_hls_journal_next(&j, &again) != NGX_OK) {
        abort();
    }

    end2 = ngx_live_hls_journal_write(two, two + sizeof(two), &again);

    if (end2 == NULL || end2 - two != end1 - one
        || ngx_memcmp(one, two, end1 - one) != 0)
    {
        abort();
    }
}


/* what was compacted is a journal that has nothing to be left out */

static void
compact(u_char *data, size_t len)
{
    u_char  *out;
    size_t   n;

    out = malloc(2 * len + 1);
    if (out == NULL) {
        return;
    }

    n = ngx_live_hls_journal_compact(data, len, out);

    if (n > len
        || (n && (ngx_live_hls_journal_compact(out, n, out + len) != n
                  || ngx_memcmp(out, out + len, n) != 0)))
    {
        abort();
    }

    free(out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                                *buf;
    size_t                                 len;
    ngx_int_t                              rc;
    ngx_live_hls_journal_t                 j;
    static ngx_live_hls_journal_record_t   rec;

    if (size < 1 || size > 20000) {
        return 0;
    }

    buf = malloc(size * 11 + 16);
    if (buf == NULL) {
        return 0;
    }

    if (data[0] & 1) {
        len = size - 1;
        ngx_memcpy(buf, data + 1, len);

    } else {
        len = repair(buf, data + 1, data + size);
    }

    compact(buf, len);

    ngx_live_hls_journal_init(&j, buf, len);
    j.more = (data[0] >> 1) & 1;

    while ((rc = ngx_live_hls_journal_next(&j, &rec)) == NGX_OK) {
        round_trip(&rec);
    }

    if (rc == NGX_ERROR && j.reason == NULL) {
        abort();
    }

    free(buf);

    return 0;
}
