#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A response of the chat with many headers, in the room for which it keeps
# the client's own data.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $many = join("\n", map { "add_header X-Many-$_ value-$_ always;" } 1 .. 40);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { }',
    http => "server { listen 127.0.0.1:%%PORT_http%%;
             location /chat/ { live_chat; live_chat_guests write;
                               $many } }"
)->start;

my @clients = map { Test::NginxLive::Chat->new($t, '/chat/live/a') } 1 .. 3;

my $deflate = Test::NginxLive::Chat->new($t, '/chat/live/a', headers =>
    { 'Sec-WebSocket-Extensions' => 'permessage-deflate' });

for my $c (@clients, $deflate) {
    my $h = $c->{ws}{headers};

    is($c->{ws}{status}, 101, 'status');
    is_deeply([ map { $h->{"x-many-$_"} } 1 .. 40 ],
        [ map { "value-$_" } 1 .. 40 ], 'all headers are there');
}

like($deflate->{ws}{headers}{'sec-websocket-extensions'},
    qr/permessage-deflate/, 'and those of WebSocket');

$_->join for @clients;

$clients[0]->send(type => 'message', text => 'hello');

is($_->wait('message')->{text}, 'hello', 'told') for @clients;

# the same for events

my $http = $t->client;

$http->request('/chat/live/a', headers => { Accept => 'text/event-stream' });

my $head = '';

while (my $line = $http->sock->getline) {
    last if $line =~ /^\r?\n/;
    $head .= $line;
}

is(() = $head =~ /^X-Many-\d+: value-\d+\r$/mg, 40, 'headers of events');

###############################################################################

done_testing();
