
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_token_conf.h"
#include "ngx_live_json.h"


void
ngx_live_token_status(ngx_live_json_t *js)
{
    ngx_live_token_cache_sh_t    *cache;
    ngx_live_token_revoke_sh_t   *revoked;
    ngx_live_token_main_conf_t   *tmcf;

    tmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_token_module);

    if (tmcf == NULL || tmcf->revoked == NULL) {
        return;
    }

    revoked = tmcf->revoked->sh;

    ngx_live_json_object(js, "tokens");
    ngx_live_json_int(js, "verified", revoked->verified);
    ngx_live_json_int(js, "refused", revoked->refused);
    ngx_live_json_int(js, "revoked", revoked->n);

    if (tmcf->cache) {
        cache = tmcf->cache->sh;

        ngx_live_json_object(js, "cache");
        ngx_live_json_int(js, "entries", cache->n);
        ngx_live_json_int(js, "hits", cache->hits);
        ngx_live_json_int(js, "misses", cache->misses);
        ngx_live_json_int(js, "evicted", cache->evicted);
        ngx_live_json_object_end(js);
    }

    ngx_live_json_object_end(js);

    ngx_live_token_session_status(js);
}
