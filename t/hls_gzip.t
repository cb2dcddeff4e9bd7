#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Compressed playlists are put together from blocks of 64 segments, in
# whatever order these are asked for.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw/ gunzip /;

use Test::NginxLive;
use Test::NginxLive::HLS;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

# between what has no parts any more and what a delta leaves out there are
# three target durations: 180 segments

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 60s;
             hls on; hls_path %%DIR%%/hls; hls_segment 500ms;
             hls_target_duration 30s; hls_part 0; hls_window 10m;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), realtime => 0, duration => 300,
                  fps => 10, gop => 5, size => '64x64', rate => '20k',
                  audio => 0);

my $hls = Test::NginxLive::HLS->new($t, 'live/a');

$hls->multi;

wait_for(sub { @{$hls->list('v0')->{segments}} >= 590 }, 60, 'segments');

# each worker is asked for the delta first, then for all

my (%workers, %bad);

wait_for(sub {
    my $c = $hls->client;
    my $uri = $hls->path($hls->file('v0.m3u8'));
    my $n = 0;

    for my $args ('?_HLS_skip=YES', '') {
        my ($text, $z, $plain);

        $z = $c->get($uri . $args, headers => { 'Accept-Encoding' => 'gzip' });
        $plain = $c->get($uri . $args);
        gunzip(\$z->{body}, \$text);

        # gaps go on while the encoder is away

        $bad{$args}++ if $z->{headers}{'content-encoding'} ne 'gzip'
            || $text ne $plain->{body}
               && $z->{headers}{etag} eq $plain->{headers}{etag} =~ s/"$/z"/r;
        $n += $text =~ /^#EXT-X-SKIP:/m;
    }

    $bad{skip}++ if $n != 1;
    $workers{$t->worker_of_port($c->sock->sockport) // 0}++;
    $c->close;

    return keys %workers == 2;
}, 30, 'both workers');

is_deeply(\%bad, {}, 'a delta, then all: the same text');

$pub->kill;

done_testing();

###############################################################################
