#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A player that is too slow is moved to a key frame, after whole tags; one that
# takes nothing for longer is closed; others notice nothing.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";


use Test::NginxLive;
use Test::NginxLive::FLV;
use Test::NginxLive::WebSocket;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv live_test /);
Test::NginxLive->need_program(qw/ ffmpeg curl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             application live { publish any; reconnect 1s; buffer 2s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% sndbuf=128k;
             location /flv/ { live_flv; live_flv_send_timeout 4s; }
             location /test { live_test; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), rate => '4000k', size => '640x360',
    gop => 15);

wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

my $good = spawn(out => $t->path('good.flv'), cmd => [ 'curl', '-s',
    $t->url('/flv/live/a.flv') ]);

# two that read a little, pause until they were moved, and read on

my $http = $t->client;
$http->request('/flv/live/a.flv')->response(stream => 1);

my $flv = Test::NginxLive::FLV->new;
read_until($http, $flv, sub { $flv->frames('video') >= 5 });

my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
    path => '/flv/live/a.flv');

my $wsflv = Test::NginxLive::FLV->new;
$wsflv->add($ws->message->{data}) for 1 .. 5;

wait_for(sub { $t->log_lines(qr/client is too slow, skipping/) >= 2 }, 20,
    'skips');
pass('both were moved');

my $before = $flv->frames('video');
read_until($http, $flv, sub { $flv->frames('video') >= $before + 60 });
check($flv, 'HTTP');

$before = $wsflv->frames('video');

while ($wsflv->frames('video') < $before + 60) {
    my $m = $ws->message or last;
    $wsflv->add($m->{data});
}

check($wsflv, 'WebSocket');

cmp_ok(status()->{skipped}, '>=', 2, 'skips are counted');
ok(grep({ $_->{type} eq 'stall' } events()), 'stall event');
is(status()->{viewers}{flv}, 3, 'nobody was closed');

# and now they stop for good

my $mark = $t->log_mark;

wait_for(sub { status()->{viewers}{flv} == 1 }, 30, 'both to be closed');
is(scalar($t->log_lines(qr/client timed out/, $mark)), 2,
    'closed and logged');

# the others

is(status()->{dropped}, 0, 'no frame was dropped');

$pub->stop;
$good->wait(10);

my $all = Test::NginxLive::FLV->new->add(slurp($t->path('good.flv')));
my @times = map { $_->{time} } $all->frames('video');
my @gaps = grep { $times[$_] - $times[$_ - 1] > 40 } 1 .. $#times;

is(scalar(@gaps), 0, 'the one that keeps up misses nothing');

done_testing();

###############################################################################

sub status {
    my $json = $t->json('/status') or return undef;
    return $json->{streams}[0];
}

sub events { @{$t->json('/test?events=0')->{events}} }

# After a jump in time there is a key frame, and there was a jump.

sub check {
    my ($flv, $what) = @_;

    my @video = $flv->frames('video');
    my @jumps = grep { $video[$_]{time} - $video[$_ - 1]{time} > 200 }
        1 .. $#video;

    ok(@jumps >= 1, "$what: a jump");
    is(scalar(grep { !$video[$_]{key} } @jumps), 0, "$what: to a key frame");
}

sub read_until {
    my ($c, $flv, $code) = @_;

    until ($code->()) {
        my $bytes = $c->read_bytes(1, 10);
        die "the stream has ended\n" unless length $bytes;
        $flv->add($bytes . $c->read_bytes(length $c->{buf}));
    }
}

###############################################################################
