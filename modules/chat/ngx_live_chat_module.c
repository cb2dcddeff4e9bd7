
/*
 * Copyright (C) nginx-live authors
 */


#include "ngx_http_live_chat.h"
#include "ngx_live_chat.h"
#include "ngx_live_chat_mark.h"
#include "ngx_live_chat_metadata.h"
#include "ngx_live_chat_ballot.h"
#include "ngx_live_chat_people.h"
#include "ngx_live_chat_purse.h"
#include "ngx_live_chat_outbox.h"
#include "ngx_live_chat_relay.h"
#include "ngx_live_event.h"


#define NGX_LIVE_CHAT_ZONE          (16 * 1024 * 1024)
#define NGX_LIVE_CHAT_ZONE_MIN      (1024 * 1024)

#define NGX_LIVE_CHAT_TIPS          100
#define NGX_LIVE_CHAT_TIPS_MAX      1000
#define NGX_LIVE_CHAT_TIP_KEYS      1000
#define NGX_LIVE_CHAT_TIP_KEYS_MAX  100000


typedef struct {
    size_t                     size;
    ngx_live_chat_zone_t       zone;
    ngx_array_t                words;      /* ngx_live_chat_words_t * */
    ngx_str_t                  state;      /* path, or empty */
    ngx_thread_pool_t         *threads;
    ngx_int_t                  tips;       /* of a room that are kept */
    ngx_int_t                  tip_keys;
    ngx_int_t                  votes;      /* of a poll */
} ngx_live_chat_main_conf_t;


