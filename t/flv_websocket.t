#!/usr/bin/perl

# Copyright (C) nginx-live authors

# FLV over WebSocket: the handshake, messages, ping and close in both
# directions, clients that break the protocol.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::FLV;
use Test::NginxLive::WebSocket;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv live_test /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 1s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location /own/ { live_flv; live_cors http://a http://b; }
             location /test { live_test; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'));

wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

# messages

my $ws = socket_of('/flv/live/a.flv');

is($ws->{status}, 101, 'status');
is(lc $ws->{headers}{upgrade}, 'websocket', 'Upgrade');
is(lc $ws->{headers}{connection}, 'upgrade', 'Connection');

my $flv = Test::NginxLive::FLV->new;
my $m = $ws->message;

is($m->{opcode}, 2, 'binary');
$flv->add($m->{data});
is($flv->{flags}, 5, 'the first message: the file header');
is($flv->rest, 0, 'and whole tags');
is(scalar(grep { $_->{config} } @{$flv->{tags}}), 2, 'with configurations');

my $whole = 1;

while ($flv->frames('video') < 60) {
    my $before = @{$flv->{tags}};
    $flv->add($ws->message->{data});
    $whole = 0 unless $flv->rest == 0 && @{$flv->{tags}} == $before + 1;
}

ok($whole, 'a message is a tag');
ok(($flv->frames('video'))[0]{key}, 'the first picture is a key frame');

# ping and close

$ws->ping('hello');
is($ws->wait_opcode(10, 5, sub { $flv->add($_[0]{data}) })->{data}, 'hello',
    'pong');

$ws->send(Test::NginxLive::WebSocket::frame(1, 'some text ' x 1000));
$ws->ping('x' x 125);
is($ws->wait_opcode(10, 5, sub { $flv->add($_[0]{data}) })->{data},
    'x' x 125, 'pong after a message that nobody reads');

is(status()->{viewers}{flv}, 1, 'a viewer');

$ws->close(1001);
is(unpack('n', $ws->wait_opcode(8, 5, sub { $flv->add($_[0]{data}) })
    ->{data}), 1001, 'close is answered');
ok($ws->closed(3), 'and the connection closed');
is($flv->rest, 0, 'after a whole tag');
wait_for(sub { status()->{viewers}{flv} == 0 }, 5, 'viewer to leave');

# a frame that came together with the request

$ws = socket_of('/flv/live/a.flv',
    early => Test::NginxLive::WebSocket::frame(9, 'early'));
is($ws->wait_opcode(10)->{data}, 'early', 'early ping');
$ws->close;
is(unpack('n', $ws->wait_opcode(8)->{data}), 1000, 'close without a code');

# clients that break the protocol

for my $case (
    [ 'not masked', 1002,
      Test::NginxLive::WebSocket::frame(1, 'x', mask => 0) ],
    [ 'reserved bit', 1002,
      Test::NginxLive::WebSocket::frame(1, 'x', rsv => 0x40) ],
    [ 'unknown opcode', 1002, Test::NginxLive::WebSocket::frame(3, 'x') ],
    [ 'long ping', 1002, Test::NginxLive::WebSocket::frame(9, 'x' x 126) ],
    [ 'long message', 1009,
      Test::NginxLive::WebSocket::frame(2, 'x' x 70000) ])
{
    my ($what, $code, $bytes) = @$case;

    $ws = socket_of('/flv/live/a.flv');
    $ws->send($bytes);
    is(unpack('n', $ws->wait_opcode(8)->{data}), $code, $what);
}

ok($t->log_lines(qr/client sent invalid WebSocket frame: frame is not masked/),
    'logged');

# handshakes that are refused

for my $case (
    [ 'version', { 'Sec-WebSocket-Version' => 8 }, 426 ],
    [ 'no version', { 'Sec-WebSocket-Version' => undef }, 426 ],
    [ 'no key', { 'Sec-WebSocket-Key' => undef }, 400 ],
    [ 'short key', { 'Sec-WebSocket-Key' => 'eHg=' }, 400 ],
    [ 'bad key', { 'Sec-WebSocket-Key' => '!' x 24 }, 400 ])
{
    my ($what, $headers, $status) = @$case;

    $ws = socket_of('/flv/live/a.flv', headers => $headers);
    is($ws->{status}, $status, $what);
}

is(socket_of('/flv/live/none.flv')->{status}, 404, 'no such stream');
is(socket_of('/flv/live/deny.flv')->{status}, 403, 'refused');

# origins

is(socket_of('/own/live/a.flv', headers => { Origin => 'http://a' })
    ->{status}, 101, 'origin allowed');
is(socket_of('/own/live/a.flv', headers => { Origin => 'http://c' })
    ->{status}, 403, 'origin not allowed');
is(socket_of('/own/live/a.flv')->{status}, 101, 'no origin: not a browser');

my $r = $t->get('/own/live/a.flv', method => 'HEAD',
    headers => { Origin => 'http://b' });
is($r->{headers}{'access-control-allow-origin'}, 'http://b', 'CORS: listed');
is($r->{headers}{vary}, 'Origin', 'CORS: Vary');

$r = $t->get('/own/live/a.flv', method => 'HEAD',
    headers => { Origin => 'http://c' });
is($r->{headers}{'access-control-allow-origin'}, undef, 'CORS: not listed');

# ended by an administrator, from whichever worker

$ws = socket_of('/flv/live/a.flv?sub=alice');
my $plain = $t->client;
$plain->request('/flv/live/a.flv?sub=alice')->response(stream => 1);

wait_for(sub { status()->{viewers}{flv} >= 2 }, 5, 'viewers');

$t->get('/test?sub=alice');
is(unpack('n', $ws->wait_opcode(8)->{data}), 1008, 'session ended');
ok($plain->closed(5), 'over HTTP as well');
ok($t->wait_log(qr/session was ended/), 'logged');

# the end of the stream

$pub->kill;
$pub = publish($t->rtmp('live/a'));
wait_for(sub { status() && status()->{tracks}[0]{keys} }, 10, 'stream');

$ws = socket_of('/flv/live/a.flv');
$flv = Test::NginxLive::FLV->new;
$flv->add($ws->message->{data});
$pub->kill;

is(unpack('n', $ws->wait_opcode(8, 10, sub { $flv->add($_[0]{data}) })
    ->{data}), 1000, 'the stream has ended');
is($flv->rest, 0, 'after whole tags');

$ws->close(1000);
ok($ws->closed(1), 'our answer closes the connection');

done_testing();

###############################################################################

sub status {
    my $json = $t->json('/status') or return undef;
    return (grep { $_->{name} eq 'a' } @{$json->{streams}})[0];
}

sub socket_of {
    my ($path, %opt) = @_;
    return Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => $path, %opt);
}

###############################################################################
