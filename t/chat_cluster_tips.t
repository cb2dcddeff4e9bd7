#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Tips and polls of a room of two nodes: a key counts once, totals are those of
# all, also after a restart, and when Redis comes and goes; a user has one vote,
# and a poll one result.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Redis;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $redis = Test::NginxLive::Redis->new(args =>
    [ '--save', '', '--appendonly', 'yes', '--appendfsync', 'always' ])->start;

my @clients;
my ($one, $two) = (node('a'), node('b'));
my ($x, $y) = (client($one, 'xena'), client($two, 'yuri'));
my $shop = token('shop', 'server');

is($_->join->{room}{scope}, 'cluster', 'of the cluster') for $x, $y;

# totals are those of all nodes

tip($one, 500, 'k1');
is($_->wait('tip')->{total}, 500, 'a tip at one') for $x, $y;
tip($two, 20, 'k2');
is($_->wait('tip')->{total}, 520, 'and at the other') for $x, $y;

# a key counts once

is_deeply(tip($two, 500, 'k1'), { repeated => JSON::PP::true },
    'the other node knows the key');

tip($_, 7, 'both') for $one, $two;
tip($one, 1, 'mark');

my @x = until_total($x, 528);
my @y = until_total($y, 528);

is_deeply([ map { $_->{total} } @x ], [ 527, 528 ],
    'of two at once one is told');
is_deeply([ map { $_->{id} } @x ], [ map { $_->{id} } @y ],
    'the same at both nodes');

is($redis->command('HGET', 'nl:{chat}:room:live/a:meta', 'total EUR'), 528,
    'the total in Redis');
is($redis->command('ZCARD', 'nl:{chat}:room:live/a:tips'), 4, 'and keys');

# all nodes are restarted

leave();
$_->stop for $one, $two;
$redis->command('DEL', 'nl:{chat}:room:live/a');
$_->start for $one, $two;

($x, $y) = (client($one, 'xena'), client($two, 'yuri'));
is_deeply($_->join->{room}{totals}, { EUR => 528 }, 'after a restart')
    for $x, $y;

tip($two, 500, 'k1');
tip($two, 2, 'after');
is_deeply([ map { $_->{total} } until_total($x, 530) ], [ 530 ],
    'keys are known after a restart, too');
until_total($y, 530);

# a poll is one, whoever begins it, votes and ends it

my ($m, $n) = (client($one, 'mona', 'moderator'),
    client($two, 'nora', 'moderator'));
$_->join for $m, $n;

ask($_) for $m, $n;
my $poll = $x->wait('poll');
is($y->wait('poll')->{id}, $poll->{id}, 'of two polls at once one is told');

is($x->refused(type => 'vote', option => 0), undef, 'a vote at one');
is($y->refused(type => 'vote', option => 1), undef, 'and at the other');
votes($_, 1, 1) for $x, $y;

my $again = client($two, 'xena');
is($again->join->{room}{poll}{voted}, 0, 'the other node knows of it');
is($again->refused(type => 'vote', option => 1), 'voted', 'one vote each');

my ($z1, $z2) = map { client($_, 'zoe') } $one, $two;
$_->join for $z1, $z2;
$_->send(type => 'vote', option => 0) for $z1, $z2;
votes($_, 2, 1) for $x, $y;

# a node that comes later knows it

$_->{ws}{http}->close for grep { $_->{server} == $two } @clients;
@clients = grep { $_->{server} == $one } @clients;
$two->stop;
$two->start;

$y = client($two, 'yuri');
my $open = $y->join->{room}{poll};
is_deeply([ @$open{qw/ votes voted /} ], [ [ 2, 1 ], 1 ],
    'a node that is restarted knows the poll');
$n = client($two, 'nora', 'moderator');
$n->join;

$_->send(type => 'poll_end') for $m, $n;
my @ends = map { $_->wait('poll_end') } $x, $y;
is_deeply($_->{votes}, [ 2, 1 ], 'the result') for @ends;
is($ends[0]{id}, $ends[1]{id}, 'which is one');
tip($two, 1, 'end');
$_->wait('tip') for $x, $y;
is(scalar(grep { $_->{type} =~ /^poll/ } @{$x->{seen}}, @{$y->{seen}}), 0,
    'and is told once');

# without Redis each counts what it is told; then all is added up

$redis->stop;
tip($one, 100, 'alone');
tip($two, 100, 'alone');
tip($two, 10, 'alone-b');
is($x->wait('tip')->{total}, 631, 'alone at a');
is($y->wait('tip')->{total}, 631, 'alone at b');
is($y->wait('tip')->{total}, 641, 'more of it');
$redis->start;

wait_for(sub { total($one) == 641 && total($two) == 641 }, 20, 'totals');
is(total($_), 641, 'together again') for $one, $two;
tip($one, 1, 'again');
$_->wait('tip', sub { $_[0]{total} == 642 }, 20) for $x, $y;
pass('the same total at both nodes');
is($redis->command('HGET', 'nl:{chat}:room:live/a:meta', 'total EUR'), 642,
    'and in Redis');

# Redis is emptied

$redis->command('FLUSHALL');
tip($two, 1, 'emptied');
$_->wait('tip', sub { $_[0]{total} == 643 }, 20) for $x, $y;
pass('an emptied Redis is told the total');
is($redis->command('HGET', 'nl:{chat}:room:live/a:meta', 'total EUR'), 643,
    'which it has then');

leave();

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 16m; token_key " . $keys->dir . ";
                 redis unix:@{[ $redis->socket ]};
                 redis_timeout 500ms; redis_connect_timeout 500ms;
                 application live { play any; chat_small 0; }",
        http => 'live_chat_rate off;
                 server { listen 127.0.0.1:%%PORT_http%% reuseport;
                     location /chat/ { live_chat; } }'
    )->start;
}


sub token {
    my ($sub, $role) = @_;

    return $keys->token('HS256', sub => $sub, stream => 'live/*',
        role => $role);
}


sub client {
    my ($node, $sub, $role) = @_;

    my $token = token($sub, $role // 'viewer');

    push @clients, Test::NginxLive::Chat->new($node,
        "/chat/live/a?token=$token");

    $clients[-1]{server} = $node;

    return $clients[-1];
}


sub ask {
    my ($c) = @_;

    $c->send(type => 'poll', question => 'Tea?', options => [qw/ yes no /]);
}


sub votes {
    my ($c, @votes) = @_;

    is_deeply($c->wait('votes', sub { "@{$_[0]{votes}}" eq "@votes" })
        ->{votes}, \@votes, 'sums of both nodes');
}


sub leave {
    $_->{ws}{http}->close for splice(@clients);
}


sub tip {
    my ($node, $amount, $key) = @_;

    my $r = $node->get("/chat/live/a?token=$shop", method => 'POST',
        body => encode_json({ type => 'tip', amount => $amount,
            currency => 'EUR', key => $key }));

    is($r->{status}, 200, "tip $key");

    return decode_json($r->{body});
}


sub until_total {
    my ($c, $total) = @_;
    my @told;

    do { push @told, $c->wait('tip') } while ($told[-1]{total} < $total);

    return @told;
}


sub total { return $_[0]->json('/chat/live/a?tips')->{totals}{EUR} // 0 }

###############################################################################
