#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The worker of the publisher is killed: players of FLV in the other worker
# stay and go on when the encoder is back; the dead worker's are not counted.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::FLV;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 20s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);

wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

my ($victim) = ($t->log_lines(qr/live stream "live\/a"/))[0]
    =~ /\[notice\] (\d+)#/;

ok($victim, 'worker of the publisher');

# players in both workers

my (@other, @same);

wait_for(sub {
    my $c = $t->client;

    $c->request('/flv/live/a.flv')->response(stream => 1);

    my $pid = $t->worker_of_port($c->sock->sockport);
    push @{$pid == $victim ? \@same : \@other}, $c;

    @other && @same;
}, 20, 'players in both workers');

my $flv = Test::NginxLive::FLV->new;
read_until($other[0], $flv, sub { $flv->frames('video') >= 30 });

is(status()->{viewers}{flv}, @other + @same, 'viewers');

$t->kill_worker($victim);
$pub->kill;

wait_for(sub { status() && status()->{viewers}{flv} == @other }, 10,
    'the dead worker\'s viewers to be counted out');
pass('viewers of the dead worker are counted out');

$pub = publish($t->rtmp('live/a'), gop => 30);

my $before = $flv->frames('video');
read_until($other[0], $flv, sub { $flv->frames('video') >= $before + 60 });

my @times = map { $_->{time} } $flv->frames('video');

is(scalar(grep { $times[$_] <= $times[$_ - 1] } 1 .. $#times), 0,
    'the player goes on, and time with it');

done_testing();

###############################################################################

sub status {
    my $json = $t->json('/status') or return undef;
    return $json->{streams}[0];
}

sub read_until {
    my ($c, $flv, $code) = @_;

    until ($code->()) {
        my $bytes = $c->read_bytes(1, 15);
        die "the stream has ended\n" unless length $bytes;
        $flv->add($bytes . $c->read_bytes(length $c->{buf}));
    }
}

###############################################################################
