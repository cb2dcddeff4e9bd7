#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Requests to a room of two nodes: polls, histories, POST and webhooks wait until
# the room is open, and until what they say is in it; for redis_timeout at most.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/ hmac_sha256_hex /;
use JSON::PP;
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::HTTP;
use Test::NginxLive::Redis;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');
my $secret = 'whsec_' . 's' x 32;
spit("$dir/whsec", "$secret\n");

my $timeout = 2 * factor();
my $redis = Test::NginxLive::Redis->new->start;
my $one = node('a');
my $two = node('b');

# POST: the id is that of the stream, and is known at the other node

my @said = map { post($one, 'r', 'xena', type => 'message', text => "m$_") }
    1 .. 5;
is(scalar(grep { $_->{status} == 200 } @said), 5, 'said by POST');
is_deeply([ map { body($_)->{id} } @said ], stream('r'), 'the ids of the stream');

# a poll that resumes at a node which does not know the room yet

my $poll = $one->json('/chat/live/r');
is(scalar @{$poll->{messages}}, 5, 'polled');

my $m = $two->json("/chat/live/r?cursor=$poll->{messages}[1]{cursor}");
is($m->{resumed}, JSON::PP::true, 'resumed at the other node');
is_deeply([ map { $_->{text} } @{$m->{messages}} ], [ qw/ m3 m4 m5 / ],
    'with what was missed');

# one that waits there hears what is said by POST here

my $c = $two->client;
$c->request("/chat/live/r?cursor=$m->{cursor}");
my $r = post($one, 'r', 'xena', type => 'message', text => 'm6');
$m = body($c->response);
is($m->{messages}[0]{id}, body($r)->{id}, 'a poll at the other node');
$c->close;

# histories

post($one, 'h', 'xena', type => 'message', text => 'h1');
is($two->json('/chat/live/h?from=2000-01-01T00:00:00Z')->{messages}[0]{text}, 'h1',
    'by time, at a node that does not know the room');

$r = tip($one, 't', 'k1');
is_deeply([ body($r)->{id} ], stream('t'), 'a tip has the id of the stream');
is($two->json('/chat/live/t?tips')->{tips}[0]{amount}, 500,
    'tips at a node that does not know the room');
repeated(tip($two, 't', 'k1'), 'the key is known there');

# what it does not know yet counts: a ban, a key

is(post($one, 'b', 'mona', type => 'moderate', action => 'ban',
    target => 'yuri')->{status}, 200, 'a ban');
$r = post($two, 'b', 'yuri', type => 'message', text => 'hi');
is($r->{status}, 429, 'holds at a node that does not know the room');
like($r->{body}, qr/banned/, 'as such');

tip($one, 'k', 'k2');
repeated(tip($two, 'k', 'k2'), 'and so does the key of a tip');

# webhooks

$r = stripe($one, 'w', 'evt_1');
is_deeply([ body($r)->{id} ], stream('w'), 'a payment has the id of the stream');
repeated(stripe($two, 'w', 'evt_1'), 'which counts once at all nodes');

# two nodes at once: none of them knows of the other's

$_->json('/chat/live/s') for $one, $two;

$redis->freeze;

my @clients = map { $_->client } $one, $two;
$_->request(post_of('s', 'shop', 'server', tip_of('k3'))) for @clients;
waiting($_, 1) for $one, $two;
ok(!$_->readable, 'no answer before Redis has') for @clients;

$redis->thaw;

my @answers = sort map { join(',', keys %{body($_->response)}) } @clients;
is_deeply(\@answers, [ 'id', 'repeated' ], 'one of two nodes has counted it');
$_->close for @clients;

# clients that go

$redis->freeze;

my $mark = $one->log_mark;

@clients = map { $one->client } 1 .. 3;
$clients[0]->request(post_of('s', 'xena', 'viewer', type => 'message',
    text => 'gone'));
waiting($one, 1);
$clients[1]->request('/chat/live/new');
$clients[2]->request(post_of('new', 'xena', 'viewer', type => 'message',
    text => 'not said'));
