#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A room: joining, messages between workers, history, cursors, by WebSocket,
# server-sent events and polling.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json encode_json /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { chat_history 100; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /status { live_status; }
             location /chat/ { live_chat; live_chat_guests write;
                               live_chat_rate off; live_chat_flush 20ms; } }'
)->start;

# two clients

my $a = Test::NginxLive::Chat->new($t, '/chat/live/a');

is($a->{ws}{status}, 101, 'status');

$a->send(type => 'message', text => 'too early');
is($a->wait('error')->{code}, 'not_joined', 'who has not joined cannot speak');

my $w = $a->join(name => 'Anna');

is($w->{type}, 'welcome', 'welcome');
is($w->{you}{name}, 'Anna', 'name');
is($w->{you}{role}, 'guest', 'role');
like($w->{you}{id}, qr/^guest-[0-9a-f]{10}$/, 'id of a guest');
is_deeply($w->{messages}, [], 'nothing was said yet');

my @others = map { my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
                   $c->join(name => "B$_"); $c } 1 .. 8;

$a->send(type => 'message', text => "Hello \"you\" \x{1F600}", id => 'n1');

my $ack = $a->wait('ack');
is($ack->{ref}, 'n1', 'ack names the command');

my $m = $a->wait('message');

is($m->{text}, "Hello \"you\" \x{1F600}", 'text');
is($m->{user}{name}, 'Anna', 'who said it');
is($m->{id}, $ack->{id}, 'id');
cmp_ok(abs($m->{ts} / 1000 - time()), '<', 10, 'time');

my $n = grep { my $o = $_->wait('message'); $o->{id} eq $m->{id} } @others;

is($n, 8, 'all others have it, whichever their worker');

# order

for my $i (1 .. 30) {
    my $c = $others[$i % 8];
    $c->send(type => 'message', text => "m$i");
    $c->wait('message', sub { $_[0]{text} eq "m$i" });
}

my @seen = map { $a->wait('message')->{text} } 1 .. 30;
is_deeply(\@seen, [ map { "m$_" } 1 .. 30 ], 'in order');

# a newcomer, and one who comes back

my $late = Test::NginxLive::Chat->new($t, '/chat/live/a');

is(scalar(my @all = told($late, $late->join)), 31, 'a newcomer is told what was said');

my $back = Test::NginxLive::Chat->new($t, '/chat/live/a');
$w = $back->join(cursor => $m->{cursor});

ok($w->{resumed}, 'resumed');
is_deeply([ told($back, $w) ], [ map { "m$_" } 1 .. 30 ],
    'what was missed, no more');

$w = $back->join(cursor => $back->{cursor});
ok($w->{resumed}, 'resumed again');
is_deeply($w->{messages}, [], 'nothing was missed');

my $other = Test::NginxLive::Chat->new($t, '/chat/live/b');
$w = $other->join(cursor => $m->{cursor});
ok(!$w->{resumed}, 'a cursor of another room');

# history

$back->send(type => 'history', before => $m->{id}, limit => 10);
is_deeply($back->wait('history')->{messages}, [], 'nothing before the first');

$back->send(type => 'history', limit => 3);
is_deeply([ map { $_->{text} } @{$back->wait('history')->{messages}} ],
    [qw/ m28 m29 m30 /], 'the last three');

# reactions

$_->send(type => 'reaction', kind => 'heart') for @others;

my $sum = 0;

while ($sum < 8) {
    my $r = $a->wait('reactions');
    $sum += $r->{reactions}{heart};
    die "too many\n" if $sum > 8;
}

is($sum, 8, 'reactions are summed up');

# polling

my $r = $t->get('/chat/live/a');
my $poll = decode_json($r->{body});

is(scalar @{$poll->{messages}}, 31, 'polling: all of it first');

my $http = $t->client;
$http->request("/chat/live/a?cursor=$poll->{cursor}");

$a->send(type => 'message', text => 'for those who poll');

$poll = decode_json($http->response(timeout => 10)->{body});
ok($poll->{resumed}, 'goes on');
is_deeply([ map { $_->{text} } @{$poll->{messages}} ],
    [ 'for those who poll' ], 'then what is new');

$r = $t->get('/chat/live/a', method => 'POST', body =>
    '{"type":"message","text":"by POST"}');

is($r->{status}, 200, 'POST');
like($r->{body}, qr/^\{"id":"\d+-\d+"\}$/, 'answers the id');
is($a->wait('message', sub { $_[0]{text} =~ /POST/ })->{text}, 'by POST',
    'and is heard');

$r = $t->get('/chat/live/a', method => 'POST', body =>
    '{"type":"nonsense"}');
is($r->{status}, 400, 'POST of nonsense');

# server-sent events

my $es = $t->client;
$r = $es->get("/chat/live/a?name=Eve", stream => 1, headers =>
    { Accept => 'text/event-stream', 'Last-Event-ID' => $poll->{cursor} });
is($r->{headers}{'content-type'}, 'text/event-stream', 'event stream');

my $text = '';
$text .= $es->read_bytes(1, 10) until $text =~ /\n\n/;
like($text, qr/^data: (.*)\n\n$/, 'an event');
$w = decode_json($text =~ /^data: (.*)\n/);
is($w->{you}{name}, 'Eve', 'welcome');
is_deeply([ map { $_->{text} } @{$w->{messages}} ], [ 'by POST' ],
    'what was missed');

$a->send(type => 'message', text => 'for Eve');
$text = '';
$text .= $es->read_bytes(1, 10) until $text =~ /\n\n/;
like($text, qr/^id: [\w-]{38}\ndata: \{.*"for Eve".*\}\n\n$/, 'next event');

# presence

is($a->wait('presence', sub { $_[0]{viewers} == 12 }, 15)->{viewers}, 12,
    'viewers are counted');

my $status = $t->json('/status')->{chat};
is_deeply([ @$status{qw/ rooms clients lost refused /} ], [ 2, 13, 0, 0 ],
    'status');

# a reload: the room goes on over both generations of workers

$t->reload;

my $new = Test::NginxLive::Chat->new($t, '/chat/live/a');
$w = $new->join(cursor => $m->{cursor});
ok($w->{resumed}, 'after a reload a client resumes');
is(scalar @{$w->{messages}}, 33, 'with all of it');

$new->send(type => 'message', text => 'from a new worker');
is($a->wait('message', sub { $_[0]{text} =~ /new/ })->{text},
    'from a new worker', 'old workers hear it');

$a->send(type => 'message', text => 'from an old worker');
is($new->wait('message', sub { $_[0]{text} =~ /old/ })->{text},
    'from an old worker', 'and are heard');

# closing

$_->close for $a, $late, $back, $other, $new, @others;
$es->close;

done_testing();

###############################################################################

# Texts up to "m30": what was said last may come behind the welcome.

sub told {
    my ($c, $w) = @_;

    my @all = @{$w->{messages}};
    push @all, $c->wait('message') while $all[-1]{text} ne 'm30';
    $c->{cursor} = $all[-1]{cursor};

    return map { $_->{text} } @all;
}

###############################################################################
