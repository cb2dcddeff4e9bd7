#!/usr/bin/perl

# Copyright (C) nginx-live authors

# `make install` puts the modules, the file that loads them and the page below
# DESTDIR, and the packaged nginx starts with that file.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

plan(skip_all => 'sanitized modules are not installed')
    if $ENV{LIVE_SANITIZE};

Test::NginxLive->need('live');

my $top = Test::NginxLive->top();
my $t = Test::NginxLive->new(modules => []);
my $dest = $t->path('dest');

my $res = run_command(timeout => 60, cmd => [ "$top/util/install",
    Test::NginxLive->build(), $dest, '/usr/lib/nginx/modules',
    '/usr/share/nginx/modules-available', '/usr/lib/nginx/helpers' ]);

is($res->{rc}, 0, 'install') or diag($res->{err});

my @want = grep { !/_test_/ } Test::NginxLive->built();

for my $name (@want) {
    ok(-s "$dest/usr/lib/nginx/modules/$name.so", "$name is installed");
}

ok(!-e "$dest/usr/lib/nginx/modules/ngx_live_test_module.so",
    'the module of the tests is not');
ok(-s "$dest/usr/share/nginx-live/html/index.html", 'page');
ok(-x "$dest/usr/lib/nginx/helpers/$_", $_) for qw/ live-media live-token /;

my $conf = slurp("$dest/usr/share/nginx/modules-available/mod-live.conf");
is($conf, join('', map { "load_module modules/$_.so;\n" } @want),
    'modules in their order');

$conf =~ s{modules/}{$dest/usr/lib/nginx/modules/}g;
$t->set(after => $conf, live => 'zone live 32m; application live { }',
    http => 'server { listen %%PORT_http%%; location / { live_status; } }');
$t->{main} = '';
$t->{before} = 'load_module ' . Test::NginxLive::stream_module() . ';';

$res = $t->test_conf();
is($res->{rc}, 0, 'nginx loads them') or diag($res->{err});
like($res->{err}, qr/\[warn\].*"publish"/, 'and warns of a closed application')
    or diag($res->{err});

###############################################################################

done_testing();
