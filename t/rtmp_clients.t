#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Real encoders and players: ffmpeg, librtmp, GStreamer; RTMP and RTMPS; on
# both workers; AAC, MP3, video or audio alone, B-frames.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::Process qw/ which /;
use Test::NginxLive::RTMP;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 128m; application live { publish any; play any; }',
    stream => 'log_format live "$live_action $live_app/$live_name '
              . '$live_args $status $bytes_received $bytes_sent";
               access_log %%DIR%%/live.log live;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }
               server { listen 127.0.0.1:%%PORT_rtmps%% ssl;
                        ssl_certificate %%CERT%%;
                        ssl_certificate_key %%KEY%%;
                        live_rtmp; }'
)->start;

my $rtmps = 'rtmps://127.0.0.1:' . $t->port('rtmps');

# ffmpeg publishes, others play

my $pub = publish($t->rtmp('live/a?token=x&y=1'), bframes => 2);
started('live/a');

for my $worker (1 .. 2) {
    my $file = $t->path("a$worker.flv");
    my $res = play($t->rtmp('live/a'), duration => 2, out => $file);

    is($res->wait(20), 0, "ffmpeg plays, $worker");
    check($file, 'h264', 'aac');
}

both_workers('live/a');

SKIP: {
    skip 'no rtmpdump', 5 unless which('rtmpdump');

    my $file = $t->path('dump.flv');
    my $dump = rtmpdump($t->rtmp('live/a'), stop => 6, out => $file);

    wait_for(sub { -s $file && -s $file > 90000 }, 15, 'a file of rtmpdump');
    $dump->stop('INT', 10);
    check($file, 'h264', 'aac');
}

SKIP: {
    skip 'no GStreamer', 5 unless gst('rtmp2src');

    my $file = $t->path('gst.flv');
    my $gst = spawn(cmd => [ 'gst-launch-1.0', '-q', 'rtmp2src', 'location='
        . $t->rtmp('live/a'), '!', 'filesink', 'buffer-mode=unbuffered',
        "location=$file" ]);

    wait_for(sub { -s $file && -s $file > 90000 }, 15, 'a file of rtmp2src');
    $gst->stop('INT', 10);
    check($file, 'h264', 'aac');
}

# RTMPS

my $secure = publish("$rtmps/live/s", bframes => 0, gop => 30);
started('live/s');

my $res = play("$rtmps/live/s", duration => 2, out => $t->path('s.flv'));
is($res->wait(20), 0, 'RTMPS is played');
check($t->path('s.flv'), 'h264', 'aac');

$res = play("$rtmps/live/a", duration => 2, out => $t->path('s2.flv'));
is($res->wait(20), 0, 'what was published by RTMP is played by RTMPS');
check($t->path('s2.flv'), 'h264', 'aac');

$secure->stop;

# other contents

my %content = (
    mp3 => [ [ acodec => 'libmp3lame', audio => 44100, arate => '128k' ],
             qw/ h264 mp3 / ],
    video => [ [ audio => 0 ], 'h264' ],
    audio => [ [ video => 0 ], 'aac' ]
);

for my $name (sort keys %content) {
    my ($args, @codecs) = @{$content{$name}};

    my $p = publish($t->rtmp("live/$name"), @$args);
    started("live/$name");

    my $file = $t->path("$name.flv");
    $res = play($t->rtmp("live/$name"), duration => 2, out => $file);

    is($res->wait(20), 0, "$name is played");
    check($file, @codecs);
    $p->stop;
}

# other encoders

SKIP: {
    skip 'no rtmp2sink', 6 unless gst('rtmp2sink');
    gst_publish('rtmp2sink', 'g2', '');
}

SKIP: {
    skip 'no rtmpsink', 6 unless gst('rtmpsink');
    gst_publish('rtmpsink', 'g1', ' live=1');
}

# the access log

$pub->stop;

