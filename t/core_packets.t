#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Packets of a track: cut from frames by the owner while somebody reads them,
# read in every worker byte for byte, found by number, through a takeover, a
# reload and the death of readers and of the owner.  Without readers there is
# no memory for them.

###############################################################################

use warnings;
use strict;

use Test::More;
use Digest::MD5 qw/ md5 md5_hex /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test /);

# the packets are the test module's own

my $t = Test::NginxLive->new(
    modules => [ grep { !/sfu/ } Test::NginxLive->built() ],
    live => 'zone live 16m; publish any; publish_conflict takeover;
             reconnect 3s;
             application live { buffer 2s; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'keepalive_requests 10000;
             server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /test { live_test; } }'
)->start;

my $extents = zone()->{extents_free};
my ($n, $slab, %md5) = (0);

# nobody wants packets

my $pub = publisher();
my $owner = worker_of($pub->local_port);

frames(10);
wait_for(sub { track(0)->{frames} == 11 }, 5, 'frames');
is_deeply(track(0)->{packets},
    { readers => 0, buffered => 0, memory => 0, dropped => 0 }, 'no packets');

# a reader in each worker: in the owner's, too

my ($here, $there) = clients($owner);

is(test($_, 'packets=live/a')->{frames}, 0, 'nothing to begin with')
    for $here, $there;
is(track(0)->{packets}{readers}, 2, 'two workers read');

# a reader begins with the newest key, which may be any of several

frames(1, 1);
complete($_, $n - 1) for $here, $there;

my @sent = frames(60);

for my $c ($here, $there) {
    my $r = complete($c, @sent);

    is($r->{gaps}, 0, 'no packet is missing');
    is($r->{broken}, 0, 'no frame is broken');
    is($r->{skips}, 0, 'nothing was skipped');
    is($r->{discont}, 1, 'one beginning');
    is_deeply([@{$r->{digests}}[-50 .. -1]], [map { $md5{$_} } @sent[-50 .. -1]],
        'all bytes');
}

# by number

my $r = test($there, 'packets=');
my $f = test($there, "find=$r->{last}");

is($f->{found}, $r->{last}, 'found by number');
is($f->{digest}, md5_hex(substr(body($sent[-1]), 0, 1200)), 'all bytes');

$f = test($there, "find=" . ($r->{last} - 5));
is($f->{found}, $r->{last} - 5, 'an older one');

ok(!exists test($there, "find=$_")->{found}, "nothing of number $_")
    for 0, 1, $r->{last} + 1000, $r->{last} + 1024, 4294967296 + $r->{last};

ok(track(0)->{packets}{memory} > 0, 'memory');
is(track(0)->{packets}{dropped}, 0, 'none was dropped');

# another track: all of it are keys

is(track(1)->{packets}{readers}, 0, 'a track nobody reads');

test($there, 'close=');
test($there, 'packets=live/a&track=1');

# the first one is what it begins with

for my $i (1 .. 20) {
    $pub->audio(40 * $n + $i, aac_frame(100 + $i));

    $r = wait_for(sub {
        my $r = test($there, 'packets=');
        $r->{frames} && $r
    }, 5, 'audio');
}

my $audio = md5_hex(aac_frame(120));

$r = wait_for(sub {
    my $r = test($there, 'packets=');
    $r->{digests}[-1] eq $audio && $r
}, 5, 'all of audio');

is($r->{frames}, 20, 'each of them is a key');
is($r->{gaps} + $r->{broken}, 0, 'no packet is missing');

wait_for(sub { track(0)->{packets}{readers} == 1 }, 5, 'one reader of video');

# without readers there is no memory

test($_, 'close=') for $here, $there;

wait_for(sub {
    my @p = map { track($_)->{packets} } 0, 1;
    !grep { $_->{readers} || $_->{memory} || $_->{buffered} } @p
}, 5, 'memory to be freed');

pass('memory is freed');

# another worker takes the stream over

test($_, 'packets=live/a') for $here, $there;
frames(1, 1);
my ($last) = map { complete($_, $n - 1) } $there, $here;

my $taken = $pub;
$pub = publisher($owner);
isnt($owner, worker_of($pub->local_port), 'another owner');
$owner = worker_of($pub->local_port);
ok($taken->closed, 'the old one gives up');

@sent = frames(30, 1);

for my $c ($here, $there) {
    $r = complete($c, @sent);
    is($r->{gaps} + $r->{broken}, 0, 'the ring goes on');
    is($r->{discont}, $last->{discont} + 1, 'with a discontinuity');
}

is(test($there, "find=$last->{last}")->{found}, $last->{last},
    'what was written before can be found');

# reload: the old worker writes, new ones read

$t->reload;

my @new = $t->workers;
my ($new, $other) = map { client_of($_) } @new;

test($new, 'packets=live/a');
frames(1, 1);
complete($new, $n - 1);
@sent = frames(30);

$r = complete($new, @sent);
is($r->{gaps} + $r->{broken}, 0, 'new worker: no packet is missing');
is_deeply([@{$r->{digests}}[-29 .. -1]], [map { $md5{$_} } @sent[-29 .. -1]],
    'all bytes');

