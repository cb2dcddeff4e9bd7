#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A busy room while a worker is killed and nginx is reloaded: clients come back
# with their cursor, and nothing is lost, duplicated or out of order for any of
# them.  Then a zone that is full.

###############################################################################

use warnings;
use strict;

use Test::More;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw/ time sleep /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::WebSocket;
use Test::NginxLive::Process ();

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

$SIG{PIPE} = 'IGNORE';

my $slow = Test::NginxLive::Process::factor() > 1;
my $CLIENTS = $slow ? 60 : 300;
my $RATE = $slow ? 40 : 100;
my $SECONDS = 5;

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

my $HANDSHAKE = "GET /chat/live/busy HTTP/1.1\r\nHost: a\r\n"
    . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    . "Sec-WebSocket-Version: 13\r\n"
    . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

my $select = IO::Select->new;
my (%clients, @faults, %count);

connect_client({ id => $_, next => 0 }) for 1 .. $CLIENTS;
run_until(sub { !grep { !$_->{joined} } values %clients }, 60);

my ($sent, $start) = (0, time());
my @plan = ([ 1, \&kill_one ], [ 2, \&reload ], [ 3, \&reload ],
            [ 3.5, \&kill_one ]);
my $sender;

while ((my $now = time()) < $start + $SECONDS) {

    while ($sent < ($now - $start) * $RATE) {
        say_next($sent);
        $sent++;
    }

    if (@plan && $now - $start > $plan[0][0]) {
        (shift @plan)->[1]->();
    }

    run_once(0.005);
}

# messages that died with the worker that was to take them are not answered

run_until(sub { !grep { $_->{next} < $sent } values %clients }, 40);

is(scalar(@faults), 0, 'nothing is lost, duplicated or out of order')
    or diag(join("\n", @faults[0 .. ($#faults > 9 ? 9 : $#faults)]));
is(scalar(grep { $_->{next} != $sent } values %clients), 0,
    "all $CLIENTS clients have all $sent messages");
cmp_ok($count{resumed} // 0, '>', 0, 'some have come back');
is($count{anew} // 0, 0, 'none of them anew');
note("$count{resumed} came back, " . scalar($t->old_workers) . ' old workers');

$_->{sock}->close for values %clients;

wait_for(sub { !$t->old_workers }, 20, 'old workers to exit');
ok(1, 'old workers exit when their clients are gone');

# a full zone

$t->stop;

my $small = Test::NginxLive->new(
    live => 'zone live 64m; chat_zone 1m;
             application live { chat_history 1000; }',
    http => 'live_chat_guests write; live_chat_rate off;
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

sub connect_client {
    my ($c) = @_;

    my $cursor = $c->{cursor} ? qq(,"cursor":"$c->{cursor}") : '';

    $c->{sock} = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1', PeerPort => $t->port('http'));

    if (!$c->{sock}) {
        $c->{again} = time() + 0.05;
        return;
    }

    delete $c->{again};

    $c->{buf} = '';
    $c->{up} = $c->{joined} = 0;
    $c->{sock}->autoflush(1);
    $c->{sock}->print($HANDSHAKE . Test::NginxLive::WebSocket::frame(1,
        qq({"type":"join"$cursor})));

    $clients{$c->{id}} = $c;
    $select->add([ $c->{sock}, $c ]);
}


sub run_once {
    my ($wait) = @_;

    for my $c (grep { $_->{again} && $_->{again} < time() } values %clients) {
        connect_client($c);
    }

    again($sender)
        if $sender && $sender->{again_at} && $sender->{again_at} < time();

    for my $e ($select->can_read($wait)) {
        my $c = $e->[1];

        if (!sysread($c->{sock}, $c->{buf}, 262144, length $c->{buf})) {
            $select->remove($c->{sock});
            CORE::close($c->{sock});
            $c->{joined} = 0;
            delete $c->{again_at};
            $c->{again} = time();
            next;
        }

        if (!$c->{up}) {
            $c->{buf} =~ s/^HTTP\/1\.1 101 .*?\r\n\r\n//s or next;
            $c->{up} = 1;
        }

        frames($c);
    }
}


sub frames {
    my ($c) = @_;

    while (length $c->{buf} >= 2) {
        my ($op, $len) = unpack('CC', $c->{buf});
        my $head = 2;

        if ($len == 126) {
            last if length $c->{buf} < 4;
            $len = unpack('x2n', $c->{buf});
            $head = 4;

        } elsif ($len == 127) {
            last if length $c->{buf} < 10;
            $len = unpack('x6N', $c->{buf});
            $head = 10;
        }

        last if length $c->{buf} < $head + $len;

        my $text = substr($c->{buf}, 0, $head + $len, '');

        if ($op == 0x88) {
            push @faults, "client $c->{id} was closed by "
                . unpack('n', substr($text, $head));
            next;
        }

        got($c, substr($text, $head)) if $op == 0x81;
    }
}


sub got {
    my ($c, $json) = @_;

    if ($json =~ /^\{"type":"welcome"/) {
        if ($c->{cursor}) {
            $json =~ /"resumed":true/ ? $count{resumed}++ : $count{anew}++;
        }
        $c->{joined} = 1;

        # what its former worker has put into the log comes until then

        $c->{again_at} = time() + 1 if $c->{unanswered};
    }

    push @faults, "client $c->{id}: $json" if $json =~ /^\{"type":"error"/;

    delete $c->{unanswered}{$1} if $json =~ /^\{"type":"ack".*"ref":"(\d+)"/;

    while ($json =~ /"cursor":"([\w-]+)","ts":\d+,"user":[^}]*\},"text":"(\d+)"/g)
    {
        push @faults, "client $c->{id} got $2, not $c->{next}"
            if $2 != $c->{next};

        $c->{next} = $2 + 1;
        $c->{cursor} = $1;
    }
}


# One client speaks; if its worker dies it asks what has been heard of it.

sub say_next {
    my ($i) = @_;

    $sender //= do {
        my ($id) = keys %clients;
        $clients{$id};
    };

    $sender->{unanswered}{$i} = 1;
    speak($sender, $i) if $sender->{joined} && !$sender->{again_at};
}


# What is not in the log is said again.

sub again {
    my ($c) = @_;

    delete $c->{again_at};

    for my $i (sort { $a <=> $b } keys %{$c->{unanswered}}) {
        if ($i < $c->{next}) {
            delete $c->{unanswered}{$i};
            next;
        }

        speak($c, $i);
    }
}


sub speak {
    my ($c, $i) = @_;

    $c->{sock}->print(Test::NginxLive::WebSocket::frame(1,
        qq({"type":"message","text":"$i","id":"$i"})));
}


sub run_until {
    my ($code, $timeout) = @_;

    my $end = time() + $timeout * 2 * Test::NginxLive::Process::factor();

    while (time() < $end) {
        return if $code->();
        run_once(0.02);
    }

    diag('too late');
}


sub kill_one {
    my ($pid) = $t->workers;
    $t->kill_worker($pid);
}


sub reload { kill('HUP', $t->pid) }

###############################################################################
