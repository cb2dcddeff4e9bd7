#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Each supported subset of the .so files loads, with and without nginx's own
# stream module, and with Debian's module of the same subject beside it.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

my $core = 'ngx_live_module';
my $rtmp = 'ngx_stream_live_rtmp_module';
my $flv = 'ngx_http_live_flv_module';
my $hls = 'ngx_http_live_hls_module';
my $token = 'ngx_live_token_module';
my $http_token = 'ngx_http_live_token_module';
my $stream_token = 'ngx_stream_live_token_module';
my $chat = 'ngx_http_live_chat_module';
my $sfu = 'ngx_stream_live_sfu_module';
my $test = 'ngx_live_test_module';

my @subsets = (
    [ $core ], [ $core, $rtmp ], [ $core, $flv ], [ $core, $hls ],
    [ $core, $rtmp, $hls ], [ $core, $flv, $hls ],
    [ $core, $rtmp, $flv, $hls ], [ $core, $hls, $flv, $rtmp ],
    [ $core, $sfu ], [ $core, $sfu, $rtmp, $flv ],
    [ $core, $chat ], [ $core, $token ], [ $core, $token, $http_token ],
    [ $core, $token, $stream_token ],
    [ $core, $hls, $token, $http_token, $stream_token, $rtmp ],
    [ $core, $test, $rtmp, $flv, $hls ]
);

Test::NginxLive->need('live');

my %built = map { $_ => 1 } Test::NginxLive->built();

# a directory with sources gives a .so

my %dirs = (core => $core, rtmp => $rtmp, flv => $flv, hls => $hls,
            token => $token, chat => $chat, sfu => $sfu);

for my $dir (sort keys %dirs) {
    my @sources = glob("$FindBin::Bin/../modules/$dir/*_module.c");
    ok($built{$dirs{$dir}}, "$dirs{$dir} is built") if @sources;
}

for my $subset (@subsets) {
    next if grep { !$built{$_} } @$subset;

    for my $http (1, 0) {
        my $t = Test::NginxLive->new(modules => $subset,
            live => 'zone live 32m; application live { publish any; }',
            $http ? (http => 'server { listen %%PORT_http%%; }') : ());

        my $res = $t->test_conf();
        my $name = join(', ', @$subset) . ($http ? '' : ' without http {}');

        is($res->{rc}, 0, $name) or diag($res->{err});
        unlike($res->{err}, qr/\[(?:warn|emerg|alert)\]/, "$name, no warning");
    }
}

# without the core nothing else loads, and nginx says so

for my $name (grep { $built{$_} } $rtmp, $flv, $hls, $chat, $sfu) {
    my $t = Test::NginxLive->new(modules => [ $name ]);
    my $res = $t->test_conf();

    isnt($res->{rc}, 0, "$name without the core");
    like($res->{err}, qr/undefined symbol: ngx_(?:http_)?live_/, "$name: message");
}

for my $name (grep { $built{$_} } $http_token) {
    my $t = Test::NginxLive->new(modules => [ $core, $name ]);
    my $res = $t->test_conf();

    isnt($res->{rc}, 0, "$name without the common part");
    like($res->{err}, qr/undefined symbol: ngx_live_/, "$name: message");
}

# live {} before and after the others

if ($built{$rtmp}) {
    for my $order ([ qw/ live stream http / ], [ qw/ stream http live / ],
                   [ qw/ http live stream / ])
    {
        my $t = Test::NginxLive->new(order => $order,
            live => 'zone live 32m; application live { publish any; }',
            stream => 'server { listen %%PORT_rtmp%%; live_rtmp; }',
            http => 'server { listen %%PORT_http%%; }');

        my $res = $t->test_conf();
        is($res->{rc}, 0, "order @$order") or diag($res->{err});
    }
}

# people load both while they migrate

SKIP: {
    my $other = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

    skip 'no libnginx-mod-rtmp', 2 unless -f $other && $built{$rtmp}
        && Test::NginxLive->nginx_binary() eq '/usr/sbin/nginx';

    for my $first (1, 0) {
        my $load = "load_module $other;";
        my @rtmp = (main => 'rtmp { server { listen 127.0.0.1:%%PORT_o%%;'
            . ' application live { live on; } } }');

        my $t = Test::NginxLive->new(@rtmp,
            before => $first ? $load : '', after => $first ? '' : $load,
            live => 'zone live 32m; application live { publish any; }');

        my $res = $t->test_conf();
        is($res->{rc}, 0, 'beside libnginx-mod-rtmp, '
            . ($first ? 'loaded after it' : 'loaded before it'))
            or diag($res->{err});
    }
}

###############################################################################

done_testing();
