
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_hls_recover.h"


void
ngx_live_hls_recover_start(void)
{
}


ngx_int_t
ngx_live_hls_recover_init_process(ngx_cycle_t *cycle)
{
    return NGX_OK;
}


void
ngx_live_hls_recover(ngx_live_stream_t *st, ngx_live_hls_app_conf_t *conf)
{
}