static ngx_int_t ngx_live_chat_preconfiguration(ngx_conf_t *cf);
static void ngx_live_chat_event(ngx_live_event_sh_t *ev);
static void *ngx_live_chat_create_main_conf(ngx_conf_t *cf);
static void *ngx_live_chat_create_app_conf(ngx_conf_t *cf);
static char *ngx_live_chat_merge_app_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_live_chat_postconfiguration(ngx_conf_t *cf);
static char *ngx_live_chat_history(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_chat_words(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_chat_tips(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_chat_state(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_live_chat_check_zone(ngx_conf_t *cf, void *post, void *data);
static char *ngx_live_chat_check_slow(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t ngx_live_chat_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_live_chat_init_process(ngx_cycle_t *cycle);
static void ngx_live_chat_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t  ngx_live_chat_zone_post = { ngx_live_chat_check_zone };

static ngx_conf_num_bounds_t  ngx_live_chat_outbox_bounds = {
    ngx_conf_check_num_bounds, 1, 10000
};

static ngx_conf_enum_t  ngx_live_chat_restricts[] = {
    { ngx_string("off"), NGX_LIVE_CHAT_ALL },
    { ngx_string("followers"), NGX_LIVE_CHAT_FOLLOWERS },
    { ngx_string("subscribers"), NGX_LIVE_CHAT_SUBSCRIBERS },
    { ngx_null_string, 0 }
};

static ngx_conf_post_t  ngx_live_chat_slow_post = { ngx_live_chat_check_slow };

static ngx_conf_num_bounds_t  ngx_live_chat_small_bounds = {
    ngx_conf_check_num_bounds, 0, NGX_LIVE_CHAT_SMALL_MAX
};

static ngx_conf_bitmask_t  ngx_live_chat_metadata_kinds[] = {
    { ngx_string("off"), NGX_LIVE_CHAT_METADATA_OFF },
    { ngx_string("tips"), NGX_LIVE_CHAT_METADATA_TIPS },
    { ngx_string("pins"), NGX_LIVE_CHAT_METADATA_PINS },
    { ngx_string("polls"), NGX_LIVE_CHAT_METADATA_POLLS },
    { ngx_null_string, 0 }
};

static ngx_conf_num_bounds_t  ngx_live_chat_votes_bounds = {
    ngx_conf_check_num_bounds, 1, 1000000
};

static ngx_str_t  ngx_live_chat_zone_name = ngx_string("live_chat");


static ngx_command_t  ngx_live_chat_commands[] = {

    { ngx_string("chat_zone"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_chat_main_conf_t, size),
      &ngx_live_chat_zone_post },

    { ngx_string("chat_state"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_live_chat_state,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chat_history"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE12,
      ngx_live_chat_history,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chat_outbox"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, outbox),
      &ngx_live_chat_outbox_bounds },

    { ngx_string("chat_links"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, links),
      NULL },

    { ngx_string("chat_restrict"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, restricted),
      &ngx_live_chat_restricts },

    { ngx_string("chat_slow"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, slow),
      &ngx_live_chat_slow_post },

    { ngx_string("chat_small"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, small),
      &ngx_live_chat_small_bounds },

    { ngx_string("chat_tips"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_live_chat_tips,
      NGX_LIVE_MAIN_CONF_OFFSET,
      0,
      NULL },
    { ngx_string("chat_metadata"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, metadata),
      &ngx_live_chat_metadata_kinds },

    { ngx_string("chat_typing"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_live_chat_app_conf_t, typing),
      NULL },

    { ngx_string("chat_votes"),
      NGX_LIVE_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_LIVE_MAIN_CONF_OFFSET,
      offsetof(ngx_live_chat_main_conf_t, votes),
      &ngx_live_chat_votes_bounds },

    { ngx_string("chat_words"),
      NGX_LIVE_MAIN_CONF|NGX_LIVE_APP_CONF|NGX_CONF_TAKE1,
      ngx_live_chat_words,
      NGX_LIVE_APP_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_live_module_t  ngx_live_chat_module_ctx = {
    ngx_live_chat_preconfiguration,        /* preconfiguration */
    ngx_live_chat_postconfiguration,       /* postconfiguration */

    ngx_live_chat_create_main_conf,        /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_live_chat_create_app_conf,         /* create application conf */
    ngx_live_chat_merge_app_conf,          /* merge application conf */

    NULL,                                  /* stream start */
    NULL,                                  /* stream config */
    NULL,                                  /* stream frame */
    NULL,                                  /* stream stop */
    NULL,                                  /* stream adopt */
    NULL,                                  /* stream end */
    NULL,                                  /* stream free */
    NULL,                                  /* stream status */

    NULL,                                  /* session open */
    NULL,                                  /* session close */

    ngx_http_live_chat_show                /* status */
};


ngx_module_t  ngx_live_chat_module = {
    NGX_MODULE_V1,
    &ngx_live_chat_module_ctx,             /* module context */
    ngx_live_chat_commands,                /* module directives */
    NGX_LIVE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_live_chat_init_module,             /* init module */
    ngx_live_chat_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_live_chat_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_live_chat_zone_t *
ngx_live_chat_zone(void)
{
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_chat_module);

    return (cmcf && cmcf->zone.sh && ngx_live_zone) ? &cmcf->zone : NULL;
}


void
ngx_live_chat_purse_limits(ngx_uint_t *tips, ngx_uint_t *keys)
{
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_chat_module);
    *tips = cmcf->tips;
    *keys = cmcf->tip_keys;
}


ngx_uint_t
ngx_live_chat_votes_max(void)
{
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_live_get_module_main_conf((ngx_cycle_t *) ngx_cycle,
                                         &ngx_live_chat_module);

    return cmcf->votes;
}


static ngx_int_t
ngx_live_chat_preconfiguration(ngx_conf_t *cf)
{
    return ngx_live_event_subscribe(cf, ngx_live_chat_event);
}


/* in one process for all: who comes later is told by the welcome */

static void
ngx_live_chat_event(ngx_live_event_sh_t *ev)
{
    u_char                 tail[64];
    ngx_str_t              key;
    const char            *state;
    ngx_live_chat_say_t    say;
    ngx_live_chat_zone_t  *zone;

    switch (ev->type) {

    case NGX_LIVE_EVENT_PUBLISH:
        state = "live";
        break;

    case NGX_LIVE_EVENT_PUBLISH_DONE:
        state = "waiting";
        break;

    case NGX_LIVE_EVENT_END:
        state = "ended";
        break;

    default:
        return;
    }

    zone = ngx_live_chat_zone();

    if (zone == NULL) {
        return;
    }

    key.data = ev->name;
    key.len = ngx_strlen(ev->name);

    ngx_memzero(&say, sizeof(ngx_live_chat_say_t));

    ngx_str_set(&say.head, "{\"type\":\"state\",");

    say.tail.data = tail;
    say.tail.len = ngx_sprintf(tail, ",\"state\":\"%s\"}", state) - tail;
    say.passing = 1;

    ngx_live_chat_say_to(zone, &key, &say);
}


static ngx_int_t
ngx_live_chat_postconfiguration(ngx_conf_t *cf)
{
    ngx_shm_zone_t             *zone;
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_chat_module);

    if (cmcf->size == NGX_CONF_UNSET_SIZE) {
        cmcf->size = NGX_LIVE_CHAT_ZONE;
    }

    ngx_conf_init_value(cmcf->votes, 10000);

    if (cmcf->tips == NGX_CONF_UNSET) {
        cmcf->tips = NGX_LIVE_CHAT_TIPS;
        cmcf->tip_keys = NGX_LIVE_CHAT_TIP_KEYS;
    }

    zone = ngx_shared_memory_add(cf, &ngx_live_chat_zone_name, cmcf->size,
                                 &ngx_live_chat_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_live_chat_zone_init;
    zone->data = &cmcf->zone;

    if (cmcf->words.nelts || cmcf->state.len) {
        cmcf->threads = ngx_thread_pool_add(cf, NULL);

        if (cmcf->threads == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_live_chat_create_main_conf(ngx_conf_t *cf)
{
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_pcalloc(cf->pool, sizeof(ngx_live_chat_main_conf_t));
    if (cmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&cmcf->words, cf->pool, 1,
                       sizeof(ngx_live_chat_words_t *))
        != NGX_OK)
    {
        return NULL;
    }

    cmcf->size = NGX_CONF_UNSET_SIZE;
    cmcf->tips = NGX_CONF_UNSET;
    cmcf->votes = NGX_CONF_UNSET;

    return cmcf;
}


static void *
ngx_live_chat_create_app_conf(ngx_conf_t *cf)
{
    ngx_live_chat_app_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_live_chat_app_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->history = NGX_CONF_UNSET;
    conf->age = NGX_CONF_UNSET;
    conf->outbox = NGX_CONF_UNSET;
    conf->small = NGX_CONF_UNSET;
    conf->slow = NGX_CONF_UNSET;
    conf->restricted = NGX_CONF_UNSET_UINT;
    conf->typing = NGX_CONF_UNSET;
    conf->links = NGX_CONF_UNSET;
    conf->words = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_live_chat_merge_app_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_live_chat_app_conf_t  *prev = parent;
    ngx_live_chat_app_conf_t  *conf = child;

    ngx_conf_merge_value(conf->history, prev->history, 100);
    ngx_conf_merge_sec_value(conf->age, prev->age, NGX_LIVE_CHAT_AGE);
    ngx_conf_merge_value(conf->outbox, prev->outbox, NGX_LIVE_CHAT_BACKLOG);
    ngx_conf_merge_value(conf->small, prev->small, 25);
    ngx_conf_merge_sec_value(conf->slow, prev->slow, 0);
    ngx_conf_merge_uint_value(conf->restricted, prev->restricted,
                              NGX_LIVE_CHAT_ALL);
    ngx_conf_merge_value(conf->typing, prev->typing, 0);
    ngx_conf_merge_value(conf->links, prev->links, 1);
    ngx_conf_merge_ptr_value(conf->words, prev->words, NULL);
    ngx_conf_merge_bitmask_value(conf->metadata, prev->metadata,
                           NGX_CONF_BITMASK_SET | NGX_LIVE_CHAT_METADATA_OFF);

    if ((conf->metadata & NGX_LIVE_CHAT_METADATA_OFF)
        && (conf->metadata & ~(NGX_CONF_BITMASK_SET
                               | NGX_LIVE_CHAT_METADATA_OFF)))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chat_metadata off\" takes nothing else");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* "chat_history 100 1d" */

static char *
ngx_live_chat_history(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_chat_app_conf_t *cacf = conf;

    ngx_str_t  *value;

    if (cacf->history != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    cacf->history = ngx_atoi(value[1].data, value[1].len);

    if (cacf->history < 0 || cacf->history > NGX_LIVE_CHAT_HISTORY_MAX) {
        return "must be a number up to 1000";
    }

    if (cf->args->nelts == 2) {
        cacf->age = NGX_LIVE_CHAT_AGE;
        return NGX_CONF_OK;
    }

    cacf->age = ngx_parse_time(&value[2], 1);

    if (cacf->age == (time_t) NGX_ERROR
        || cacf->age < 60 || cacf->age > NGX_LIVE_CHAT_AGE_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid age \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_chat_words(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_chat_app_conf_t *cacf = conf;

    ngx_str_t                  *value, path;
    ngx_live_chat_main_conf_t  *cmcf;

    if (cacf->words != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        cacf->words = NULL;
        return NGX_CONF_OK;
    }

    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cmcf = ngx_live_conf_get_module_main_conf(cf, ngx_live_chat_module);

    cacf->words = ngx_live_chat_words_add(cf, &cmcf->words, &path);

    return cacf->words ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* "chat_tips 100 keys=1000" */

static char *
ngx_live_chat_tips(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_chat_main_conf_t *cmcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (cmcf->tips != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 0 || n > NGX_LIVE_CHAT_TIPS_MAX) {
        return "must be a number up to 1000";
    }

    cmcf->tips = n;
    cmcf->tip_keys = NGX_LIVE_CHAT_TIP_KEYS;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (ngx_strncmp(value[2].data, "keys=", 5) == 0) {
        n = ngx_atoi(value[2].data + 5, value[2].len - 5);
    }

    if (n < 1 || n > NGX_LIVE_CHAT_TIP_KEYS_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    cmcf->tip_keys = n;

    return NGX_CONF_OK;
}


static char *
ngx_live_chat_state(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_live_chat_main_conf_t *cmcf = conf;

    ngx_str_t  *value;

    if (cmcf->state.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    cmcf->state = value[1];

    if (ngx_strcmp(value[1].data, "off") == 0) {
        cmcf->state.len = 0;
        return NGX_CONF_OK;
    }

    if (ngx_conf_full_name(cf->cycle, &cmcf->state, 1) != NGX_OK
        || ngx_live_chat_keep_read(cf, &cmcf->state, &cmcf->zone.state)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_chat_check_zone(ngx_conf_t *cf, void *post, void *data)
{
    size_t *sp = data;

    if (*sp < NGX_LIVE_CHAT_ZONE_MIN) {
        return "must be 1m at least";
    }

    return NGX_CONF_OK;
}


static char *
ngx_live_chat_check_slow(ngx_conf_t *cf, void *post, void *data)
{
    time_t *sp = data;

    if (*sp > NGX_LIVE_CHAT_SLOW_MAX) {
        return "must be 6h at most";
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_live_chat_init_module(ngx_cycle_t *cycle)
{
    ngx_live_chat_main_conf_t  *cmcf;

    cmcf = ngx_live_get_module_main_conf(cycle, &ngx_live_chat_module);

    if (cmcf && cmcf->zone.sh) {
        cmcf->zone.generation = ++cmcf->zone.sh->generation;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_live_chat_init_process(ngx_cycle_t *cycle)
{
    ngx_live_chat_zone_t       *zone;
    ngx_live_chat_main_conf_t  *cmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    zone = ngx_live_chat_zone();

    if (zone == NULL) {
        return NGX_OK;
    }

    ngx_live_chat_zone_claim(zone);
    ngx_live_chat_hall_init();
    ngx_live_chat_presence_init(cycle);
    ngx_live_chat_drain_init(cycle);
    ngx_live_chat_participant_init();
    ngx_live_chat_relay_init(cycle);

    cmcf = ngx_live_get_module_main_conf(cycle, &ngx_live_chat_module);

    if (cmcf->state.len
        && ngx_live_chat_keep_init(cycle, &cmcf->state, cmcf->threads)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_live_chat_words_watch(cycle, &cmcf->words, cmcf->threads);
}


static void
ngx_live_chat_exit_process(ngx_cycle_t *cycle)
{
    ngx_live_chat_relay_done();
}
