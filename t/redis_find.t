#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Each node can say where a stream is, whichever node has it: when it appears,
# goes over to another node, or its node dies.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Redis;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);
Test::NginxLive->need_program(qw/ redis-server /);

my $redis = Test::NginxLive::Redis->new->start;
my ($a, $b) = map { node($_) } qw/ a b /;

for my $t ($a, $b) {
    wait_for(sub { list($t) eq '' }, 10, 'an answer');
}

pass('nothing is there');
is($b->get('/registry/live/one')->{status}, 404, 'nor this one');

# it appears

my $one = publisher($a, 'one');

for my $t ($a, $b) {
    wait_for(sub { where($t, 'one') eq 'a' }, 5, 'one');
}

pass('both nodes know where it is');

my $e = $b->json('/registry/live/one');
is($e->{url}, 'http://a.example.org', 'how to reach its node');
is("$e->{application}/$e->{name}", 'live/one', 'its name');
is($e->{state}, 'live', 'state');
is($e->{door}, 'rtmp', 'door');
is($e->{session}, $a->json('/status')->{streams}[0]{session}, 'session');
like($e->{tracks}, qr/^avc1\./, 'tracks');
cmp_ok(abs($e->{start} / 1000 - time()), '<', 30, 'start');

my $r = $b->get('/registry/live/one');
is($r->{headers}{'content-type'}, 'application/json', 'type');
is($r->{headers}{'cache-control'}, 'no-store', 'not to be kept');
is($b->get('/registry/live/one', method => 'HEAD')->{status}, 200, 'HEAD');
is($b->get('/registry/live/one', method => 'POST')->{status}, 405, 'POST');

is($b->get("/registry/$_")->{status}, 404, $_)
    for 'live', 'live/', 'live/one/two', 'live/on%01e', 'li{}ve/one', 'other/x';

my $two = publisher($b, 'two');
my @many = map { publisher($a, "many$_") } 1 .. 12;
my $all = join(' ', sort 'one@a', 'two@b', map { "many$_\@a" } 1 .. 12);

for my $t ($a, $b) {
    wait_for(sub { list($t) eq $all }, 5, 'the list');
}

pass('the list has all');

$_->close for @many;
wait_for(sub { list($b) eq 'one@a two@b' }, 5, 'the end');
pass('those that have ended are not in it');

# it goes over to another node

my $again = publisher($b, 'one');
wait_for(sub { where($a, 'one') eq 'b' }, 5, 'the other node');
is(list($a), 'one@b two@b', 'who came last has it');
$again->close;
wait_for(sub { where($b, 'one') eq 'a' }, 5, 'the first node');
pass('and it returns');

# its node dies

my @pids = ($a->pid, $a->workers);
kill('KILL', @pids);
my $died = time();
$a->{proc}->wait;

is(where($b, 'one'), 'a', 'nobody knows at once');
wait_for(sub { where($b, 'one') eq '' && list($b) eq 'two@b' }, 11, 'the end');

my $took = time() - $died;
note(sprintf('the stream of a dead node was gone after %.2f s', $took));
cmp_ok($took, '<', 10, 'within ten seconds');

# without Redis

$redis->freeze;

for (1 .. 5) {
    my $c = $b->client;
    $c->request('/registry/live/two');
    $c->request('/registry/') if $_ == 5;
    $c->close;
}

is($b->get("/registry/$_")->{status}, 503, 'frozen') for '', 'live/two';

$redis->thaw;
wait_for(sub { eval { list($b) eq 'two@b' } }, 10, 'its return');

$redis->stop;
wait_for(sub { $b->get('/registry/live/two')->{status} == 503 }, 10, 'stopped');
is($b->get('/registry/')->{status}, 503, 'stopped');
$redis->start;
wait_for(sub { eval { where($b, 'two') eq 'b' } }, 10, 'its return');
pass('it has returned');

$b->{live} =~ s/redis unix:[^;]*/redis off/;
$b->reload;
is($b->get("/registry/$_")->{status}, 503, 'off') for '', 'live/two';

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 64m;
                 redis unix:@{[ $redis->socket ]};
                 registry_url http://$name.example.org;
                 redis_timeout 500ms; redis_connect_timeout 500ms;
                 application live { publish any; reconnect 1s; }",
        stream => 'live_rtmp_timeout 1h;
                   server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%%;
                 location /registry/ { live_registry; }
                 location /status { live_status; } }'
    )->start;
}


sub publisher {
    my ($t, $name) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $c->publish('live', $name);
    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));

    return $c;
}


sub where {
    my ($t, $name) = @_;

    my $r = $t->get("/registry/live/$name");

    return '' if $r->{status} == 404;
    die "status $r->{status}" if $r->{status} != 200;
    return JSON::PP::decode_json($r->{body})->{node};
}


sub list {
    my ($t) = @_;

    return join(' ', sort map { "$_->{name}\@$_->{node}" }
        @{($t->json('/registry/') // die 'no answer')->{streams}});
}