wait_for(sub { slurp($t->path('live.log')) =~ m{^publish live/a}m }, 5,
    'the access log');

my $log = slurp($t->path('live.log'));

my ($in, $out) = $log =~ m{^publish live/a token=x&y=1 200 (\d+) (\d+)$}m;
cmp_ok($in, '>', 100000, 'bytes of the publisher');
cmp_ok($out, '>', 3073, 'and what it was sent');

($in, $out) = $log =~ m{^play live/a - 200 (\d+) (\d+)$}m;
cmp_ok($in, '>', 3073, 'bytes of a player');
cmp_ok($out, '>', 50000, 'and what it was sent');

done_testing();

###############################################################################

sub started {
    my ($name) = @_;
    $t->wait_log(qr/live stream "\Q$name\E" started/, 15);
}


sub gst {
    my ($element) = @_;

    return which('gst-inspect-1.0')
           && run_command(cmd => [ 'gst-inspect-1.0', $element ])->{rc} == 0;
}


# Five tests: tracks, key frame first, times, and that it decodes.

sub check {
    my ($file, @codecs) = @_;

    my $info = ffprobe($file, packets => 1);
    my ($name) = $file =~ m{([^/]+)$};

    is("@{[ sort map { $_->{codec_name} } @{$info->{streams}} ]}",
        "@{[ sort @codecs ]}", "$name: tracks");

    my ($video) = grep { $_->{codec_type} eq 'video' } @{$info->{streams}};
    my $first = $video // $info->{streams}[0];
    my @packets = grep { $_->{stream_index} == $first->{index} }
        @{$info->{packets}};

    like($packets[0]{flags}, qr/^K/, "$name: begins with a key frame");
    cmp_ok(scalar(@packets), '>=', 40, "$name: packets");

    my @gaps = grep { $_ > 0.05 || $_ <= 0 }
        map { $packets[$_]{dts_time} - $packets[$_ - 1]{dts_time} }
        1 .. $#packets;
    is("@gaps", '', "$name: no gap");

    ok(decodes($file), "$name: decodes");
}


# A player of each worker gets a picture at once, whichever has the publisher.

sub both_workers {
    my ($name) = @_;

    my %seen;

    for (1 .. 50) {
        my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
        my $pid = $t->worker_of_port($c->local_port);
        my $watch = watch();

        $c->play('live', 'a');

        my $m = $c->wait_message(sub {
            $_[0]{type} == 9 && ord(substr($_[0]{body}, 1, 1)) == 1
        });

        my $took = $watch->();
        my $key = ord($m->{body}) == 0x17;

        $c->close;

        next if !$pid || $seen{$pid}++;

        ok($key, "worker $pid: a key frame first");
        cmp_ok($took, '<', 1, "worker $pid: at once");

        last if keys %seen == 2;
    }

    is(scalar(keys %seen), 2, 'both workers have players');
}


# Without a latency flvmux goes on when one of its inputs is late, and changes
# the times of what comes later.

sub gst_publish {
    my ($sink, $name, $args) = @_;

    my $p = spawn(cmd => [ 'gst-launch-1.0', '-q',
        qw{ videotestsrc is-live=true ! },
        'video/x-raw,width=320,height=180,framerate=30/1',
        qw{ ! x264enc tune=zerolatency key-int-max=30
            speed-preset=ultrafast bitrate=300 ! h264parse ! },
        qw{ flvmux name=mux streamable=true latency=2000000000 ! },
        $sink,
        "location=" . $t->rtmp("live/$name") . $args,
        qw{ audiotestsrc is-live=true ! avenc_aac ! aacparse ! mux. } ]);

    started("live/$name");

    my $file = $t->path("$name.flv");
    my $res = play($t->rtmp("live/$name"), duration => 2, out => $file);

    is($res->wait(20), 0, "what $sink publishes is played");
    check($file, 'h264', 'aac');
    $p->stop;
}