# a reader's worker is killed: nothing is left of it

test($other, 'packets=live/a');
frames(3, 1);
complete($other, $n - 1);

# two new workers and the owner: the other old one has left

wait_for(sub { track(0)->{packets}{readers} == 3 }, 10, 'three readers');

$t->kill_worker($new[1]);

wait_for(sub { track(0)->{packets}{readers} == 2 }, 10, 'a reader less');
wait_for(sub { $t->workers == 2 }, 10, 'a new worker');

frames(3, 1);
complete($new, $n - 1);

# the owner is killed

$last = test($new, 'packets=');
my $mark = $t->log_mark;

$t->kill_worker($owner);
$t->wait_log(qr/live stream "live\/a" adopted/, 10, $mark);

$f = test($new, "find=$last->{last}");
is($f->{found}, $last->{last}, 'what it wrote can still be found');

$pub = publisher();
isnt(worker_of($pub->local_port), $owner, 'another owner');

@sent = frames(30, 1);
$r = complete($new, @sent);

is($r->{gaps}, 0, 'the ring goes on');
is($r->{broken}, 0, 'no frame is broken');
is($r->{discont}, $last->{discont} + 1, 'with a key and a discontinuity');
cmp_ok($r->{frames}, '>=', $last->{frames} + 30, 'frames');
is_deeply([@{$r->{digests}}[-29 .. -1]], [map { $md5{$_} } @sent[-29 .. -1]],
    'all bytes');

$f = test($new, "find=$r->{last}");
is($f->{digest}, md5_hex(substr(body($sent[-1]), 0, 1200)), 'found by number');

# the end: readers see it, and all memory comes back

$mark = $t->log_mark;
$pub->close;
$t->wait_log(qr/live stream "live\/a" ended/, 20, $mark);

wait_for(sub { !test($new, 'packets=')->{reading} }, 5, 'the reader to end');
wait_for(sub { zone()->{streams} == 0 }, 5, 'the end');

is(zone()->{extents_free}, $extents, 'all extents are free');

# once more: what is left of the slab is the same

for my $round (1 .. 3) {
    $mark = $t->log_mark;
    $pub = publisher();
    test($new, 'packets=live/a');
    frames(3, 1);
    complete($new, $n - 1);
    $pub->close;
    $t->wait_log(qr/live stream "live\/a" ended/, 20, $mark);
    wait_for(sub { zone()->{streams} == 0 }, 5, 'the end');

    $slab //= zone()->{slab_free};
    is(zone()->{slab_free}, $slab, 'slab memory');
}

done_testing();

###############################################################################

sub zone { $t->json('/status')->{zone} }

sub track {
    my ($id) = @_;
    return $t->json('/status')->{streams}[0]{tracks}[$id];
}

sub worker_of {
    my ($port) = @_;
    return wait_for(sub { $t->worker_of_port($port) }, 5, 'a worker');
}

sub client_of {
    my ($pid) = @_;

    for (1 .. 200) {
        my $c = $t->client;
        return $c if worker_of($c->sock->sockport) == $pid;
    }

    die "no client in worker $pid\n";
}

# of a worker, and of the other one

sub clients {
    my ($pid) = @_;
    my ($other) = grep { $_ != $pid } $t->workers;

    return (client_of($pid), client_of($other));
}

sub test {
    my ($c, $args) = @_;
    return JSON::PP::decode_json($c->get("/test?$args")->{body});
}

# not in this worker

sub publisher {
    my ($not) = @_;
    my $c;

    do {
        $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    } while ($not && worker_of($c->local_port) == $not);

    $c->publish('live', 'a');
    $c->video(40 * $n, avc_config());
    $c->audio(40 * $n, aac_config());

    $pub = $c;
    frames(1, 1);

    return $c;
}

# a frame of this number: of any size and content

sub body {
    my ($number) = @_;
    my $len = 2 + $number * 7919 % 6000;
    my $body = avc_frame(0, $len);

    substr($body, 10, $len - 1) = substr(join('', map { md5("$number $_") }
        0 .. $len / 16), 0, $len - 1);

    return $body;
}

# the first one may have to be a key frame, others are so now and then

sub frames {
    my ($count, $key) = @_;
    my @sent;

    for my $i (0 .. $count - 1) {
        my $body = body($n);

        $md5{$n} = md5_hex(frame($body, $n, $key && $i == 0));
        $pub->video(40 * $n, frame($body, $n, $key && $i == 0));

        push @sent, $n++;
    }

    return @sent;
}

sub frame {
    my ($body, $number, $key) = @_;

    substr($body, 0, 1) = "\x17" if $key || $number % 25 == 0;
    return $body;
}

# waits until a reader has seen the last one of these frames

sub complete {
    my ($c, @numbers) = @_;

    return wait_for(sub {
        my $r = test($c, 'packets=');
        @{$r->{digests}} && $r->{digests}[-1] eq $md5{$numbers[-1]} && $r
    }, 10, "frame $numbers[-1]");
}

###############################################################################
