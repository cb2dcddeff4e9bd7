
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of links: what is one, and what only looks like it. */


#include "ngx_live_chat_link.h"
#include "ngx_unit.h"


static ngx_uint_t
has_link(const char *text)
{
    size_t  len;

    len = strlen(text);

    return ngx_live_chat_has_link(buf_copy(text, len), len,
                                  buf_copy(text, len));
}


int
main(void)
{
    ngx_uint_t  i;

    const char *links[] = {
        "http://example.com", "see https://x", "HTTPS://X", "hxxp://a.b",
        "rtmp://host/live", "s3://bucket",
        "www.example", "so www.a-b.cd.", "WWW.X",
        "example.com", "go to example.com.", "example.com/path", "EXAMPLE.COM",
        "a.b.c.example.net", "user@example.org", "(example.com)",
        "example.com,then", "discord.gg/abc", "t.me/x", "bit.ly/x?y",
        "youtu.be/dQw4", "twitch.tv/joe", "joe.me:8080", "bücher.de",
        "пример.com", "x.xn--p1ai", "192.0.2.1:80", "192.0.2.1/x",
        "ｅｘａｍｐｌｅ．ｃｏｍ", "еxаmрlе.соm", "example。com", "example․com",
        "exam\xe2\x80\x8bple.c\xe2\x80\x8bom", "ⓔⓧ.ⓒⓞⓜ", "𝐞𝐱.𝐜𝐨𝐦",
        "example[.]com", "example (.) com", "example[dot]com",
        "example ( dot ) com", "example{dot}gg/abc", "example<dot>tv",
        "example dot com", "example . com", "example .com", "example. com",
        "www[.]example", "https:⁄⁄x", NULL
    };

    const char *texts[] = {
        "", "hello", "hello.", "hello. World", "hello.World", "ok...com",
        "e.g. this", "3.14", "1.2.3.4", "v1.2.3", "10:45", "a:b", "a:\t//",
        "http:", "://x", "that was it.is it over", "yes.no", "end.so we",
        "call me.", "node.js", "main.c", "readme.txt", "dot com", "com.",
        ".com", "a dot b", "the dot is", "over. Live tomorrow", "wwww.x",
        "www", "www.", "gg.wp", "so fun. gg", "hi (.)", "[.] com", "( dot",
        "1.2.3/4", "12.5 com", "what?!.com", "and/or", "x.", "[", ".", " . ",
        "... and then", "1.000.000", NULL
    };

    for (i = 0; links[i]; i++) {
        is_int(has_link(links[i]), 1, "\"%s\"", links[i]);
    }

    for (i = 0; texts[i]; i++) {
        is_int(has_link(texts[i]), 0, "not \"%s\"", texts[i]);
    }

    return done_testing();
}
