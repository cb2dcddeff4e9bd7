#!/usr/bin/perl

# Copyright (C) nginx-live authors

# live_status says what is so, and docs/live.md names each of its fields and
# no others.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp http_live_flv /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'node here; zone main 32m streams=7;
             application live { publish any; reconnect 2s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location = /status { live_status; } }'
)->start;

my $r = $t->get('/status');

is($r->{status}, 200, 'status');
is($r->{headers}{'content-type'}, 'application/json', 'type');
is($r->{headers}{'cache-control'}, 'no-store', 'is not cached');
is($t->get('/status', method => 'HEAD')->{headers}{'content-length'},
    length $r->{body}, 'HEAD');
is($t->get('/status', method => 'POST')->{status}, 405, 'POST');

my $s = $t->json('/status');

is($s->{node}, 'here', 'node');
is($s->{generation}, 1, 'generation');
is($s->{zone}{name}, 'main', 'zone');
is($s->{zone}{size}, 33554432, 'its size');
is($s->{zone}{streams_max}, 7, 'its streams');
is_deeply($s->{streams}, [], 'no stream');

my $pub = publish($t->rtmp('live/a'), fps => 25, gop => 25, rate => '400k',
    size => '320x180', audio => 44100);

my $flv = $t->client;

wait_for(sub {
    $flv = $t->client;
    $flv->request('/flv/live/a.flv')->response(stream => 1)->{status} == 200
}, 20, 'a player');

$s = wait_for(sub {
    my $s = $t->json('/status');
    my $st = $s->{streams}[0];

    $st->{buffered} > 200 && $st->{viewers}{flv} == 1 && $s
}, 30, 'a stream');

my $st = $s->{streams}[0];

is($st->{application}, 'live', 'application');
is($st->{name}, 'a', 'name');
is($st->{state}, 'live', 'state');
like($st->{session}, qr/^[0-9a-f]{10,16}$/, 'session');
is($st->{publisher}{address}, '127.0.0.1', 'address');
is($st->{publisher}{door}, 'rtmp', 'door');
is($st->{publisher}{count}, 1, 'one publisher');
cmp_ok($st->{publisher}{connected}, '>', 2, 'connected');
cmp_ok($st->{uptime}, '>=', $st->{publisher}{connected}, 'uptime');
is($st->{dropped}, 0, 'no drops');
is($s->{zone}{sessions}, 2, 'sessions');
is($s->{zone}{streams}, 1, 'streams');
cmp_ok($s->{zone}{extents_free}, '<', $s->{zone}{extents}, 'extents');

my ($video) = grep { $_->{kind} eq 'video' } @{$st->{tracks}};
my ($audio) = grep { $_->{kind} eq 'audio' } @{$st->{tracks}};

like($video->{codec}, qr/^avc1\.42[0-9a-f]{4}$/i, 'codec of video');
is("$video->{width}x$video->{height}", '320x180', 'size');
ok(abs($video->{fps} - 25) < 4, 'frame rate') or diag($video->{fps});
ok(abs($video->{key_interval} - 1) < 0.01, 'key-frame interval');
cmp_ok($video->{bitrate}, '>', 100000, 'bit rate');
cmp_ok($video->{bitrate}, '<', 800000, 'of a second, not of all');
ok(abs($video->{time} - $video->{frames} / 25) < 0.3, 'time');
is($audio->{codec}, 'mp4a.40.2', 'codec of audio');
is($audio->{rate}, 44100, 'rate of audio');
is($audio->{channels}, 2, 'channels');

my $bytes = $video->{bytes} + $audio->{bytes};
cmp_ok($st->{bytes_in}, '>=', $bytes, 'bytes in');
cmp_ok($st->{bytes_in}, '<', $bytes * 1.1, 'which is the sum of the tracks');

# fields and documentation

my $docs = slurp(Test::NginxLive->top() . '/docs/live.md');
my ($section) = $docs =~ /^## Status\n(.*?)^## /ms;
my %docs;

# those of helpers are looked at where there are some

$section =~ s/^`helpers`\n.*?(?=^`|\z)//ms;
$section =~ s/`(?:helpers|source)`//g;

# other modules add objects of their own, if they are in use

$section =~ s/^`tokens`, `token_sessions`, `chat`, `sfu`\n.*?(?=^`|\z)//ms;

# names are what stands in backquotes before the explanation

for my $line (split(/\n/, $section)) {
    $docs{$1} = 1 while $line =~ /`([a-z_]+)`/g;
}

my %have;
fields($s);

for my $name (sort keys %have) {
    ok($docs{$name}, "$name is in docs/live.md");
}

my %values = map { $_ => 1 } qw/ live waiting ended video audio data hls /;

for my $name (sort keys %docs) {
    next if $values{$name};
    ok($have{$name}, "$name of docs/live.md is in the status");
}

# without a publisher

$pub->stop;

$st = wait_for(sub {
    my $st = $t->json('/status')->{streams}[0];
    $st->{state} eq 'waiting' && $st
}, 10, 'the stream to wait');

is($st->{tracks}[0]{bitrate}, 0, 'no bit rate');
is($st->{viewers}{flv}, 1, 'viewers stay');

wait_for(sub { !@{$t->json('/status')->{streams}} }, 10, 'the end');

$s = $t->json('/status');
is($s->{zone}{extents_free}, $s->{zone}{extents}, 'all extents are free');

done_testing();

###############################################################################

sub fields {
    my ($v) = @_;

    if (ref $v eq 'ARRAY') {
        fields($_) for @$v;

    } elsif (ref $v eq 'HASH') {
        for my $key (keys %$v) {
            $have{$key} = 1;
            fields($v->{$key});
        }
    }
}

###############################################################################
