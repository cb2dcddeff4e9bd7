#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Players of FLV through reloads: those that play miss nothing, those that
# come get a picture at once, and old workers leave when theirs have left.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::FLV;
use Test::NginxLive::WebSocket;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv /);
Test::NginxLive->need_program(qw/ ffmpeg curl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 1s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);

wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

my @players;
player();
player();

my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
    path => '/flv/live/a.flv');
my $wsflv = Test::NginxLive::FLV->new;
$wsflv->add($ws->message->{data}) for 1 .. 5;

my @first;

for my $n (1 .. 3) {
    $t->reload;
    push @first, player();
}

cmp_ok((sort { $a <=> $b } @first)[-1], '<', 1,
    'a picture within a second after each reload');

my $frames = status()->{tracks}[0]{frames};
wait_for(sub { status()->{tracks}[0]{frames} > $frames + 60 }, 10, 'frames');

is(status()->{viewers}{flv}, 6, 'all are there');

while ($wsflv->frames('video') < 60) {
    my $m = $ws->message or last;
    $wsflv->add($m->{data});
}

is(gaps($wsflv), 0, 'WebSocket: nothing is missing');
$ws->close(1000);

for my $n (1 .. 5) {
    my $p = $players[$n - 1];

    is($p->{proc}->alive, 1, "player $n plays");
    is(gaps(flv($p)), 0, "player $n: nothing is missing");
}

# old workers leave with their last player

$_->{proc}->stop for @players;
@players = ();

wait_for(sub { $t->old_workers() <= 1 }, 10, 'old workers to leave');
pass('at most the worker of the publisher remains');

is(status()->{viewers}{flv}, 0, 'no viewer');

# the publisher's old worker serves the new ones' players

cmp_ok(player(), '<', 1, 'a picture from the old worker');

# nginx ends while somebody plays: the player stays until it leaves

$pub->stop;
is($players[0]{proc}->wait(10), 0, 'the end');

wait_for(sub { $t->old_workers() == 0 }, 10, 'the last old worker to leave');

done_testing();

###############################################################################

# Starts a player; the time until its first picture.

sub player {
    my $n = @players;
    my $watch = watch();
    my $out = $t->path("player-$n-" . time() . '.flv');
    my $p = { out => $out, proc => spawn(out => $out,
        cmd => [ 'curl', '-s', '-N', $t->url('/flv/live/a.flv') ]) };

    push @players, $p;

    wait_for(sub { flv($p)->frames('video') }, 10, 'first picture');

    return $watch->();
}

sub flv { Test::NginxLive::FLV->new->add(slurp($_[0]{out})) }

sub gaps {
    my @times = map { $_->{time} } $_[0]->frames('video');
    return scalar(grep { $times[$_] - $times[$_ - 1] > 40 } 1 .. $#times);
}

sub status {
    my $json = $t->json('/status') or return undef;
    return $json->{streams}[0];
}

###############################################################################
