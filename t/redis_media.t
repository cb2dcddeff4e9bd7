#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Media does not depend on Redis: while it is frozen, killed and restarted, a
# viewer's frames come as evenly as before, and no worker stands still.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp http_live_flv live_test /);
Test::NginxLive->need_program(qw/ redis-server ffmpeg /);

my $redis = Test::NginxLive::Redis->new->start;

my $t = Test::NginxLive->new(
    live => "zone live 16m; redis @{[ $redis->address ]};
             application live { publish any; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /flv/ { live_flv; }
             location /redis { live_test_redis; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), fps => 25, gop => 25, rate => '200k',
    size => '160x90', audio => 44100);

my $viewer;

wait_for(sub {
    $viewer = $t->client;
    $viewer->request('/flv/live/a.flv')->response(stream => 1)->{status} == 200
}, 20, 'viewer');

# the longest gap between two reads of the viewer, while something happens

sub longest_gap {
    my ($seconds, $code) = @_;

    my $select = IO::Select->new($viewer->sock);
    my $end = time() + $seconds;
    my ($last, $longest, $bytes) = (time(), 0, 0);

    while (time() < $end) {
        $code->() if $code;

        next unless $select->can_read(0.05);
        my $n = sysread($viewer->sock, my $buf, 65536);
        die "the viewer was disconnected" unless $n;

        $bytes += $n;
        my $now = time();
        $longest = $now - $last if $now - $last > $longest;
        $last = $now;
    }

    cmp_ok($bytes, '>', $seconds * 5000, 'frames come');

    return $longest;
}

sub entry { return { @{$redis->command('HGETALL', 'nl:stream:{live/a}')} } }

# commands wait all the time, as those of sessions would

my $asked = 0;
my @clients;

sub ask {
    return if time() - $asked < 0.2;
    $asked = time();

    my $c = $t->client;
    $c->request('/redis?cmd=PING&n=50');
    push @clients, $c;
    shift @clients if @clients > 20;
}

wait_for(sub { entry()->{node} }, 10, 'entry');

longest_gap(2);
my $normal = longest_gap(4, \&ask);
note(sprintf('with Redis the longest gap was %d ms', $normal * 1000));

$t->get('/redis?reset=1') for 1 .. 8;

for my $case ([ 'frozen', 'freeze', 'thaw' ], [ 'stopped', 'stop', 'start' ]) {
    my ($name, $off, $on) = @$case;

    $redis->$off;
    my $gap = longest_gap(6, \&ask);
    note(sprintf('%s: the longest gap was %d ms', $name, $gap * 1000));
    cmp_ok($gap, '<', $normal + 0.5 * factor(), "$name: no stutter");

    my $s = $t->json('/status');
    is($s->{streams}[0]{state}, 'live', 'the stream goes on');
    is($s->{streams}[0]{publisher}{count}, 1, 'with its publisher');
    is($s->{streams}[0]{dropped} + $s->{streams}[0]{skipped}, 0, 'no losses');

    $redis->$on;
    my $start = time();
    wait_for(sub { eval { entry()->{node} } }, 10, 'entry');
    my $took = time() - $start;
    note(sprintf('the registry was right again after %d ms', $took * 1000));
    cmp_ok($took, '<', 5 * factor(), 'state returns within five seconds');
}

my %stall;

wait_for(sub {
    my $r = $t->json('/redis');
    $stall{$r->{pid}} = $r->{stall};
    keys %stall == 2
}, 10, 'both workers');

for my $pid (sort keys %stall) {
    note("the longest stall of worker $pid was $stall{$pid} ms");
    cmp_ok($stall{$pid}, '<', 200 * factor(), 'no worker stood still');
}

$_->close for $viewer, @clients;

done_testing();