wait_for(sub { $one->json('/status')->{chat}{rooms} == 8 }, 5, 'the new room');
$_->close for @clients;
wait_for(sub { $one->log_lines(qr/prematurely closed/, $mark) == 3 }, 5,
    'clients that are gone');

$redis->thaw;

$m = $one->json('/chat/live/new');
is(scalar @{$m->{messages}}, 0, 'who has gone has said nothing in a new room');
wait_for(sub { grep { $_->{text} && $_->{text} eq 'gone' }
    @{$two->json('/chat/live/s')->{messages}} }, 5, 'what was said');
pass('but in one that was open');

# without Redis: nobody waits longer than its timeout

$redis->stop;

my $start = time();

@clients = ($one->client, $one->client, $two->client);
$clients[0]->request(post_of('s', 'xena', 'viewer', type => 'message',
    text => 'alone'));
$clients[1]->request(post_of('alone', 'xena', 'viewer', type => 'message',
    text => 'alone'));
$clients[2]->request('/chat/live/other');

my ($said, $new, $other) = map { $_->response } @clients;
$_->close for @clients;

cmp_ok(time() - $start, '<', 2 * $timeout, 'answers without Redis');
is($said->{status}, 200, 'said in a room that was open');
is($one->json('/chat/live/s')->{messages}[-1]{id}, body($said)->{id},
    'by the id that it has there');
is($new->{status}, 200, 'in a new room');
is(scalar @{body($other)->{messages}}, 0, 'a poll of one');

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 16m; token_key " . $keys->dir . ";
                 redis unix:@{[ $redis->socket ]};
                 redis_timeout @{[ int($timeout * 1000) ]}ms;
                 application live { play any; }",
        http => 'live_chat_rate off; live_chat_flush 10ms;
                 server { listen 127.0.0.1:%%PORT_http%% reuseport;
                     location /chat/ { live_chat; }
                     location = /stripe { live_chat_webhook stripe;
                         live_chat_webhook_secret ' . "$dir/whsec" . '; }
                     location /status { live_status; } }'
    )->start;
}


sub post_of {
    my ($room, $sub, $role, %what) = @_;

    my $token = $keys->token('HS256', sub => $sub, stream => 'live/*',
        role => $role);

    return ("/chat/live/$room?token=$token", method => 'POST',
        body => JSON::PP->new->utf8->canonical->encode(\%what));
}


sub post {
    my ($node, $room, $sub, %what) = @_;

    return $node->get(post_of($room, $sub,
        $sub eq 'mona' ? 'moderator' : 'viewer', %what));
}


sub tip_of {
    my ($key) = @_;
    return (type => 'tip', amount => 500, currency => 'EUR', key => $key);
}


sub tip {
    my ($node, $room, $key) = @_;
    return $node->get(post_of($room, 'shop', 'server', tip_of($key)));
}


sub stripe {
    my ($node, $room, $id) = @_;
    my $time = int(time());

    my $event = JSON::PP->new->utf8->canonical->encode({ id => $id,
        object => 'event', type => 'checkout.session.completed',
        data => { object => { id => 'cs_1', payment_status => 'paid',
            amount_total => 777, currency => 'eur',
            metadata => { room => "live/$room", user => 'u-7' } } } });

    return $node->get('/stripe', method => 'POST', body => $event,
        headers => { 'Stripe-Signature' => "t=$time,v1="
            . hmac_sha256_hex("$time.$event", $secret) });
}


sub waiting {
    my ($node, $n) = @_;

    wait_for(sub { $node->json('/status')->{chat}{waiting} == $n }, 5,
        'what waits for Redis');
}


sub stream {
    my ($room) = @_;

    return [ map { $_->[0] }
        @{$redis->command('XRANGE', "nl:{chat}:room:live/$room", '-', '+')} ];
}


sub repeated {
    my ($r, $what) = @_;
    is("$r->{status} $r->{body}", '200 {"repeated":true}', $what);
}


sub body { return JSON::PP::decode_json($_[0]{body}) }

###############################################################################
