#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A room of two nodes: what is said at one is heard at the other, in one order,
# also when Redis comes and goes.

###############################################################################

use warnings;
use strict;

use JSON::PP;
use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

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
my $one = node('a');
my $two = node('b');

# said at one, heard at the other

my ($x, $y) = (client($one, 'xena'), client($two, 'yuri'));
my $mod = client($one, 'mona', role => 'moderator');

is($x->join->{room}{scope}, 'cluster', 'the room is of the cluster');
is($y->join->{room}{scope}, 'cluster', 'at both nodes');
$mod->join;

my $ack = say_to($x, 'hello');
is($ack->{type}, 'ack', 'a message is acknowledged');

my $m = $x->wait('message');
my $n = $y->wait('message');
is($n->{text}, 'hello', 'it is heard at the other node');
is($m->{id}, $ack->{id}, 'the acknowledgement has its id');
is($n->{id}, $m->{id}, 'which is the same there');
is($n->{cursor}, $m->{cursor}, 'and so is the cursor');
is($n->{origin}, $m->{origin}, 'and where it came from');
is_deeply($redis->command('XRANGE', 'nl:{chat}:room:live/a', $m->{id},
    $m->{id})->[0][0], $m->{id}, 'the id is that of the stream');

# in one order

for my $i (1 .. 20) {
    $x->send(type => 'message', text => "x$i");
    $y->send(type => 'message', text => "y$i");
}

my @x = map { $x->wait('message') } 1 .. 40;
my @y = map { $y->wait('message') } 1 .. 40;

is_deeply([ map { $_->{id} } @x ], [ map { $_->{id} } @y ],
    'one order at both nodes');
is_deeply([ grep { /x/ } map { $_->{text} } @y ], [ map { "x$_" } 1 .. 20 ],
    'that of those who speak');
is_deeply([ map { $_->{id} } @x ], [ sort { by_id($a, $b) }
    map { $_->{id} } @x ], 'ids ascend');

# who resumes at the other node gets what is missing

my $c = client($two, 'zoe');
my $w = $c->join(cursor => $x[30]{cursor});
ok($w->{resumed}, 'resumed at the other node');
is_deeply([ map { $_->{text} } @{$w->{messages}} ],
    [ map { $_->{text} } @x[31 .. 39] ], 'by exactly what was missed');

# by events, polling and POST

my $poll = $two->json('/chat/live/a');
is($poll->{messages}[-1]{id}, $x[39]{id}, 'polled at the other node');

# a ban holds at the other node

is($mod->ask(type => 'moderate', action => 'ban', target => 'yuri')->{type},
    'ack', 'a ban');
is($y->wait('banned')->{user}, 'yuri', 'is told at the other node');
is($y->refused(type => 'message', text => 'hi'), 'banned', 'and holds there');

is($mod->ask(type => 'moderate', action => 'slow', seconds => 7)->{type},
    'ack', 'slow mode');
is($y->wait('slowmode')->{seconds}, 7, 'is told');
is(client($two, 'new')->join->{room}{slow}, 7, 'newcomers know of it');
$mod->ask(type => 'moderate', action => 'slow', seconds => 0);
$_->wait('slowmode', sub { $_[0]{seconds} == 0 }) for $x, $y, $mod;

# what passes

$x->send(type => 'reaction', kind => 'heart');
is($y->wait('reactions')->{reactions}{heart}, 1, 'reactions pass');
is($y->wait('presence', sub { $_[0]{viewers} >= 4 }, 20)->{viewers} >= 4, 1,
    'viewers of both nodes');

# a new node, and one that was restarted, know the room

$_->{ws}{http}->close for grep { $_->{node} == $two } @clients;
$two->stop;
$two->start;

$y = client($two, 'yuri');
$w = $y->join(cursor => $x[39]{cursor});
ok($w->{resumed}, 'resumed after a restart');
is($y->refused(type => 'message', text => 'hi'), 'banned',
    'the ban holds after a restart');
$mod->ask(type => 'moderate', action => 'unban', target => 'yuri');
$y->wait('unbanned');

# without Redis both go on

$c = client($two, 'carl');
$c->join;

$redis->stop;

say_to($x, 'alone at a');
is($x->wait('state')->{scope}, 'node', 'a says that it is alone')
    unless grep { $_->{type} eq 'state' } @{$x->{seen}};
say_to($y, 'alone at b');

my ($ma) = heard($x, 'alone at a');
my ($mb) = heard($y, 'alone at b');
heard($c, 'alone at b');

my $gone = say_to($x, 'alone, and deleted');
is($mod->ask(type => 'moderate', action => 'delete',
    target => $gone->{id})->{type}, 'ack', 'a message is deleted');

