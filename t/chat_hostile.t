#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Clients of a room that mean no good, or have no luck: compression bombs, bytes
# one by one, those who never read, floods, connections that are gone without a
# word.  Memory stays bounded, and nobody else is delayed.

###############################################################################

use warnings;
use strict;

use Test::More;

use IO::Select;
use IPC::Open2 qw/ open2 /;
use Socket qw/ SOL_SOCKET SO_LINGER SO_RCVBUF IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes qw/ time sleep /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive::WebSocket;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);
Test::NginxLive->need_program(qw/ openssl /);

my $DEFLATE = { 'Sec-WebSocket-Extensions' => 'permessage-deflate' };

# kB: sanitizers keep for a while what was freed

my $SPARE = $ENV{LIVE_SANITIZE} ? 65536 : 0;

# small buffers of sockets, so that who does not read is noticed

my $t = Test::NginxLive->new(
    workers => 1,
    live => 'zone live 64m; application live { chat_history 100; }',
    http => 'live_chat_guests write; live_chat_rate off;
             live_chat_flush 20ms; live_chat_queue 256k;
             server { listen 127.0.0.1:%%PORT_http%% sndbuf=16k;
                 location /chat/ { live_chat; }
                 location /busy/ { live_chat; live_chat_flush 0;
                     live_chat_send_timeout 5m; }
                 location /ping/ { live_chat; live_chat_ping 500ms; }
                 location /soon/ { live_chat; live_chat_send_timeout 1s; }
                 location /own/ { live_chat; live_cors http://a; } }
             server { listen 127.0.0.1:%%PORT_https%% ssl sndbuf=16k;
                 ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%;
                 location /chat/ { live_chat; } }'
)->start;

my ($worker) = $t->workers;
my $n = 0;

# the first who come make what stays

{
    my @c = map { chat('/chat/live/warm', headers => $DEFLATE) } 1 .. 20;
    $_->join for @c;
    $c[0]->send(type => 'message', text => text());
    $_->wait('message') for @c;
    $_->{ws}{http}->close for @c;
}

# origins

is(raw('/own/live/a', headers => { Origin => 'http://b' })->{status}, 403,
    'another origin');
is(raw('/own/live/a', headers => { Origin => 'http://a' })->{status}, 101,
    'an origin that is allowed');
is(raw('/own/live/a')->{status}, 101, 'no browser');

# bombs: 4 MB in 4 kB

my $bomb = Test::NginxLive::WebSocket::deflate('"' . 'a' x 3_900_000 . '"');
cmp_ok(length $bomb, '<', 4096, 'a bomb');

my $before = memory();
my @codes = map {
    my $c = chat('/chat/live/a', headers => $DEFLATE);
    $c->{ws}->send(Test::NginxLive::WebSocket::frame(1, $bomb, rsv => 0x40));
    $c->close_code;
} 1 .. 20;

is_deeply(\@codes, [ (1009) x 20 ], 'bombs are refused');
cmp_ok(memory() - $before, '<', $SPARE + 1024, 'without memory for them, kB');

is(code_of(frame(1, 'not deflated' x 20, rsv => 0x40), headers => $DEFLATE),
    1007, 'not deflated');
is(code_of(frame(1, 'x' x 4097)), 1009, 'more than a message');
is(code_of(frame(1, 'x' x 3000, fin => 0) . frame(0, 'x' x 1500)), 1009,
    'in fragments');
is(code_of(pack('CCNN', 0x81, 0xff, 0x7fffffff, 0xffffffff)), 1009,
    '2^63 - 1 bytes');
is(code_of(frame(1, '{"type":"join"}', mask => 0)), 1002, 'unmasked');

# byte by byte

my $c = chat('/chat/live/a');
my $json = '{"type":"join","name":"slow"}';
my @bytes = split(//, $json);

$c->{ws}->send(join('', map { frame($_ ? 0 : 1, $bytes[$_],
    fin => $_ == $#bytes) . frame(9, '') . frame(0, '', fin => 0) x
    ($_ < $#bytes) } 0 .. $#bytes));
is($c->wait('welcome')->{you}{name}, 'slow', 'frames of one byte');

$c->{ws}{http}->sock->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
$c->{ws}{http}->sock->syswrite($_)
    for split(//, frame(1, '{"type":"history"}'));
ok($c->wait('history'), 'segments of one byte');

# who joins again and again

$before = memory();

for (1 .. 2000) {
    $c->send(type => 'join', name => 'x' x ($_ % 30 + 1));
    $c->wait('welcome') if $_ % 50 == 0;
}

$c->send(type => 'history', id => 'last');
$c->wait('ack', sub { $_[0]{ref} eq 'last' }, 20);
cmp_ok(memory() - $before, '<', $SPARE + 256, 'joining costs nothing that stays, kB');

is(scalar(grep { !$_ } map {
        $c->send(type => 'status', audio => \1, id => "s$_");
        $c->wait(qr/ack|error/, sub { ($_[0]{ref} // '') =~ /^s/ })->{type}
            eq 'ack' ? 1 : 0
    } 1 .. 40) > 0, 1, 'status is limited');

# floods without reading

$c = chat('/chat/live/f');
$c->join;
$c->send(type => 'message', text => text(450)) for 1 .. 60;
$c->wait('message', sub { $_[0]{text} =~ /^$n-/ });

$before = memory();

my @floods = map { chat('/chat/live/f') } 1 .. 5;

for my $f (@floods) {
    $f->join;
    $f->send(type => 'history', limit => 60, id => "h$_") for 1 .. 100;
}

answering($c);
cmp_ok(memory() - $before, '<', $SPARE + 4096, 'histories nobody reads, kB');

my $ok = 0;

for my $f (@floods) {
    my $i = 0;

    # not parsed, which would take longer than the server waits

    while ($i < 100) {
        my $m = next_text($f) // last;
        $i++;
        $ok++ if $m =~ /^\{"type":"history"/ && next_text($f) =~ /"ref":"h$i"/;
    }
}

is($ok, 500, 'who reads at last gets all answers');
$_->{ws}{http}->close for @floods;

my @pings = map { raw('/chat/live/f') } 1 .. 5;
stuff($_, frame(9, 'x' x 125) x 8000) for @pings;
answering($c);
cmp_ok(memory() - $before, '<', $SPARE + 4096, 'pings, kB');

my $http = $pings[0]{http};
$ok = 0;

for (1 .. 1000) {
    my $m = $pings[0]->wait_opcode(10);
    $ok++ if $m->{data} eq 'x' x 125;
}

is($ok, 1000, 'pongs');
$_->{http}->close for @pings;

# a busy room with some who never read, and one who goes on

my $sender = chat('/busy/live/busy');
my $watcher = chat('/busy/live/busy');
$_->join for $sender, $watcher;

my @never = map { chat('/busy/live/busy') } 1 .. 10;
$_->join for @never;

$before = memory();
my $mark = $t->log_mark();
my ($worst, @seen, $clock) = (0);

for (1 .. 1200) {
    my $text = text(450);

    $clock = watch();
    $sender->send(type => 'message', text => $text);
    push @seen, $watcher->wait('message')->{text};

    my $late = $clock->();
    $worst = $late if $late > $worst;
}

is(scalar(@seen), 1200, 'all messages');
cmp_ok($worst, '<', 1, 'nobody is delayed');

my @gone = $t->log_lines(qr/client is too slow for the chat, \d+ bytes wait/,
    $mark);
is(scalar(@gone), 10, 'who never reads is closed');
cmp_ok(memory() - $before, '<', $SPARE + 4096, 'with bounded memory, kB');

# 1013 is there when he reads

is(eval { $never[0]->close_code(5) }, 1013, 'by 1013');
$_->{ws}{http}->close for @never;

# a slow one recovers: all messages once and in order, less of what passes

my $slow = chat('/busy/live/busy');
$slow->{ws}{http}->sock->setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
$slow->join;

my (@texts, %status);

for my $i (1 .. 400) {
    push @texts, text(350);
    $sender->send(type => 'message', text => $texts[-1]);
    $watcher->wait('message', sub { $_[0]{text} eq $texts[-1] });

    if ($i > 100 && $i % 40 == 0) {
        $sender->send(type => 'status', audio => \1, id => "p$i");
        $sender->wait(qr/ack|error/, sub { ($_[0]{ref} // '') eq "p$i" });
    }
}

$status{watcher} = grep { $_->{type} eq 'status' } @{$watcher->{seen}};
is_deeply([ map { $slow->wait('message')->{text} } 1 .. 400 ], \@texts,
    'a slow client that recovers has all of it');

$sender->send(type => 'message', text => my $end = text());
is($slow->wait('message')->{text}, $end, 'once');

$status{slow} = grep { $_->{type} eq 'status' } @{$slow->{seen}};
cmp_ok($status{slow}, '<', $status{watcher}, 'but less of what passes');

# who joins again while batches wait is not told twice

$slow->join;

for (1 .. 200) {
    push @texts, text(350);
    $sender->send(type => 'message', text => $texts[-1]);
    $watcher->wait('message', sub { $_[0]{text} eq $texts[-1] });
}

$slow->send(type => 'join');
answering($sender);

my %told;
my $again = $slow->wait('welcome', sub {
    $told{$_->{text}}++ for grep { $_->{text} } @{$slow->{seen}};
    1;
});
$sender->send(type => 'message', text => $end = text());
$slow->{seen} = [];
$slow->wait('message', sub { $_[0]{text} eq $end });
is(scalar(grep { $_->{type} eq 'message' } @{$slow->{seen}}), 0,
    'nothing that the welcome has told');

# by time

$mark = $t->log_mark();
my $stuck = chat('/soon/live/time');
$stuck->{ws}{http}->sock->setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
$stuck->join;
my $talk = chat('/chat/live/time');
$talk->join;

$talk->send(type => 'message', text => text(450)) for 1 .. 300;
$talk->wait('message', sub { $_[0]{text} =~ /^$n-/ });
ok($t->wait_log(qr/client timed out.*soon/, 10, $mark),
    'or by live_chat_send_timeout');

# over TLS

$mark = $t->log_mark();

my @tls = map { tls() } 1 .. 3;
my $tls = chat('/chat/live/tls');
$tls->join;
$tls->wait('presence', sub { $_[0]{viewers} == 4 }, 20);

@texts = ();

for (1 .. 1500) {
    push @texts, text(450);
    $tls->send(type => 'message', text => $texts[-1]);
    $tls->wait('message', sub { $_[0]{text} eq $texts[-1] });

    if ($_ == 600) {

        # the first one reads again

        $tls[0]{before} = drain($tls[0], $texts[-1]);
    }
}

is_deeply([ $tls[0]{before} =~ /"text":"(\d+-)/g ],
    [ map { /^(\d+-)/ } @texts[0 .. 599] ], 'TLS: in order after a pause');

wait_for(sub { $t->log_lines(qr/too slow for the chat/, $mark) >= 2 }, 10,
    'the others to be too slow');
is(scalar($t->log_lines(qr/SSL_|bad write/, $mark)), 0, 'no trouble of TLS');
close($_->{out}), close($_->{in}), kill('TERM', $_->{pid}),
    waitpid($_->{pid}, 0) for @tls;

# half-open: no pong

$mark = $t->log_mark();
my $dumb = raw('/ping/live/p');
my $polite = chat('/ping/live/p');
$polite->join;

my $start = time();
eval { $polite->wait('nothing', undef, 3) };
ok(!$dumb->{http}->{sock} || $dumb->closed(5), 'who answers no ping is closed');
ok($t->wait_log(qr/client timed out/, 5, $mark), 'and logged');
$polite->send(type => 'history');
ok($polite->wait('history'), 'who does is not');

# POST

$http = $t->client;
my $r = $http->get('/chat/live/a', method => 'POST', body => 'x' x 5000);
is($r->{status}, 413, 'a body that is too long');
is($http->get('/chat/live/a', method => 'POST', body => '')->{status}, 400,
    'none');
is($http->get('/chat/live/a', method => 'POST',
    body => '{"type":"message","text":"' . text() . '"}')->{status}, 200,
    'the connection is still good');

$http = $t->client;
$http->sock->print("POST /chat/live/a HTTP/1.1\r\nHost: a\r\n"
    . "Transfer-Encoding: chunked\r\n\r\n"
    . sprintf("%x\r\n%s\r\n0\r\n\r\n", 9000, 'y' x 9000));
is($http->response->{status}, 413, 'chunked');

# those who vanish

my @gones;

for (1 .. 40) {
    my $h = $t->client;
    $h->request('/chat/live/v', headers => { Accept => 'text/event-stream' });
    push @gones, $h;

    my $p = $t->client;
    my $cursor = $t->json('/chat/live/v')->{cursor};
    $p->request("/chat/live/v?cursor=$cursor");
    push @gones, $p;
}

my $v = chat('/chat/live/v');
wait_for(sub { $v->join->{room}{viewers} == 81 }, 10, 'viewers');

for (@gones) {
    $_->sock->setsockopt(SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
    $_->close;
}

ok(wait_for(sub { $v->join->{room}{viewers} == 1 }, 10, 'their end'),
    'who vanishes is not counted');

# bursts of connects

my ($rate, @after) = (0);

for (1 .. 4) {
    my ($k, $begun) = (500, time());
    my @c = map { burst() } 1 .. $k;

    $rate = $k / (time() - $begun);
    $_->readable(10) for @c;
    $_->close for @c;

    $v = chat('/chat/live/burst');
    wait_for(sub { $v->join->{room}{viewers} == 1 }, 20, 'end of the burst');
    push @after, memory();
}

note(sprintf('%.0f connects/s', $rate));
cmp_ok($after[3] - $after[0], '<', $SPARE + 1024, 'memory returns, kB');

$_->{ws}{http}->close for $c, $sender, $watcher, $slow, $talk, $stuck, $tls,
    $polite, $v;

done_testing();

###############################################################################

sub frame { Test::NginxLive::WebSocket::frame(@_) }

sub chat { Test::NginxLive::Chat->new($t, @_) }

sub raw {
    my ($path, %opt) = @_;
    return Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => $path, %opt);
}

# a text that was not said before

sub text {
    my ($len) = @_;
    return ++$n . '-' . 'x' x ($len // 10);
}

sub memory { $t->memory($worker)->{own} }

# the code by which the server closes when it is sent bytes

sub code_of {
    my ($bytes, %opt) = @_;

    my $c = chat('/chat/live/a', %opt);
    $c->{ws}->send($bytes);
    my $code = $c->close_code;
    $c->{ws}{http}->close;

    return $code;
}

# the next answer, which presence may come between

sub next_text {
    my ($c) = @_;
    my $m;

    do {
        $m = $c->{ws}->wait_opcode(1, 10) // return undef;
    } until ($m->{data} =~ /^\{"type":"(?:history|ack)"/);

    return $m->{data};
}

# the worker has come to what was sent before

sub answering {
    my ($c) = @_;
    my $id = 'a' . ++$n;

    $c->send(type => 'history', limit => 1, id => $id);
    $c->wait('ack', sub { $_[0]{ref} eq $id });
}

# as much of it as the server takes

sub stuff {
    my ($ws, $bytes) = @_;

    my $sock = $ws->{http}->sock;
    $sock->blocking(0);

    while (length $bytes && IO::Select->new($sock)->can_write(0.3)) {
        my $sent = $sock->syswrite($bytes) // last;
        substr($bytes, 0, $sent, '');
    }

    $sock->blocking(1);
}

sub burst {
    my $h = $t->client;

    $h->sock->print("GET /chat/live/burst HTTP/1.1\r\nHost: a\r\n"
        . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Sec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        . frame(1, '{"type":"join"}'));

    return $h;
}

# a client of TLS that does not read as long as its output is not read

sub tls {
    my $pid = open2(my $out, my $in, 'openssl', 's_client', '-quiet',
        '-connect', '127.0.0.1:' . $t->port('https'));

    binmode($_) for $in, $out;
    syswrite($in, "GET /chat/live/tls HTTP/1.1\r\nHost: a\r\n"
        . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Sec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        . frame(1, '{"type":"join"}'));

    return { pid => $pid, in => $in, out => $out };
}

sub drain {
    my ($tls, $last) = @_;
    my $got = '';

    while (index($got, $last) < 0
           && IO::Select->new($tls->{out})->can_read(20))
    {
        sysread($tls->{out}, $got, 65536, length $got) or last;
    }

    return $got;
}

###############################################################################
