#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Reloads while ffmpeg publishes and plays: no frame is lost, new players get
# a picture at once, old workers go.  Then the publisher's worker is killed:
# a player in the other one goes on when the encoder is back.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; play any; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 15);
$t->wait_log(qr/"live\/a" started/, 15);

my $file = $t->path('a.flv');
my $player = play($t->rtmp('live/a'), out => $file);
wait_for(sub { -s $file }, 15, 'the player');

# players in both workers of the first generation

my %raw;

for (1 .. 100) {
    my $c = client();
    my $pid = wait_for(sub { $t->worker_of_port($c->local_port) }, 5,
        'a worker');

    if (!$raw{$pid}) {
        $c->play('live', 'a');
        $raw{$pid} = $c;
    }

    last if keys %raw == 2;
}

my %last;
my $lost = 0;

for my $n (1 .. 10) {
    $t->reload;

    my $c = client();
    my $watch = watch();
    my $took;

    my $ok = eval {
        $c->play('live', 'a');
        picture($c);
        $took = $watch->();
        1;
    };

    ok($ok && $took < 1, "reload $n: a new player has a picture in a second")
        or diag($@ || $took);
    $c->close;

    read_on($_) for values %raw;

    my @old = $t->old_workers;
    cmp_ok(scalar(@old), '<=', 2, "reload $n: old workers with clients only");
}

is($lost, 0, 'no frame was lost in either worker');
ok($pub->alive, 'the publisher goes on');
ok($player->alive, 'the player goes on');

# the players of old workers leave, then the publisher

$_->close for values %raw;
$player->stop;

wait_for(sub { ($t->old_workers) <= 1 }, 10, 'an old worker less');
ok(1, 'only the publisher keeps an old worker');

my @packets = video_packets($file);
my @gaps = grep { $_ > 0.05 || $_ <= 0 }
    map { $packets[$_]{pts_time} - $packets[$_ - 1]{pts_time} } 1 .. $#packets;
is("@gaps", '', 'no gap in what ffmpeg has played');
ok(decodes($file), 'which decodes');

$pub->stop;
wait_for(sub { !$t->old_workers }, 10, 'the end of the last old worker');
ok(1, 'no old worker is left');

# an encoder that reconnects, as a shell would let it

my $url = $t->rtmp('live/k');
my $encoder = spawn(cmd => [ 'sh', '-c', 'while :; do ffmpeg "$@"; sleep 0.2; '
    . 'done', 'sh', encoder_args(gop => 15), '-f', 'flv', $url ]);

$t->wait_log(qr/"live\/k" started/, 15);

my $victim = owner('live/k');
my $c;

for (1 .. 200) {
    $c = client();
    my $pid = wait_for(sub { $t->worker_of_port($c->local_port) }, 5,
        'a worker');
    last if $pid != $victim;
    $c->close;
}

$c->play('live', 'k');
my $before = picture($c);

my $mark = $t->log_mark;
$t->kill_worker($victim);
$t->wait_log(qr/"live\/k" continues/, 20, $mark);

# frames until one of the new encoder arrives, by time

$c->{timeout} = 20;

my $after = $before;
my ($max, $back) = (0, 0);

for (1 .. 200) {
    my $m = picture($c);
    my $step = $m->{time} - $after->{time};

    $back++ if $step <= 0;
    $max = $step if $step > $max;
    $after = $m;
}

is($back, 0, 'times increase');
ok($after->{time} > $before->{time}, 'the player goes on');
cmp_ok($max, '>', 100, 'after a gap');
cmp_ok($max, '<', 10000, 'that is as long as the encoder was away');

$encoder->kill;
$c->close;

done_testing();

###############################################################################

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}


sub picture {
    my ($c) = @_;

    return $c->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
    });
}


# Reads what has come, at least ten frames, and counts what is missing.

sub read_on {
    my ($c) = @_;

    for (1 .. 10) {
        my $m = picture($c);

        $lost++ if defined $last{$c} && ($m->{time} <= $last{$c}
                                         || $m->{time} - $last{$c} > 50);
        $last{$c} = $m->{time};
    }
}


sub video_packets {
    my ($name) = @_;

    return grep { $_->{codec_type} eq 'video' }
        @{ffprobe($name, packets => 1)->{packets}};
}


# The worker with the publisher, from the log.

sub owner {
    my ($name) = @_;

    my ($line) = $t->log_lines(qr/"\Q$name\E" started/);
    return $line =~ / (\d+)#/ ? $1 : undef;
}