is(client($one, 'other')->join->{room}{scope}, 'node', 'newcomers are told');
ok(!grep({ $_->{text} && $_->{text} eq 'alone at b' } @{$x->{seen}}),
    'they do not hear each other');

# a client of a comes back to b meanwhile

my $moved = client($two, 'moved');
$w = $moved->join(cursor => $ma->{cursor});
ok($w->{resumed}, 'resumed at another node that is alone');

# it returns

$redis->start;

for my $who ($x, $y, $c) {
    is($who->wait('state', sub { ($_[0]{scope} // '') eq 'cluster' },
        20)->{scope}, 'cluster', 'together again')
        unless grep { ($_->{scope} // '') eq 'cluster' } @{$who->{seen}};
}

my $na = heard($c, 'alone at a');
is($na->{origin}, $ma->{id}, 'what was said at a comes to b by its origin');
my $nb = heard($x, 'alone at b');
is($nb->{origin}, $mb->{id}, 'and that of b to a');

is(say_to($x, 'again')->{type}, 'ack', 'they go on');
is(heard($c, 'again')->{text}, 'again', 'together');

my @texts = map { $_->{text} // () } @{client($one, 'late')->join->{messages}};
is_deeply([ sort grep { /alone|again/ } @texts ],
    [ 'again', 'alone at a', 'alone at b' ], 'nothing twice in the history');

# emptied

$mod->ask(type => 'moderate', action => 'ban', target => 'bad');
$y->wait('banned');

$redis->command('FLUSHALL');
say_to($x, 'after the flood');
is(heard($c, 'after the flood', 20)->{text}, 'after the flood',
    'an emptied Redis is filled again');
my $bad = client($two, 'bad');
$bad->join;
is($bad->refused(type => 'message', text => 'hi'), 'banned',
    'bans are not forgotten');

# the relay dies

my $status = $one->json('/status')->{chat};
cmp_ok($status->{relayed}, '>', 40, 'counted');
cmp_ok($status->{reconciled}, '>=', 1, 'what was reconciled, too');
is($status->{alone}, 0, 'no room is alone');

$one->kill_worker($_) for $one->workers;
$x = client($one, 'xena');
$x->join;
is(say_to($x, 'a new relay')->{type}, 'ack', 'another worker relays');
is(heard($c, 'a new relay')->{text}, 'a new relay', 'to the other node');

$one->reload;
$x = client($one, 'xena');
$x->join;
is(say_to($x, 'after a reload')->{type}, 'ack', 'after a reload');
is(heard($c, 'after a reload')->{text}, 'after a reload', 'too');

# who waits for Redis is still known when something has passed

my $three = node('c', "$dir/none", '3s');
my $v = client($three, 'vera');

$v->send(type => 'join');
ok(wait_for(sub { $three->json('/status')->{chat}{rooms} }, 3),
    'a client waits');
post($three, role => 'viewer', { type => 'status', audio => JSON::PP::true });
is($v->wait('welcome')->{room}{scope}, 'node', 'it is let in later');

$_->{ws}{http}->close for @clients;

done_testing();

###############################################################################

sub node {
    my ($name, $socket, $timeout) = @_;

    $socket //= $redis->socket;
    $timeout //= '500ms';

    return Test::NginxLive->new(
        live => "node $name; zone live 16m; token_key " . $keys->dir . ";
                 redis unix:$socket;
                 redis_timeout $timeout; redis_connect_timeout 500ms;
                 application live { play any; chat_small 0; }",
        http => 'live_chat_rate off;
                 server { listen 127.0.0.1:%%PORT_http%% reuseport;
                     location /chat/ { live_chat; }
                     location /status { live_status; } }'
    )->start;
}


sub client {
    my ($node, $sub, %claims) = @_;

    my $token = $keys->token('HS256', sub => $sub, stream => 'live/*', role => 'viewer',
        %claims);

    push @clients, Test::NginxLive::Chat->new($node,
        "/chat/live/a?token=$token");

    $clients[-1]{node} = $node;

    return $clients[-1];
}


sub post {
    my ($node, @claims) = @_;
    my $what = pop(@claims);

    my $token = $keys->token('HS256', sub => 'poster', stream => 'live/*',
        @claims);

    return $node->get("/chat/live/a?token=$token", method => 'POST',
        body => JSON::PP->new->utf8->encode($what));
}


sub say_to { $_[0]->ask(type => 'message', text => $_[1]) }


sub heard {
    my ($c, $text, $timeout) = @_;

    for my $m (@{$c->{seen}}) {
        return $m if ($m->{text} // '') eq $text;
    }

    return $c->wait('message', sub { $_[0]{text} eq $text }, $timeout);
}


sub by_id {
    my ($am, $as, $bm, $bs) = map { split(/-/) } @_;

    return $am <=> $bm || $as <=> $bs;
}

###############################################################################
