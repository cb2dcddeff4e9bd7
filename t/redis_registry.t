#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The registry: what runs on which node, for as long as it does.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);
Test::NginxLive->need_program(qw/ redis-server ffmpeg /);

my $redis = Test::NginxLive::Redis->new->start;


sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 16m;
                 redis unix:@{[ $redis->socket ]};
                 redis_timeout 500ms; redis_connect_timeout 500ms;
                 application live { publish any; reconnect 3s; }",
        stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%%;
                 location /status { live_status; } }'
    )->start;
}

sub entry { my $r = $redis->command('HGETALL', $_[0]); return { @$r } }

sub ttl { $redis->command('PTTL', $_[0]) }

my %small = (fps => 25, gop => 25, rate => '200k', size => '160x90',
             audio => 44100);

# two nodes

my $a = node('a');
my $b = node('b');

for my $name (qw/ a b /) {
    my $e = wait_for(sub { my $e = entry("nl:node:{$name}"); %$e && $e }, 10,
        "node $name");
    is($e->{streams}, 0, "node $name");
    like($e->{version}, qr/^\d+\.\d+/, 'its version');
}

my $start = time();
my $pub = publish($a->rtmp('live/one'), %small);

my $e = wait_for(sub {
    my $e = entry('nl:stream:{live/one}');
    ($e->{tracks} // '') =~ /,/ && $e
}, 10, 'the entry');

is($e->{node}, 'a', 'node');
is($e->{state}, 'live', 'state');
is($e->{door}, 'rtmp', 'door');
like($e->{tracks}, qr/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/i, 'tracks');
is($e->{session}, $a->json('/status')->{streams}[0]{session}, 'session');
cmp_ok(abs($e->{start} / 1000 - $start), '<', 5 * factor(), 'start');

# renewed

my ($low, $high) = (9000, 0);
my $renewed = 0;
my $last = 0;

wait_for(sub {
    my $ttl = ttl('nl:stream:{live/one}');
    $low = $ttl if $ttl < $low;
    $high = $ttl if $ttl > $high;
    $renewed++ if $ttl > $last + 500;
    $last = $ttl;
    $renewed >= 3
}, 15, 'renewals');

cmp_ok($low, '>', 3000, "never close to its end ($low ms)");
cmp_ok($high, '<=', 9000, "nine seconds at most ($high ms)");

# a Redis that knows nothing

$redis->stop->start;
wait_for(sub { entry('nl:stream:{live/one}')->{node} }, 5, 'the entry again');
wait_for(sub { entry('nl:node:{a}')->{version} }, 5, 'the node again');
pass('told again after a restart of Redis');
is($a->json('/status')->{streams}[0]{state}, 'live', 'the stream went on');
is($a->json('/status')->{streams}[0]{publisher}{count}, 1, 'undisturbed');

# the worker that owns it leaves: another has it, or the old one goes on

$a->reload;
$redis->command('DEL', 'nl:stream:{live/one}');
wait_for(sub { entry('nl:stream:{live/one}')->{node} }, 10, 'after reload');
pass('renewed after a reload');

# the same on another node: the last one has it

my $pub2 = publish($b->rtmp('live/one'), %small);

wait_for(sub { entry('nl:stream:{live/one}')->{node} eq 'b' }, 10,
    'the other node');
$a->wait_log(qr/stream "live\/one" is published on node "b" too/);
pass('who came last has it');

my $n = 0;
$last = 0;

wait_for(sub {
    my $ttl = ttl('nl:stream:{live/one}');
    $n++ if $ttl > $last + 500;
    $last = $ttl;
    die 'taken back' if entry('nl:stream:{live/one}')->{node} ne 'b';
    $n == 3
}, 15, 'renewals');

is(scalar($a->log_lines(qr/is published on node/)), 1, 'said once');

# its publisher leaves

$pub2->stop;
wait_for(sub { entry('nl:stream:{live/one}')->{state} eq 'waiting' }, 5,
    'waiting');
pass('waiting for its publisher');

wait_for(sub { (entry('nl:stream:{live/one}')->{node} // '') eq 'a' }, 10,
    'the first one');
pass('ended there: it is that of the first one again');

$pub->stop;
wait_for(sub { !%{entry('nl:stream:{live/one}')} }, 4, 'end of the entry');
pass('the entry ends with the stream');

# a node dies

publish($b->rtmp('live/two'), %small);
wait_for(sub { entry('nl:stream:{live/two}')->{node} }, 10, 'entry');

my @pids = ($b->pid, $b->workers);
kill('KILL', @pids);
my $died = time();
$b->{proc}->wait;

wait_for(sub {
    !%{entry('nl:stream:{live/two}')} && !%{entry('nl:node:{b}')}
}, 11, 'the entries to end');

my $took = time() - $died;
note(sprintf('the entries of a dead node were gone after %.2f s', $took));
cmp_ok($took, '<', 10, 'entries of a dead node disappear');

done_testing();
