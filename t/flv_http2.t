#!/usr/bin/perl

# Copyright (C) nginx-live authors

# FLV over TLS and over HTTP/2: whole, byte for byte the same tags, with the
# right count in the access log; players that go or stall.

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
Test::NginxLive->need_program(qw/ ffmpeg ffprobe curl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 1s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format live "$status $body_bytes_sent $server_protocol";
             server { listen 127.0.0.1:%%PORT_http%%;
             listen 127.0.0.1:%%PORT_https%% ssl http2;
             ssl_certificate %%CERT%%;
             ssl_certificate_key %%KEY%%;
             location /flv/ {
                 live_flv;
                 access_log %%DIR%%/flv.log live;
             }
             location /slow/ {
                 live_flv;
                 live_flv_send_timeout 1s;
             }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), rate => '1500k', size => '640x360');

wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

my $url = 'https://127.0.0.1:' . $t->port('https') . '/flv/live/a.flv';

# several players of each kind at the same time

my %players;

for my $proto (qw/ http1.1 http2 /) {
    for my $n (1 .. 4) {
        $players{"$proto $n"} = spawn(out => $t->path("$proto-$n.flv"),
            cmd => [ 'curl', '-s', '-S', '-k', "--$proto", $url ]);
    }
}

wait_for(sub { status()->{viewers}{flv} == 8 }, 10, 'players');

my $frames = status()->{tracks}[0]{frames};
wait_for(sub { status()->{tracks}[0]{frames} > $frames + 90 }, 10, 'frames');

# one that goes

$players{'http2 4'}->stop;
wait_for(sub { status()->{viewers}{flv} == 7 }, 5, 'player to go');

$pub->stop;

my @expected;

for my $name (sort keys %players) {
    my $rc = $players{$name}->wait(10);
    (my $file = $t->path("$name.flv")) =~ s/ (\d\.flv)$/-$1/;

    my $flv = Test::NginxLive::FLV->new->add(slurp($file));
    my @video = $flv->frames('video');

    if ($name eq 'http2 4') {
        ok(@video > 30, "$name: left");
        next;
    }

    is($rc, 0, "$name: ends cleanly");
    is($flv->rest, 0, "$name: whole tags");

    # all have the same frames, each from its own key frame on

    my %of = map { $_->{time} => $_->{data} } @video;

    @expected = @video unless @expected;

    my @common = grep { $_->{time} >= $video[0]{time} } @expected;
    my @wrong = grep { ($of{$_->{time}} // '') ne $_->{data} } @common;

    ok(@common > 60 && !@wrong, "$name: the frames of the others");
}

# the log

my @lines = wait_for(sub {
    my @l = split(/\n/, slurp($t->path('flv.log')));
    @l == 8 ? \@l : undef
}, 5, 'access log');

my %logged = map { (split(' ', $_))[1, 0] } @{$lines[0]};

for my $name (grep { $_ ne 'http2 4' } sort keys %players) {
    (my $file = $t->path("$name.flv")) =~ s/ (\d\.flv)$/-$1/;
    is($logged{-s $file}, 200, "$name: logged with its bytes");
}

# players that do not read: curl is stopped

$pub = publish($t->rtmp('live/a'), rate => '6000k', size => '1280x720');
wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

my @stalled = map { spawn(cmd => [ 'curl', '-s', '-k', "--$_", '-o',
    '/dev/null', 'https://127.0.0.1:' . $t->port('https')
    . '/slow/live/a.flv' ]) } qw/ http1.1 http2 /;

wait_for(sub { status()->{viewers}{flv} == 2 }, 10, 'players');
$_->signal('STOP') for @stalled;

wait_for(sub { status()->{viewers}{flv} == 0 }, 30, 'players to be closed');
pass('stalled players are closed');

is(scalar($t->log_lines(qr/client timed out/)), 2, 'logged');

$_->kill for @stalled;

done_testing();

###############################################################################

sub status {
    my $json = $t->json('/status') or return undef;
    return $json->{streams}[0];
}

###############################################################################
