#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Code and docs/ name the same directives, contexts, defaults and variables;
# and the script that proves it notices when they do not.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

my $top = Test::NginxLive->top();
my $check = "$top/util/check-docs";

my $res = run_command(cmd => [ $check ]);
is($res->{out}, '', 'code and documentation agree');
is($res->{rc}, 0, 'exit code');

# a tree of three directives, then one fault at a time

my $dir = temp_dir();
mkdir("$dir/$_") for ("modules", "modules/x", "docs");

my %good = (
    'modules/x/x.c' => <<'EOC',
#define X_SIZE  (64 * 1024)

static ngx_command_t  x_commands[] = {

    { ngx_string("x_time"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_x_conf_t, time),
      NULL },

    { ngx_string("x_size"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_x_conf_t, size),
      NULL },

    { ngx_string("x_flag"),
      NGX_LIVE_APP_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_LIVE_APP_CONF_OFFSET,
      offsetof(ngx_x_conf_t, flag),
      NULL },

      ngx_null_command
};


static char *
x_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_x_conf_t *prev = parent;
    ngx_x_conf_t *conf = child;

    ngx_conf_merge_msec_value(conf->time, prev->time, 30000);
    ngx_conf_merge_size_value(conf->size, prev->size, X_SIZE);
    ngx_conf_merge_value(conf->flag, prev->flag, 0);

    return NGX_CONF_OK;
}
EOC
    'docs/x.md' => <<'EOD');
# x

### x_time

    Syntax:   x_time time;
    Default:  x_time 30s;
    Context:  http, location

Text.

### x_size

    Syntax:   x_size size;
    Default:  x_size 64k;
    Context:  location

### x_flag

    Syntax:   x_flag on | off;
    Default:  x_flag off;
    Context:  application
EOD


sub faults {
    my ($file, $from, $to) = @_;

    my %files = %good;
    $files{$file} =~ s/$from/$to/ if $file;
    spit("$dir/$_", $files{$_}) for keys %files;

    return run_command(cmd => [ $check, '--top', $dir ])->{out};
}


is(faults(), '', 'a good tree');

like(faults('docs/x.md', qr/### x_time/, '### x_tine'),
    qr/^x_time .*not in docs.*^x_tine .*not in the code/ms, 'another name');
like(faults('docs/x.md', qr/x_time 30s/, 'x_time 31s'),
    qr/x_time: default is 30000 in code, 31s/, 'another time');
like(faults('docs/x.md', qr/x_size 64k/, 'x_size 64m'),
    qr/x_size: default is 65536/, 'another size');
like(faults('modules/x/x.c', qr/flag, 0/, 'flag, 1'),
    qr/x_flag: default is 1/, 'another flag');
like(faults('docs/x.md', qr/http, location/, 'location'),
    qr/x_time: contexts/, 'another context');
like(faults('docs/x.md', qr/    Default:  x_size 64k;\n/, ''),
    qr/x_size has no Default/, 'no default');

###############################################################################

done_testing();
