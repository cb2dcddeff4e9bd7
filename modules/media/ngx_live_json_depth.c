
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_json_depth.h"


ngx_uint_t
ngx_live_json_depth(u_char *p, size_t len)
{
    size_t      i;
    ngx_uint_t  depth, max, string;

    depth = 0;
    max = 0;
    string = 0;

    for (i = 0; i < len; i++) {

        if (string) {
            if (p[i] == '\\') {
                i++;

            } else if (p[i] == '"') {
                string = 0;
            }

            continue;
        }

        switch (p[i]) {

        case '"':
            string = 1;
            break;

        case '{':
        case '[':
            depth++;
            max = ngx_max(max, depth);
            break;

        case '}':
        case ']':
            if (depth) {
                depth--;
            }

            break;
        }
    }

    return max;
}
