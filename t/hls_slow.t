#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A client that takes its time to read a segment, and gets all of it though
# the stream ends meanwhile.

###############################################################################

use warnings;
use strict;

use Test::More;
use Socket qw/ SOL_SOCKET SO_RCVBUF /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HTTP;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 1s;
        hls on; hls_path %%DIR%%/hls; buffer_size 32m; }',
    stream => 'server { listen %%PORT_rtmp%%; live_rtmp; }',
    http => 'output_buffers 1 16k; sendfile_max_chunk 16k;
        server { listen %%PORT_http%% sndbuf=16k; location /hls/ { live_hls; }
                 location /status { live_status; } }'
)->start;

my $pub = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
$pub->publish('live', 'a');
$pub->set_chunk_size(65536);
$pub->video(0, avc_config());
$pub->video($_ * 40, avc_frame($_ % 25 == 0, 40000)) for 0 .. 349;

my $list = wait_for(sub {
    my $r = $t->get('/hls/live/a/index.m3u8');
    my ($uri) = $r->{body} =~ m{^(\w+/v0\.m3u8)$}m or return;

    $r = $t->get("/hls/live/a/$uri");
    return $r->{body} =~ /^v0-1\.m4s$/m ? $uri : undef;
}, 20, 'segments');

my ($dir) = $list =~ m{^(\w+)/};

# by the size of a part and by that of a segment, one of them in memory

my @clients;

for my $file ('v0-1.m4s', 'v0-1.m4s', newest()) {
    my $c = $t->client();

    setsockopt($c->sock, SOL_SOCKET, SO_RCVBUF, pack('i', 32768));
    $c->request("/hls/live/a/$dir/$file");

    my $r = $c->response(stream => 1);

    is($r->{status}, 200, "$file begins");
    push @clients, [ $c, $r->{headers}{'content-length'} ];
}

cmp_ok($clients[0][1], '>', 1000000, 'a long one');

$pub->close;

wait_for(sub {
    my $r = $t->get("/hls/live/a/$list");
    $r->{body} =~ /EXT-X-ENDLIST/;
}, 20, 'end of the session');

# what the worker has for the stream goes with the next wake-up

wait_for(sub { !@{$t->json('/status')->{streams}}
               || $t->json('/status')->{streams}[0]{state} eq 'ended' },
    20, 'end of the stream');

for (@clients) {
    my ($c, $size) = @$_;

    is(length $c->read_bytes($size, 20), $size, 'all of it');
    $c->close;
}

wait_for(sub { !@{$t->json('/status')->{streams}} }, 20,
    'nobody holds the stream');

done_testing();

###############################################################################

sub newest {
    my ($name) = reverse $t->get("/hls/live/a/$list")->{body}
                         =~ /^(v0-\d+\.m4s)$/mg;
    return $name;
}
