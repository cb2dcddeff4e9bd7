#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The chat over HTTP/2: many rooms' events over one connection, polling and POST;
# who comes back, who goes, and who does not read.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use Test::NginxLive;
use Test::NginxLive::Chat;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);
Test::NginxLive->need_program(qw/ curl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { play any; }',
    http => 'log_format live "$connection $status $server_protocol";
             live_chat_guests write; live_chat_rate off;
             server { listen 127.0.0.1:%%PORT_http%%;
             listen 127.0.0.1:%%PORT_https%% ssl http2;
             ssl_certificate %%CERT%%;
             ssl_certificate_key %%KEY%%;
             location /chat/ {
                 live_chat;
                 access_log %%DIR%%/chat.log live;
             }
             location /slow/ {
                 live_chat;
                 live_chat_flush 1ms;
                 live_chat_queue 128k;
                 live_chat_message_size 16k;
                 live_chat_message_length 16000;
                 live_chat_send_timeout 1s;
             }
             location /ping/ { live_chat; live_chat_ping 100ms; }
             location /status { live_status; } }'
)->start;

my $base = 'https://127.0.0.1:' . $t->port('https');
my $rooms = 20;

# the events of many rooms, over one connection

my $all = h2('-Z', '--parallel-max', $rooms,
    map { ('-H', 'Accept: text/event-stream', '-o', $t->path("events$_"),
        "$base/chat/live/r$_", $_ < $rooms ? '--next' : ()) } 1 .. $rooms);

wait_for(sub { clients() == $rooms }, 20, 'clients');

my %said;

for my $n (1 .. 3) {
    for my $room (1 .. $rooms) {
        my $text = "{\"type\":\"message\",\"text\":\"$n " . 'x' x 300 . '"}';

        my $r = $room == 1
            ? json(h2('--data', $text, "$base/chat/live/r1"))
            : $t->json("/chat/live/r$room", method => 'POST', body => $text);

        push @{$said{$room}}, $r->{id};
    }
}

for my $room (1 .. $rooms) {
    wait_for(sub { messages($room) == 3 }, 10, 'messages');
}

is(join(' ', map { $_->{id} } messages($_)), join(' ', @{$said{$_}}),
    "room $_: what was said, in order") for 1 .. $rooms;

my ($first) = events($t->path('events1'));
is($first->{data}{type}, 'welcome', 'the welcome comes first');

# one that comes back, by the id of what it has seen

my ($seen) = grep { $_->{data}{type} eq 'message' }
    events($t->path('events1'));

my $back = h2('-H', 'Accept: text/event-stream', '-H',
    "Last-Event-ID: $seen->{id}", '-o', $t->path('back'),
    "$base/chat/live/r1");

wait_for(sub { -s $t->path('back') && events($t->path('back')) }, 10, 'it');
($first) = events($t->path('back'));
ok($first->{data}{resumed}, 'resumed');
is(join(' ', map { $_->{id} } @{$first->{data}{messages}}),
    join(' ', @{$said{1}}[1, 2]), 'what it has missed');

# those that go

$_->stop for $all, $back;
wait_for(sub { clients() == 0 }, 10, 'clients to go');
pass('they have gone');

my @lines = wait_for(sub {
    my @l = grep { /HTTP\/2/ } split(/\n/, slurp($t->path('chat.log')));
    @l == $rooms + 4 ? \@l : undef
}, 10, 'access log');
my %connections;
$connections{(split)[0]}++ for @{$lines[0]};
is(scalar(grep { $connections{$_} == $rooms } keys %connections), 1,
    'they had one connection');

# polling

my $r = json(h2("$base/chat/live/r1"));
is(@{$r->{messages}}, 3, 'a poll without a cursor');

my $poll = h2("$base/chat/live/r1?cursor=$r->{cursor}");
wait_for(sub { clients() == 1 }, 10, 'poll');
json(h2('--data', '{"type":"message","text":"news"}',
    "$base/chat/live/r1"));
is(json($poll)->{messages}[0]{text}, 'news', 'a poll that waits');

# what keeps it alive

my $ping = h2('-H', 'Accept: text/event-stream', '-o', $t->path('ping'),
    "$base/ping/live/r1");
wait_for(sub { -s $t->path('ping') && slurp($t->path('ping'))
    =~ /^data: .*\n\n:\n\n:\n\n/s }, 10, 'comments');
pass('comments');
$ping->stop;

# one that does not read

my $stalled = h2('-H', 'Accept: text/event-stream', '-o', '/dev/null',
    "$base/slow/live/slow");

wait_for(sub { clients() == 1 }, 10, 'client');
$stalled->signal('STOP');

my $c = Test::NginxLive::Chat->new($t, '/slow/live/slow');
$c->join;
my $n = 0;

wait_for(sub {
    $c->send(type => 'message', text => $n++ . 'y' x 15000) for 1 .. 20;
    $c->wait('message') for 1 .. 20;

    clients() == 1
}, 30, 'its end');

$t->wait_log(qr/client (?:is too slow for the chat|timed out)/, 5);
pass("closed after $n messages");
$stalled->kill;

done_testing();

###############################################################################


sub h2 {
    return spawn(cmd => [ 'curl', '-s', '-S', '-k', '-N', '--http2',
        map { $_ eq '--next'
            ? ('--next', '-s', '-S', '-k', '-N', '--http2') : $_ } @_ ]);
}


sub json {
    my ($curl) = @_;

    is($curl->wait(10), 0, 'curl') or diag($curl->output);
    return JSON::PP::decode_json($curl->output);
}


sub clients { $t->json('/status')->{chat}{clients} }


# Each has the data and, if there is one, the id.

sub events {
    my ($file) = @_;

    return map {
        my %e = /^(id|data): (.*)$/mg;
        $e{data} = JSON::PP::decode_json($e{data}) if $e{data};
        $e{data} ? \%e : ()
    } split(/\n\n/, slurp($file));
}


sub messages {
    my ($room) = @_;

    my $file = $t->path("events$room");

    return () unless -s $file;
    return grep { $_->{type} eq 'message' } map { $_->{data} } events($file);
}

###############################################################################
