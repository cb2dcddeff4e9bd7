#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A busy room while a worker is killed and nginx is reloaded: clients come back
# with their cursor, and nothing is lost, duplicated or out of order for any of
# them.  Then a zone that is full.

###############################################################################

use warnings;
use strict;

use Test::More;

use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Crowd;
use Test::NginxLive::Process ();

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $slow = Test::NginxLive::Process::factor() > 1;

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { chat_history 100; }',
    http => 'live_chat_guests write; live_chat_rate off;
             server { listen 127.0.0.1:%%PORT_http%% reuseport;
                 location /chat/ { live_chat; }
                 location /late/ { live_chat; live_chat_flush 4s; } }'
)->start;

# one who has seen more than the worker to which it comes back has told

{
    my %c;
    my @all;

    while (keys %c < 2) {
        my $c = Test::NginxLive::Chat->new($t, '/late/live/a');
        push @all, $c;
        my $pid = $t->worker_of_port($c->{ws}{http}->sock->sockport);
        $c{$pid} //= $c;
    }

    my ($x, $y) = values %c;

    $x->join;
    $x->send(type => 'message', text => 'first');
    $x->wait('message');

    my $since = time();

    # x waits for the rest of the time now, y is told at once

    $y->join;
    $y->send(type => 'message', text => 'second');
    my $m = $y->wait('message', sub { $_[0]{text} eq 'second' });
    my $took = time() - $since;

    my ($pid) = grep { $c{$_} == $x } keys %c;
    my $back;

    until ($back) {
        my $c = Test::NginxLive::Chat->new($t, '/late/live/a');
        push @all, $c;
        $back = $c
            if $t->worker_of_port($c->{ws}{http}->sock->sockport) == $pid;
    }

    my $w = $back->join(cursor => $m->{cursor});
    ok($w->{resumed}, sprintf('resumed, after %.1f s', $took));
    is_deeply($w->{messages}, [], 'nothing was missed');

    $y->send(type => 'message', text => 'third');
    is($back->wait('message', undef, 10)->{text}, 'third',
        'what was seen is not told again');
    is($x->wait('message', undef, 10)->{text}, 'second', 'the others');
    is($x->wait('message', undef, 10)->{text}, 'third', 'have all of it');

    $_->{ws}{http}->close for @all;
}

# a busy room

my $crowd = Test::NginxLive::Crowd->new(nodes => [ $t ], rooms => 1,
    clients => $slow ? 60 : 300, rate => $slow ? 40 : 100)->start;

$crowd->talk($slow ? 20 : 50);
$crowd->calm;

for my $what (\&kill_one, \&reload, \&reload, \&kill_one) {
    $what->();
    $crowd->talk($slow ? 40 : 100);
}

my $r = $crowd->good('a busy room');
cmp_ok($r->{resumed}, '>', 0, 'some have come back');

wait_for(sub { !$t->old_workers }, 20, 'old workers to exit');
ok(1, 'old workers exit when their clients are gone');

# a full zone

$t->stop;

my $small = Test::NginxLive->new(
    live => 'zone live 64m; chat_zone 1m;
             application live { chat_history 1000; }',
    http => 'live_chat_guests write; live_chat_rate off; live_chat_flush 1ms;
             server { listen 127.0.0.1:%%PORT_http%% reuseport;
                 location /chat/ { live_chat; } }'
)->start;

my @rooms = map {
    my $c = Test::NginxLive::Chat->new($small, "/chat/live/r$_");
    $c->join;
    $c
} 1 .. 3;

my ($first, $bad) = (undef, 0);

for my $i (1 .. 900) {
    for my $c (@rooms) {
        $c->send(type => 'message', text => "$i-" . 'z' x 400);

        my $m = $c->wait(qr/^(?:message|error)$/);

        $bad++ unless $m->{type} eq 'message' && $m->{text} =~ /^$i-/;
        $first //= $m->{cursor};
    }
}

is($bad, 0, 'a full zone: all is told to those who are there');

$rooms[0]->send(type => 'history', limit => 200);
my $h = $rooms[0]->wait('history')->{messages};
like($h->[-1]{text}, qr/^900-/, 'the newest are kept');
cmp_ok(scalar(@$h), '>', 20, 'as many as there is memory for');

my $back = Test::NginxLive::Chat->new($small, '/chat/live/r1');
my $w = $back->join(cursor => $first);
ok(!$w->{resumed}, 'who has missed what is gone is told so');

# users and rooms find a place, too

my $new = Test::NginxLive::Chat->new($small, '/chat/live/r1',
    headers => { 'User-Agent' => 'another' });
$new->join;
$new->send(type => 'message', text => 'I am new here', id => 'n');
is($new->wait(qr/^(?:ack|error)$/)->{type}, 'ack', 'a new user');

my $more = Test::NginxLive::Chat->new($small, '/chat/live/another');
is($more->join->{room}{name}, 'live/another', 'a new room');
$more->send(type => 'message', text => 'first', id => 'n');
is($more->wait(qr/^(?:ack|error)$/)->{type}, 'ack', 'one speaks in it');

# rooms nobody is in give way

my @status = map { $small->get("/chat/live/many$_")->{status} } 1 .. 1500;
is(scalar(grep { $_ != 200 } @status), 0, 'many rooms');

$_->{ws}{http}->close for @rooms, $back, $new, $more;

done_testing();

###############################################################################

sub kill_one {
    my ($pid) = $t->workers;
    $t->kill_worker($pid);
}


sub reload { kill('HUP', $t->pid) }

###############################################################################
