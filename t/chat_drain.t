#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Clients of workers that are leaving: they stay, or are sent away by and by
# where live_drain says so, or at once when nobody shares their room any more;
# whichever way they come back, and nothing is lost.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Crowd;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $conf = 'zone live %ZONE%; chat_zone %CHAT%; live_drain %DRAIN%;
            application live { chat_history 1000; }';

my $t = Test::NginxLive->new(
    live => live('64m', '16m', 0),
    http => 'live_chat_guests write; live_chat_rate off;
             server { listen 127.0.0.1:%%PORT_http%% reuseport;
                 location /chat/ { live_chat; live_chat_poll_timeout 60s; }
                 location /status { live_status; } }'
)->start;

# they stay, and hear those of the new workers

my $old = Test::NginxLive::Chat->new($t, '/chat/live/a');
$old->join;
$t->reload;

my $new = Test::NginxLive::Chat->new($t, '/chat/live/a');
$new->join;
$new->send(type => 'message', text => 'new');
my $m = $old->wait('message');
is($m->{text}, 'new', 'heard in an old worker');
$old->send(type => 'message', text => 'old');
$new->wait('message', sub { $_[0]{text} eq 'old' });
pass('and the other way');

# the newest configuration sends them away, also those that came before

my $events = $t->client;
$events->request('/chat/live/a', headers => { Accept => 'text/event-stream' })
    ->response(stream => 1);

my $r = $t->json('/chat/live/a');
my $poll = $t->client->request("/chat/live/a?cursor=$r->{cursor}");

wait_for(sub { clients() == 4 }, 10, 'clients');

$t->{live} = live('64m', '16m', '1s');
my $mark = $t->log_mark;
$t->reload;

is($_->close_code(20), 1012, 'a WebSocket is told to come back') for $old, $new;
1 while length $events->read_bytes(1);
pass('events end');
is_deeply(JSON::PP::decode_json($poll->response(timeout => 20)->{body})
    ->{messages}, [], 'a poll is answered');

wait_for(sub { !$t->old_workers }, 20, 'old workers to go');
ok(scalar($t->log_lines(qr/\[notice\].*chat is drained$/, $mark)), 'logged');

$old = Test::NginxLive::Chat->new($t, '/chat/live/a');
my $w = $old->join(cursor => $m->{cursor});
ok($w->{resumed}, 'it comes back');
is(join(' ', map { $_->{text} } @{$w->{messages}}), 'old',
    'with what it has missed');
$old->close;

# many of them do not come back at once

my $crowd = Test::NginxLive::Crowd->new(nodes => [ $t ], rooms => 2,
    clients => 300, rate => 50)->start;

$crowd->talk(30);
$crowd->calm;

my $lost = $crowd->status->{lost};
my ($some, $all);

$t->reload;
wait_for(sub {
    $all = $crowd->status->{lost} - $lost;
    $some = $all if $all;
    $all
}, 20, 'the first ones');

cmp_ok($some, '<', 250, "$some of 300 at first");

wait_for(sub { !$t->old_workers }, 30, 'old workers to go');
$crowd->talk(30);
my $report = $crowd->good('drained');
is($report->{resumed}, 300, 'all have come back, once');

# zones that are no more shared

for my $what ([ 'chat_zone', live('64m', '17m', 0) ],
              [ 'zone', live('65m', '17m', 0) ])
{
    my ($name, $conf) = @$what;

    my $c = Test::NginxLive::Chat->new($t, '/chat/live/b');
    $c->join;

    $t->{live} = $conf;
    $t->reload;

    is($c->close_code(20), 1012, "another $name: closed");
    wait_for(sub { !$t->old_workers }, 20, 'old workers to go');
    pass("another $name: old workers go");
}

# and when all of nginx ends

my $c = Test::NginxLive::Chat->new($t, '/chat/live/b');
$c->join;
kill('QUIT', $t->pid);
is($c->close_code(20), 1012, 'nginx ends');

$t->stop;

done_testing();

###############################################################################


sub live {
    my ($zone, $chat, $drain) = @_;

    return $conf =~ s/%ZONE%/$zone/r =~ s/%CHAT%/$chat/r
        =~ s/%DRAIN%/$drain/r;
}


sub clients { $t->json('/status')->{chat}{clients} }

###############################################################################
