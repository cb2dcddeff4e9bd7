#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Ranges at the live edge: of a part that is to come, and of a segment that
# has just been completed and is put together from its parts.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_segment 2s;
             hls_target_duration 4s; hls_part 500ms; hls_window 24s;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $hls = Test::NginxLive::HLS->new($t, 'live/a');
$hls->multi;

my $c = $hls->client;

for (1 .. 3) {
    my $list = $hls->list('v0');
    my $hint = $hls->path($hls->file($list->{hint}{uri}));

    my $r = range($hint, '3-12');
    is($r->{status}, 206, 'a range of a hint');

    my $whole = $c->get($hint)->{body};
    is($r->{body}, substr($whole, 3, 10), 'its bytes');
    is($r->{headers}{'content-range'}, 'bytes 3-12/' . length $whole,
        'of so many');

    $list = $hls->list('v0', query => [ "_HLS_msn=$list->{hint}{msn}" ]);

    my $new = $hls->path($hls->file($list->{segments}[-1]{uri}));

    $r = range($new, '100-199');
    is($r->{status}, 206, 'a range of a new segment');

    my $last = range($new, '-100');
    $whole = $c->get($new)->{body};
    ok($r->{body} eq substr($whole, 100, 100), 'its bytes');
    ok($last->{body} eq substr($whole, -100), 'and its last ones');

    $r = range($new, length($whole) . '-');
    is($r->{status}, 416, 'nothing behind them');
    is($r->{headers}{'content-range'}, 'bytes */' . length $whole,
        'of so many');
}

done_testing();

###############################################################################

sub range {
    my ($uri, $range) = @_;

    return $c->get($uri, headers => { Range => "bytes=$range" });
}
