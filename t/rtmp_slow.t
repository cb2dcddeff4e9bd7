#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Players that do not keep up: moved to a key frame once, then closed; a
# message that was begun is completed; nobody else is harmed.  And what an
# ordinary player costs.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time sleep /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; buffer 2s;
                                               buffer_size 16m; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%% sndbuf=16k; live_rtmp; }
               server { listen 127.0.0.1:%%PORT_stall%% sndbuf=16k; live_rtmp;
                        live_rtmp_send_timeout 1s; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; } }'
)->start;

my $pub = client();
$pub->publish('live', 'a');
$pub->set_chunk_size(65536);
$pub->video(0, avc_config());
$pub->audio(0, aac_config());

my $time = 0;
media(1);

my $good = client();
$good->play('live', 'a');

# one that reads again after it was moved

my $slow = client(rcvbuf => 4096);
$slow->play('live', 'a');
$slow->wait_message(sub { $_[0]{type} == 9 });

my $mark = $t->log_mark;

until ($t->log_lines(qr/moved to a key frame/, $mark)) {
    media(1);
    drain($good, 1);
}

ok(1, 'a slow player is moved to a key frame');

my $skipped = 0;
my $last;
my $inter = 0;

eval {
    for (1 .. 2000) {
        my $m = $slow->wait_message(sub { 1 });
        next if $m->{type} != 9 || ord(substr($m->{body}, 1)) != 1;

        is(length $m->{body}, unpack('N', substr($m->{body}, 5)) + 9,
            'a whole message') || last
            if length $m->{body} != unpack('N', substr($m->{body}, 5)) + 9;

        if (defined $last && $m->{time} - $last > 40) {
            $skipped++;
            $inter++ if ord($m->{body}) != 0x17;
            last;
        }

        $last = $m->{time};
    }
};

is($@, '', 'it gets whole messages');
is($skipped, 1, 'the skip is there');
is($inter, 0, 'and ends at a key frame');

ok(eval { $slow->wait_message(sub { $_[0]{time} >= $time - 40 }) },
    'it catches up');

# so it may be slow again

$mark = $t->log_mark;

until ($t->log_lines(qr/player is too slow/, $mark)) {
    media(1);
    drain($good, 1);
}

ok($t->log_lines(qr/moved to a key frame/, $mark), 'and is moved again');
$slow->close;

# one that never reads again

my $dead = client(rcvbuf => 4096);
$dead->play('live', 'a');
$dead->wait_message(sub { $_[0]{type} == 9 });
$mark = $t->log_mark;

my $drain = 0;

until ($t->log_lines(qr/closing RTMP connection: player is too slow/, $mark)) {
    media(1);
    drain($good, 1);
    last if ++$drain > 500;
}

ok($t->log_lines(qr/moved to a key frame/, $mark), 'a dead player is moved');
ok($t->log_lines(qr/closing RTMP connection: player is too slow/, $mark),
    'and closed when it is too slow again');

# one that takes nothing for "live_rtmp_send_timeout"

$mark = $t->log_mark;
my $stalled = client(rcvbuf => 4096, port => $t->port('stall'));
$stalled->play('live', 'a');
$stalled->wait_message(sub { $_[0]{type} == 9 });

for (1 .. 4) {
    media(1);
    drain($good, 1);
}

my $end = time() + 10;

while (time() < $end
       && !$t->log_lines(qr/client does not receive|timed out/, $mark))
{
    small();
    sleep(0.1);
}

ok($t->log_lines(qr/client does not receive|timed out/, $mark),
    'a stalled player is closed');

# the good one has missed nothing

is($good->{lost} // 0, 0, 'no frame of another player was lost');

my ($st) = @{$t->json('/status')->{streams}};
is($st->{dropped}, 0, 'no frame was dropped');
cmp_ok($st->{skipped}, '>=', 2, 'the skips are counted');

$_->close for $dead, $stalled;

# memory of 400 players, without that of the kernel

$good->close;
$pub->close;

$pub = client();
$pub->publish('live', 'm');
$pub->video(0, avc_config());
$pub->video(0, avc_frame(1, 500));

my @warm = map { my $c = client(); $c->play('live', 'm'); $c } 1 .. 20;
my $before = private();

my @players = map { my $c = client(); $c->play('live', 'm'); $c } 1 .. 400;
$pub->video(40, avc_frame(1, 500));
$_->wait_message(sub { $_[0]{type} == 9 && $_[0]{time} == 40 }) for @players;

my $each = (private() - $before) / 400;

SKIP: {
    skip 'sanitizers take memory of their own', 1 if $ENV{LIVE_SANITIZE};

    cmp_ok($each, '<=', 8, sprintf('%.1f KiB for a player', $each));
}

$_->close for $pub, @warm, @players;

done_testing();

###############################################################################

sub client {
    my (%opt) = @_;
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'), %opt);
}


# groups of one key frame and nine others, 4 Mbit in 400 ms of media time

sub media {
    my ($n) = @_;

    for my $i (0 .. $n * 10 - 1) {
        $pub->video($time, avc_frame($i % 10 == 0, $i % 10 ? 10000 : 60000));
        $pub->audio($time, aac_frame(100));
        $time += 40;
    }
}


sub small {
    $pub->video($time, avc_frame(1, 2000));
    $time += 40;
}


sub drain {
    my ($c, $n) = @_;

    for (1 .. $n * 10) {
        my $m = $c->wait_message(sub {
            $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
        });

        $c->{lost}++ if defined $c->{last} && $m->{time} - $c->{last} != 40;
        $c->{last} = $m->{time};
    }
}


sub private {
    my $sum = 0;
    $sum += $t->memory($_)->{private} for $t->workers;
    return $sum;
}
