#!/usr/bin/perl

# Copyright (C) nginx-live authors

# LL-HLS over HTTP/2 and TLS, as Apple's players want it: many blocked requests
# on one connection, answered when their parts come; how many of them may wait.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media parse_multi /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg curl nghttp /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 1s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 6s;
             application live { }
             application few { hls_waiters 100 6; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format hls "$status $server_protocol $connection $request_uri";
             server {
                 listen 127.0.0.1:%%PORT_http%%;
                 listen 127.0.0.1:%%PORT_https%% ssl http2;
                 ssl_certificate %%CERT%%;
                 ssl_certificate_key %%KEY%%;
                 access_log %%DIR%%/hls.log hls;
                 location /hls/ { live_hls; }
             }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $pub2 = publish($t->rtmp('few/a'), gop => 30, audio => 0);

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
my $few = Test::NginxLive::HLS->new($t, 'few/a');

$_->multi for $hls, $few;

# the same over HTTP/2 as over HTTP/1.1

my $multi = curl('--http2', https($hls->path('index.m3u8')));

is($multi->{status}, 200, 'multivariant playlist');
is($multi->{version}, 2, 'over HTTP/2');
is(parse_multi($multi->{body})->{session}, $hls->session, 'of the session');

my $list = $hls->list('v0');
my $seg = $hls->file($list->{segments}[-1]{uri});

ok(curl('--http2', https($hls->path($seg)))->{body} eq $hls->get($seg)->{body},
    'a segment from its file');

my $part = $hls->file($list->{segments}[-1]{parts}[0]{uri});
ok(curl('--http2', https($hls->path($part)))->{body}
   eq $hls->get($part)->{body}, 'a part from memory');

my $r = curl('--http2', '-r', '10-19', https($hls->path($part)));
is($r->{status}, 206, 'a range');
ok($r->{body} eq substr($hls->get($part)->{body}, 10, 10), 'its bytes');

is(curl('--http2', https($hls->path($hls->file('v0.m3u8?_HLS_msn=x'))))
   ->{status}, 400, 'a bad request');

# R19: blocked requests side by side on one connection: parts of this segment
# and of the next, the segment itself, of both renditions, and hints

$list = start();

my ($msn, @uris) = ($list->{open}{msn});

for my $track (qw/ v0 a1 /) {
    push @uris, map { "$track.m3u8?_HLS_msn=$_->[0]&_HLS_part=$_->[1]" }
        map { my $m = $_; map { [ $m, $_ ] } 0 .. 4 } $msn, $msn + 1;
    push @uris, map { "$track.m3u8?_HLS_msn=$_" } $msn, $msn + 1;
}

push @uris, map { "v0.m3u8?_HLS_msn=" . ($msn + 1) . "&_HLS_part=4&n=$_" }
    1 .. 60;
push @uris, $list->{hint}{uri};

my $dir = temp_dir();
my $n = 0;

my $res = run_command(timeout => 20, cmd => [ 'curl', '-s', '-S', '-k',
    '--http2', '--parallel', '--parallel-max', 200,
    map { ($_ ? '--next' : (), '-k', '--http2', '-o', "$dir/$_",
           https($hls->path($hls->file($uris[$_])))) } 0 .. $#uris ]);

is($res->{rc}, 0, 'curl --parallel') or diag($res->{err});

my @errors;

for my $i (0 .. $#uris) {
    my $text = slurp("$dir/$i");
    my ($track, $m, $p) = $uris[$i]
        =~ /^(\w+)\.m3u8\?_HLS_msn=(\d+)(?:&_HLS_part=(\d+))?/;

    if (!defined $m) {
        push @errors, "hint $uris[$i]" if $text ne $hls->bytes($uris[$i]);
        next;
    }

    my ($args) = $uris[$i] =~ /&(n=\d+)$/;
    my $l = parse_media($text, args => $args);
    my $has = $l->{open}{msn} > $m
              || defined $p && $l->{open}{msn} == $m
                 && @{$l->{open}{parts}} > $p;

    push @errors, map { "$uris[$i]: $_" } @{$l->{errors}};
    push @errors, "$uris[$i]: $l->{open}{msn}." . @{$l->{open}{parts}}
        unless $has;
}

is(join("\n", @errors), '', 'all got what they waited for');

my %connections;

$connections{$_->[2]}++ for logged('n=\d+', 60);

my ($most) = sort { $b <=> $a } values %connections;
cmp_ok($most, '>', 50, 'most of them on one connection');

# another client, that sends all of them at once

$list = start();
$msn = $list->{open}{msn} + 1;

@uris = map { https($hls->path($hls->file("v0.m3u8?_HLS_msn=$msn"
    . "&_HLS_part=2&_=all$_"))) } 1 .. 100;

my $watch = watch();
$res = run_command(timeout => 20, cmd => [ qw/ nghttp -n --no-verify-peer -s /,
                                           @uris ]);

is($res->{rc}, 0, 'nghttp');
cmp_ok($watch->(), '<', 3 * factor(), 'in time');

my @log = logged('_=all\d+', 100);

is(scalar(grep { $_->[0] == 200 } @log), 100, '100 blocked streams');
is(scalar(keys %{{ map { $_->[2] => 1 } @log }}), 1, 'of one connection');

# R16: a bound for each connection

$list = $few->reload($few->list('v0'));
$msn = $list->{open}{msn} + 1;

@uris = map { https($few->path($few->file("v0.m3u8?_HLS_msn=$msn&_=few$_"))) }
        1 .. 20;

run_command(timeout => 20, cmd => [ qw/ nghttp -n --no-verify-peer -s /,
                                    @uris ]);

my %status;

$status{$_->[0]}++ for logged('_=few\d+', 20);

is($status{200}, 6, 'as many as hls_waiters says for a connection');
is($status{503}, 14, 'the others are refused');

# ... in which those that are done do not count

for my $round (1 .. 2) {
    $list = $few->reload($few->list('v0'));

    @uris = map { https($few->path($few->file('v0.m3u8?_HLS_msn='
        . "$list->{hint}{msn}&_=round$round$_"))) } 1 .. 6;
    run_command(timeout => 20, cmd => [ qw/ nghttp -n --no-verify-peer -s /,
                                        @uris ]);

    is(scalar(grep { $_->[0] == 200 } logged("_=round$round\\d+", 6)), 6,
        'all of few');
}

# a player of the whole, with HTTP/2 where ffmpeg can, and TLS

my $out = $t->path('play.mp4');
my $play = play(https($hls->path('index.m3u8')), duration => 3, out => $out,
                input => [ '-tls_verify', 0 ]);

$play->wait(30);
ok(decodes($out), 'ffmpeg plays over TLS');

my %codecs = map { $_->{codec_name} => 1 } @{ffprobe($out)->{streams}};
is_deeply([ sort keys %codecs ], [ qw/ aac h264 / ], 'picture and sound');

done_testing();

###############################################################################


sub https {
    my ($path) = @_;
    return 'https://127.0.0.1:' . $t->port('https') . $path;
}


# What the access log says of requests whose arguments end like that, once
# there are so many: status, protocol and connection.

sub logged {
    my ($re, $n) = @_;
    my @found;

    wait_for(sub {
        @found = map { [ split(' ', $_) ] }
            grep { /^\d+ HTTP\/2\.0 .*[?&]$re$/ }
            split(/\n/, slurp($t->path('hls.log')));
        @found >= $n;
    }, 5, "$n requests of $re in the log");

    return @found;
}


# A playlist in which a segment has just begun.

sub start {
    my $list = $hls->list('v0');

    return $hls->list('v0', query => [ '_HLS_msn='
        . ($list->{open}{msn} + 1) . '&_HLS_part=0' ]);
}

###############################################################################
