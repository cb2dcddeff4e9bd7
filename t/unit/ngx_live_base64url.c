
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of base64url: RFC 4648, 10, RFC 7515, C, and what is refused. */


#include "ngx_live_base64url.h"
#include "ngx_unit.h"


static void test_vectors(void);
static void test_alphabet(void);
static void test_refused(void);
static void test_round(void);


int
main(void)
{
    test_vectors();
    test_alphabet();
    test_refused();
    test_round();

    return done_testing();
}


static void
test_vectors(void)
{
    u_char      *p, buf[16];
    size_t       n;
    ngx_uint_t   i;

    static const char  *vectors[][2] = {
        { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
        { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }
    };

    for (i = 0; i < 7; i++) {
        p = buf_copy(vectors[i][1], strlen(vectors[i][1]));

        is_int(ngx_live_base64url_decoded(strlen(vectors[i][1])),
               strlen(vectors[i][0]), "size of \"%s\"", vectors[i][0]);
        is_int(ngx_live_base64url_encoded(strlen(vectors[i][0])),
               strlen(vectors[i][1]), "size of \"%s\"", vectors[i][1]);

        is_int(ngx_live_base64url_decode(p, &n, p, strlen(vectors[i][1])),
               NGX_OK, "\"%s\" decoded in place", vectors[i][1]);
        is_mem(p, n, vectors[i][0], strlen(vectors[i][0]), "value");

        n = ngx_live_base64url_encode(buf, (u_char *) vectors[i][0],
                                      strlen(vectors[i][0])) - buf;
        is_mem(buf, n, vectors[i][1], strlen(vectors[i][1]), "encoded");
    }

    n = ngx_live_base64url_encode(buf, (u_char *) "\003\354\377\340\301", 5)
        - buf;
    is_mem(buf, n, "A-z_4ME", 7, "RFC 7515, C");
}


static void
test_alphabet(void)
{
    u_char  buf[8];
    size_t  n;

    is_int(ngx_live_base64url_decode(buf, &n, (u_char *) "-_-_", 4), NGX_OK,
           "62 and 63");
    is_mem(buf, n, "\xfb\xff\xbf", 3, "value");
}


static void
test_refused(void)
{
    u_char      *p, buf[16];
    size_t       n;
    ngx_uint_t   i;

    static const char  *texts[] = {
        "A", "AAAAA",                      /* 6 bits are no byte */
        "Zg==", "Zm8=", "Zg=", "=",        /* padding */
        "Zm9+", "Zm9/", "Zm 9", "Zm9v\t",  /* alphabet */
        "Zh", "Zm9", "__", "AAAB_x"        /* bits that are lost */
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        p = buf_copy(texts[i], strlen(texts[i]));

        is_int(ngx_live_base64url_decode(buf, &n, p, strlen(texts[i])),
               NGX_ERROR, "\"%s\" is refused", texts[i]);
    }

    for (i = 0; i < 256; i++) {
        buf[0] = (u_char) i;
        buf[1] = 'A';

        if (ngx_live_base64url_decode(buf + 8, &n, buf, 2) == NGX_OK
            && !((i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z')
                 || (i >= '0' && i <= '9') || i == '-' || i == '_'))
        {
            ok(0, "byte %d is taken", (int) i);
        }
    }
}


static void
test_round(void)
{
    u_char      src[256], text[344], back[256], *end;
    size_t      len, n, size;
    ngx_uint_t  i, bad;

    for (i = 0; i < 256; i++) {
        src[i] = (u_char) (i * 167 + 13);
    }

    bad = 0;

    for (len = 0; len <= 256; len++) {
        end = ngx_live_base64url_encode(text, src, len);

        size = end - text;

        if (size != ngx_live_base64url_encoded(len)
            || ngx_live_base64url_decoded(size) != len
            || ngx_live_base64url_decode(back, &n, text, size) != NGX_OK
            || n != len
            || memcmp(back, src, len) != 0)
        {
            bad++;
        }
    }

    is_int(bad, 0, "every length there and back");
}
