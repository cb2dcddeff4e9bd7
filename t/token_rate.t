#!/usr/bin/perl

# Copyright (C) nginx-live authors

# max_rate: responses are slowed down, publishers and players over connections
# are ended when they are faster on the average of ten seconds.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls
    ngx_http_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg openssl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key %%DIR%%/keys;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 20s;
             application live { publish token; play token; }
             application open { publish any; play token; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location /hls/ { live_hls; }
             location /files/ { live_token $arg_token;
                                alias %%DIR%%/files/; }
             location /slow/ { live_token $arg_token; limit_rate 16k;
                               alias %%DIR%%/files/; }
             location /edge/ { live_token $arg_token; live_token_edge on;
                               alias %%DIR%%/files/; }
             location /status { live_status; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, 'HS256');

mkdir($t->path('files'));
spit($t->path('files/a'), 'a' x 49152);

$t->start;

# what is sent by nginx

my $slow = token(128_000);

cmp_ok(took("/files/a?token=$slow"), '>', 1.5, 'a guarded file is slow');
cmp_ok(took("/slow/a?token=$slow"), '>', 1.5, 'as slow as it is to be');
cmp_ok(took("/slow/a?token=" . token(100_000_000)), '>', 1.5,
    'also with a faster token');
cmp_ok(took("/edge/a?token=$slow"), '<', 1 * factor(), 'not to a cache');
cmp_ok(took("/files/a?token=" . token()), '<', 1 * factor(),
    'nor without a limit');

my $media = publish($t->rtmp('open/a'), gop => 30, size => '320x180',
                    rate => '600k');
my $segment = wait_for(sub {
    my $r = $t->get("/hls/open/a/index.m3u8?token=$slow");
    my ($list) = $r->{body} =~ /^(\w+\/v0\.m3u8\S*)/m or return;
    my ($dir) = $list =~ /^(\w+)/;
    $r = $t->get("/hls/open/a/$list");
    $r->{body} =~ /^(v0-\d+\.m4s)/m && "/hls/open/a/$dir/$1";
}, 20, 'a segment');

my $size = length($t->get("$segment?token=" . token())->{body});
cmp_ok(took("$segment?token=" . token(int($size * 8 / 3))), '>', 1.5,
    'a segment is slow');

# who publishes too fast, and who does not, and who plays

my @c = map { client() } 1 .. 4;

$c[0]->publish('live', 'fast?token=' . token(200_000, 'publisher'));
$c[1]->publish('live', 'good?token=' . token(200_000, 'publisher'));

$_->video(0, avc_config()) for @c[0, 1];
$_->video(0, frame(100)) for @c[0, 1];

$c[2]->play('live', 'good?token=' . token(100_000));
$c[3]->play('live', 'good?token=' . token(200_000));
my $flv = $t->client;
is($flv->request('/flv/live/good.flv?token=' . token(100_000))
   ->response(stream => 1)->{status}, 200, 'FLV');

my ($start, $time, @ended) = (time(), 0);

$t->expect_log(qr/publish of "live\/fast" ended: faster than the token's max/);
$t->expect_log(qr/play of "live\/good" ended: faster than the token's max/);
$t->expect_log(qr/session was ended: faster than the token's max/);

wait_for(sub {
    my $now = time() - $start;

    # 320 and 160 kbit/s

    while ($time < $now * 1000) {
        $time += 50;
        $c[0]->video($time, frame(2000)) unless $ended[0];
        $c[1]->video($time, frame(1000));
    }

    for my $i (0, 2, 3) {
        $ended[$i] //= $now if $c[$i]->closed(0.02 / factor());
    }

    $ended[4] //= $now if $flv->closed(0.02 / factor());

    return defined $ended[0] && defined $ended[2] && defined $ended[4];
}, 60, 'the ends of those that are too fast');

cmp_ok($ended[0], '>', 5, 'a publisher is measured');
cmp_ok($ended[0], '<', 15 * factor(), 'for ten seconds');
cmp_ok($ended[2], '>', 12, 'a player');
cmp_ok($ended[4], '>', 12, 'and FLV are not for the first ten seconds');
ok(!defined $ended[3], 'a player within its limit goes on');
ok(!$c[1]->closed(0.1), 'so does its publisher');

is($t->json('/status')->{token_sessions}{too_fast}, 3, 'counted');

$_->close for @c;
$media->stop;

done_testing();

###############################################################################

sub token {
    my ($rate, $role) = @_;
    return $keys->token('HS256', sub => 'alice', stream => '*',
                        max_rate => $rate, role => $role);
}


sub client { Test::NginxLive::RTMP->new(port => $t->port('rtmp')) }


sub frame { avc_frame(1, $_[0]) }


sub took {
    my ($uri) = @_;

    my $r = $t->get($uri, timeout => 30);
    is($r->{status}, 200, $uri =~ s/\?.*//r);

    return $r->{time};
}
