
/*
 * Copyright (C) nginx-live authors
 */


/* Unit test of the depth of JSON texts. */


#include "ngx_live_json_depth.h"
#include "ngx_unit.h"


static void test(const char *text, ngx_uint_t depth);


int
main(void)
{
    test("", 0);
    test("1", 0);
    test("{}", 1);
    test("[[], [[]]]", 3);
    test("{\"a\":{\"b\":[1]},\"c\":[]}", 3);
    test("\"[[[\"", 0);
    test("[\"\\\"[[\"]", 1);
    test("[\"\\\\\",[]]", 2);
    test("]]][", 1);
    test("\"\\", 0);

    return done_testing();
}


static void
test(const char *text, ngx_uint_t depth)
{
    is_int(ngx_live_json_depth((u_char *) text, ngx_strlen(text)), depth,
           text);
}
