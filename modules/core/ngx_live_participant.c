
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_live_participant.h"


void  (*ngx_live_participant_handler)(ngx_live_participant_t *p);


void
ngx_live_participant(ngx_live_participant_t *p)
{
    if (ngx_live_participant_handler) {
        ngx_live_participant_handler(p);
    }
}
