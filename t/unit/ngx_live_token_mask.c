
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of text for logs, without tokens. */


#include <ngx_unit.h>
#include <ngx_live_token_mask.h>


#define LONG  "0123456789abcdefghijklmnopqrstuvwxyz.-_0"


static ngx_str_t  names[] = {
    ngx_string("token"),
    ngx_string("t")
};


static void
masked(const char *text, const char *expected, const char *what)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = buf_copy(text, s.len);
    s.len = ngx_live_token_mask(s.data, s.len, names, 2);

    is_str(&s, expected, "%s", what);
}


int
main(void)
{
    masked("", "", "nothing");
    masked("GET / HTTP/1.1", "GET / HTTP/1.1", "no token");

    /* arguments */

    masked("GET /a?token=abcd.ef HTTP/1.1", "GET /a?token=*** HTTP/1.1",
           "an argument");
    masked("GET /a?x=1&token=abcd&y=2 HTTP/1.1",
           "GET /a?x=1&token=***&y=2 HTTP/1.1", "among others");
    masked("/a?token=abcd&token=efgh&t=ijkl", "/a?token=***&token=***&t=***",
           "several");
    masked("/a?TOKEN=abcd&T=efgh", "/a?TOKEN=***&T=***", "in any case");
    masked("/a?token=ab", "/a?token=**", "a short one does not grow");
    masked("/a?token=", "/a?token=", "an empty one");
    masked("/a?token", "/a?token", "none");
    masked("/a?token=a?b=c&d", "/a?token=***&d", "to the end of the argument");
    masked("/a?xtoken=abcd&tokens=ef&to=g", "/a?xtoken=abcd&tokens=ef&to=g",
           "other arguments");
    masked(", request: \"GET /?t=abcd HTTP/1.1\", upstream: "
           "\"http://127.0.0.1/?t=abcd\", referrer: \"http://a/?token=efgh\"",
           ", request: \"GET /?t=*** HTTP/1.1\", upstream: "
           "\"http://127.0.0.1/?t=***\", referrer: \"http://a/?token=***\"",
           "a line of a log");

    /* paths */

    masked("GET /hls/~abcd.ef/live/a/index.m3u8 HTTP/1.1",
           "GET /hls/~***/live/a/index.m3u8 HTTP/1.1", "a path");
    masked("GET /hls/%7Eabcd/live HTTP/1.1", "GET /hls/%7E***/live HTTP/1.1",
           "escaped");
    masked("GET /hls/%7eabcd/live HTTP/1.1", "GET /hls/%7e***/live HTTP/1.1",
           "in any case");
    masked("GET /hls%2f~abcd/live HTTP/1.1", "GET /hls%2f~***/live HTTP/1.1",
           "an escaped slash");
    masked("GET /hls~" LONG "/live HTTP/1.1", "GET /hls~***/live HTTP/1.1",
           "of a location without a slash");
    masked("/hls%7E" LONG, "/hls%7E***", "the same, escaped");
    masked("/flv/live/a~b.flv?a=~&b", "/flv/live/a~b.flv?a=~&b",
           "a tilde in a name");
    masked("/hls/~abcd/live?token=efgh", "/hls/~***/live?token=***", "both");
    masked("/hls/~abcd?token=efgh", "/hls/~***?token=***", "next to another");
    masked("/hls/~abcd", "/hls/~***", "cut off");
    masked("/hls/~", "/hls/~", "nothing more");
    masked("%7", "%7", "half of it");
    masked("?", "?", "no name");

    return done_testing();
}
