#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The cases of the Autobahn test suite, by their numbers.  Autobahn tests a
# server that echoes; this one understands commands: so a message that was
# received is one that is answered.  docs/chat-conformance.md has the table.
# Then two clients that others have made: Python's websockets and Chromium.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::WebSocket;
use Test::NginxLive::Process qw/ which slurp /;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

$SIG{PIPE} = 'IGNORE';

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { play any; }',
    http => 'live_chat_guests write; live_chat_rate off; live_chat_flush 0;
             server { listen 127.0.0.1:%%PORT_http%%;
                 location /chat/ { live_chat; live_chat_ping 1s; }
                 location /big/ { live_chat; live_chat_message_size 128k; }
                 location /off/ { live_chat; live_chat_deflate off; }
                 location = /page { default_type text/html;
                                    return 200 "<title>chat</title>"; } }'
)->start;

my (@rows, %opt);

sub frame { Test::NginxLive::WebSocket::frame(@_) }

# a command that is answered by "error:ID", of a length

sub command {
    my ($id, $len) = @_;
    my $text = qq({"type":"history","id":"$id"});
    return $text . ' ' x (($len // 0) > length $text ? $len - length $text : 0);
}

sub text { frame(1, command(@_)) }

sub chop_up { map { $_ } split(//, join('', @_)) }

# what the server does: answers, pongs, a close, the end

sub result {
    my ($path, @pieces) = @_;

    my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => $path, headers => $opt{headers});
    my @seen;

    $ws->send($_) for @pieces;
    $ws->send(frame(1, command('end')));

    while (my $m = eval { $ws->message(10) }) {
        if ($m->{opcode} == 1) {
            my $json = decode_json($m->{data});
            my $id = $json->{ref} // $json->{code};

            last if $id eq 'end';
            push @seen, $id;

        } elsif ($m->{opcode} == 10) {
            push @seen, 'pong' . (length $m->{data} < 20 ? " $m->{data}" : '');

        } elsif ($m->{opcode} == 8) {
            push @seen, 'close ' . unpack('n', $m->{data});
            $ws->close(1000);
            push @seen, 'no end' unless $ws->closed(5);
            last;
        }
    }

    $ws->{http}->close;
    s/ $// for @seen;

    return join(', ', @seen);
}

sub case {
    my ($number, $what, $expected, @pieces) = @_;

    my $path = delete $opt{path} // '/chat/live/a';

    is(result($path, @pieces), $expected, "$number: $what");
    push @rows, [ $number, $what, $expected ];
}

# 1: frames

case('1.1.1', 'text of 0 bytes', 'bad_json', frame(1, ''));

my @sizes = (125 .. 128, 65535, 65536);

for (1 .. 6) {
    $opt{path} = '/big/live/a';
    case('1.1.' . ($_ + 1), "text of $sizes[$_ - 1] bytes", 'a',
        text('a', $sizes[$_ - 1]));
}

$opt{path} = '/big/live/a';
case('1.1.8', 'text of 65536 bytes in pieces of 997', 'a',
    unpack('(a997)*', text('a', 65536)));

@sizes = (0, @sizes, 65536);
case('1.2.' . ($_ + 1), "binary of $sizes[$_] bytes", 'close 1003',
    frame(2, "\xfe" x $sizes[$_])) for 0, 1 .. 4;

for (5 .. 7) {
    $opt{path} = '/big/live/a';
    case('1.2.' . ($_ + 1), "binary of $sizes[$_] bytes", 'close 1003',
        frame(2, "\xfe" x $sizes[$_]));
}

# 2: pings and pongs

my @ten = map { frame(9, "p$_") } 1 .. 10;
my $pongs = join(', ', map { "pong p$_" } 1 .. 10);

case('2.1', 'ping without payload', 'pong', frame(9, ''));
case('2.2', 'ping with text', 'pong Hello', frame(9, 'Hello'));
case('2.3', 'ping with bytes', "pong \0\xff\xfe", frame(9, "\0\xff\xfe"));
$rows[-1][2] = 'pong';
case('2.4', 'ping of 125 bytes', 'pong', frame(9, "\xfe" x 125));
case('2.5', 'ping of 126 bytes', 'close 1002', frame(9, "\xfe" x 126));
case('2.6', 'ping of 125 bytes, byte by byte', 'pong',
    chop_up(frame(9, "\xfe" x 125)));
case('2.7', 'pong without payload', '', frame(10, ''));
case('2.8', 'pong with payload', '', frame(10, 'unasked'));
case('2.9', 'pong, then ping', 'pong x', frame(10, 'un'), frame(9, 'x'));
case('2.10', 'ten pings', $pongs, @ten);
case('2.11', 'ten pings, byte by byte', $pongs, chop_up(@ten));

# 3: reserved bits

case('3.1', 'RSV 4, text', 'close 1002', frame(1, 'x', rsv => 0x40));
case('3.2', 'text, RSV 2, ping', 'a, close 1002', text('a'),
    frame(1, 'x', rsv => 0x20), frame(9, ''));
case('3.3', 'text, RSV 3, ping, at once', 'a, close 1002', text('a')
    . frame(1, 'x', rsv => 0x30) . frame(9, ''));
case('3.4', 'text, RSV 1, ping, byte by byte', 'a, close 1002',
    chop_up(text('a')), frame(1, 'x', rsv => 0x10) . frame(9, ''));
case('3.5', 'RSV 5, binary', 'close 1002', frame(2, 'x', rsv => 0x50));
case('3.6', 'RSV 6, ping', 'close 1002', frame(9, 'x', rsv => 0x60));
case('3.7', 'RSV 7, close', 'close 1002', frame(8, '', rsv => 0x70));

# 4: opcodes

for my $i (1 .. 5) {
    case("4.1.$i", 'opcode ' . ($i + 2), $i < 3 ? 'close 1002'
        : 'a, close 1002', ($i < 3 ? () : text('a')), frame($i + 2, 'x'));
    case("4.2.$i", 'opcode ' . ($i + 10), $i < 3 ? 'close 1002'
        : 'a, close 1002', ($i < 3 ? () : text('a')), frame($i + 10, 'x'));
}

# 5: fragments

my @part = unpack('(a10)*', command('a'));
my @two = (frame(1, $part[0], fin => 0),
           frame(0, join('', @part[1 .. $#part])));
my @five = (frame(1, $part[0], fin => 0), frame(0, $part[1], fin => 0),
            frame(0, join('', @part[2 .. $#part])));
my $ping = frame(9, 'x');

case('5.1', 'ping in two fragments', 'close 1002', frame(9, 'a', fin => 0),
    frame(0, 'b'));
case('5.2', 'pong in two fragments', 'close 1002', frame(10, 'a', fin => 0),
    frame(0, 'b'));
case('5.3', 'text in two fragments', 'a', @two);
case('5.4', 'text in two fragments, at once', 'a', join('', @two));
case('5.5', 'text in two fragments, byte by byte', 'a', chop_up(@two));
case('5.6', 'ping between fragments', 'pong x, a', $two[0], $ping, $two[1]);
case('5.7', 'the same at once', 'pong x, a', $two[0] . $ping . $two[1]);
case('5.8', 'the same byte by byte', 'pong x, a',
    chop_up($two[0], $ping, $two[1]));
case('5.9', 'continuation of nothing, then text', 'close 1002',
    frame(0, 'x'), text('a'));
case('5.10', 'the same at once', 'close 1002', frame(0, 'x') . text('a'));
case('5.11', 'the same byte by byte', 'close 1002', frame(0, 'x'),
    chop_up(text('a')));
case('5.12', 'continuation of nothing without FIN', 'close 1002',
    frame(0, 'x', fin => 0), text('a'));
case('5.13', 'the same at once', 'close 1002',
    frame(0, 'x', fin => 0) . text('a'));
case('5.14', 'the same byte by byte', 'close 1002', frame(0, 'x', fin => 0),
    chop_up(text('a')));
case('5.15', 'two fragments, continuation of nothing', 'a, close 1002', @two,
    frame(0, 'x', fin => 0), text('b'));
case('5.16', 'continuation of nothing, two fragments', 'close 1002',
    frame(0, 'x', fin => 0), @two);
case('5.17', 'the same with FIN', 'close 1002', frame(0, 'x'), @two);
case('5.18', 'text within a text', 'close 1002', $two[0], text('b'));
case('5.19', 'fragments and pings', 'pong x, pong x, a', $five[0], $ping,
    $five[1], $ping, $five[2]);
case('5.20', 'the same at once', 'pong x, pong x, a', join('', $five[0],
    $ping, $five[1], $ping, $five[2]));

# 6: UTF-8.  What is text, but no command, is answered by bad_json.

case('6.1.1', 'text of 0 bytes', 'bad_json', frame(1, ''));
case('6.1.2', 'three empty fragments', 'bad_json', frame(1, '', fin => 0),
    frame(0, '', fin => 0), frame(0, ''));
case('6.1.3', 'empty ones around a text', 'a', frame(1, '', fin => 0),
    frame(0, command('a'), fin => 0), frame(0, ''));

my $good = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";

case('6.2.1', 'UTF-8', 'bad_json', frame(1, $good));
case('6.2.2', 'in two fragments, between code points', 'bad_json',
    frame(1, substr($good, 0, 8), fin => 0), frame(0, substr($good, 8)));
case('6.2.3', 'in fragments of one byte', 'bad_json', fragments($good));
case('6.2.4', 'Greek, in fragments of one byte', 'bad_json',
    fragments("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"));

my $evil = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";

case('6.3.1', 'a surrogate', 'close 1007', frame(1, $evil));
case('6.3.2', 'in fragments of one byte', 'close 1007', fragments($evil));

# what cannot be right is refused before the message ends

my $high = "\xce\xba\xf4\x90\x80\x80";

case('6.4.1', 'invalid in a fragment, which is the second of three',
    'close 1007', frame(1, "\xce\xba", fin => 0),
    frame(0, "\xf4\x90\x80\x80", fin => 0));
case('6.4.2', 'invalid from its second byte on', 'close 1007',
    frame(1, "\xce\xba\xf4", fin => 0), frame(0, "\x90", fin => 0));
case('6.4.3', 'a frame of which the end has not come', 'close 1007',
    substr(frame(1, $high . 'x' x 50), 0, 6 + 6));
case('6.4.4', 'the same byte by byte', 'close 1007',
    chop_up(substr(frame(1, $high . 'x' x 50), 0, 6 + 6)));

my @utf8 = (
    5 => [ "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5" ],
    6 => [ map { \$_ } "\xce", "\xce\xba\xe1", "\xce\xba\xe1\xbd",
           "\xce\xba\xe1\xbd\xb9\xcf", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce" ],
    7 => [ "\0", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80" ],
    8 => [ \"\xf8\x88\x80\x80\x80", \"\xfc\x84\x80\x80\x80\x80" ],
    9 => [ "\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf" ],
    10 => [ \"\xf7\xbf\xbf\xbf", \"\xfb\xbf\xbf\xbf\xbf",
            \"\xfd\xbf\xbf\xbf\xbf\xbf" ],
    11 => [ "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
            "\xf4\x8f\xbf\xbf", \"\xf4\x90\x80\x80" ],
    12 => [ map { \$_ } "\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80",
            "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80",
            "\x80\xbf\x80\xbf\x80\xbf",
            join('', map { chr } 0x80 .. 0xbf) ],
    13 => [ map { \$_ } join(' ', map { chr } 0xc0 .. 0xdf) . ' ',
            join(' ', map { chr } 0xe0 .. 0xef) . ' ',
            join(' ', map { chr } 0xf0 .. 0xf7) . ' ',
            join(' ', map { chr } 0xf8 .. 0xfb) . ' ', "\xfc \xfd " ],
    14 => [ map { \$_ } "\xc0", "\xe0\x80", "\xf0\x80\x80",
            "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80", "\xdf", "\xef\xbf",
            "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf" ],
    15 => [ \"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80" ],
    16 => [ map { \$_ } "\xfe", "\xff", "\xfe\xfe\xff\xff" ],
    17 => [ map { \$_ } "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
            "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf" ],
    18 => [ map { \$_ } "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
            "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf" ],
    19 => [ map { \$_ } "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
            "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80" ],
    20 => [ map { \$_ } "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80",
            "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf" ],
    21 => [ map { \$_ } "\xed\xa0\x80\xed\xb0\x80",
            "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80",
            "\xed\xad\xbf\xed\xbf\xbf", "\xed\xae\x80\xed\xb0\x80",
            "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80",
            "\xed\xaf\xbf\xed\xbf\xbf" ],
    22 => [ "\xef\xbf\xbe", "\xef\xbf\xbf",
            map { my $high = $_; map { my $c = $high . $_; $c }
                  "\xbf\xbe", "\xbf\xbf" }
            map { my $f = $_; map { $f . $_ } "\x9f", "\xaf", "\xbf" }
            "\xf0", "\xf1" ],
    23 => [ map { "\xef\xbf" . chr } 0xb9 .. 0xbd, 0xbe, 0xbf ]
);

while (my ($group, $texts) = splice(@utf8, 0, 2)) {
    my $i = 0;

    for my $v (@$texts) {
        my $bytes = ref $v ? $$v : $v;

        case("6.$group." . ++$i,
            (ref $v ? 'invalid: ' : 'valid: ')
                . join(' ', map { sprintf '%02x', ord } split(//,
                    substr($bytes, 0, 6)))
                . (length $bytes > 6 ? ' ..' : ''),
            ref $v ? 'close 1007' : 'bad_json', frame(1, $bytes));
    }
}

# 7: the end

my $close = frame(8, pack('n', 1000));

case('7.1.1', 'text, close', 'a, close 1000', text('a'), $close);
case('7.1.2', 'two closes', 'close 1000', $close . $close);
case('7.1.3', 'ping after close', 'close 1000', $close . $ping);
case('7.1.4', 'text after close', 'close 1000', $close . text('a'));
case('7.1.5', 'close between fragments', 'close 1000', $two[0] . $close
    . $two[1]);
$opt{path} = '/big/live/a';
case('7.1.6', '64 kB of text, close, ping', 'a, close 1000',
    text('a', 65536), $close, $ping);
case('7.3.1', 'close without payload', 'close 1000', frame(8, ''));
case('7.3.2', 'close of one byte', 'close 1002', frame(8, 'a'));
case('7.3.3', 'close with a code', 'close 1000', $close);
case('7.3.4', 'close with a reason', 'close 1000',
    frame(8, pack('n', 1000) . 'Hello'));
case('7.3.5', 'a reason of 123 bytes', 'close 1000',
    frame(8, pack('n', 1000) . 'x' x 123));
case('7.3.6', 'a reason of 124 bytes', 'close 1002',
    frame(8, pack('n', 1000) . 'x' x 124));
case('7.5.1', 'a reason that is not UTF-8', 'close 1007',
    frame(8, pack('n', 1000) . $evil));

my @codes = (1000 .. 1003, 1007 .. 1011, 3000, 3999, 4000, 4999);
case('7.7.' . ($_ + 1), "close code $codes[$_]", "close $codes[$_]",
    frame(8, pack('n', $codes[$_]))) for 0 .. $#codes;

@codes = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999);
case('7.9.' . ($_ + 1), "close code $codes[$_]", 'close 1002',
    frame(8, pack('n', $codes[$_]))) for 0 .. $#codes;

case('7.13.1', 'close code 5000', 'close 1002', frame(8, pack('n', 5000)));
case('7.13.2', 'close code 65535', 'close 1002', frame(8, pack('n', 65535)));

# 9, 10: what is large, as far as messages may be

@sizes = (65536, 262144, 1 << 20, 4 << 20, 8 << 20, 16 << 20);

for (1 .. 6) {
    $opt{path} = '/big/live/a';
    case("9.1.$_", "text of $sizes[$_ - 1] bytes", $_ == 1 ? 'a'
        : 'close 1009', substr(text('a', $sizes[$_ - 1]), 0, 300_000));
}

case("9.2.$_", "binary of $sizes[$_ - 1] bytes", 'close 1009',
    substr(frame(2, 'x' x $sizes[$_ - 1]), 0, 3000)) for 1 .. 6;

my $i = 0;

for my $size (64, 256, 1024, 4096, 16384, 65536) {
    $opt{path} = '/big/live/a';
    case('9.3.' . ++$i, "128 kB in fragments of $size bytes", 'a',
        join('', fragments(command('a', 131072), $size)));
    case("9.4.$i", "4 kB and one byte in fragments of $size", 'close 1009',
        join('', fragments(command('a', 4097), $size)));
}

$i = 0;

for my $size (64, 128, 256, 512, 1024, 2048) {
    $opt{path} = '/big/live/a';
    case('9.5.' . ++$i, "128 kB in segments of $size bytes", 'a',
        unpack("(a$size)*", text('a', 131072)));
}

$i = 0;

for my $size (0, 16, 64, 256, 1024, 4096) {
    case('9.7.' . ++$i, "1000 messages of $size bytes",
        join(', ', map { $size > 30 ? "m$_" : 'bad_json' } 1 .. 1000),
        map { $size > 30 ? text("m$_", $size) : frame(1, 'x' x $size) }
        1 .. 1000);
    $rows[-1][2] = 'all are answered, in order';
}

$opt{path} = '/big/live/a';
case('10.1.1', '64 kB in fragments of 1300 bytes', 'a',
    join('', fragments(command('a', 65536), 1300)));

# 12, 13: permessage-deflate

my %offers = (
    12 => '',
    '13.1' => '; client_no_context_takeover',
    '13.2' => '; server_no_context_takeover',
    '13.3' => '; client_max_window_bits=9',
    '13.4' => '; server_max_window_bits=15',
    '13.5' => '; client_no_context_takeover; client_max_window_bits=9',
    '13.6' => '; server_no_context_takeover; server_max_window_bits=15',
    '13.7' => '; server_max_window_bits=8, permessage-deflate'
);

for my $offer (sort keys %offers) {
    local $opt{headers} = { 'Sec-WebSocket-Extensions' =>
        "permessage-deflate$offers{$offer}" };

    $i = 0;

    for my $size (40, 64, 256, 1024, 4096) {
        my $number = ($offer eq '12' ? '12.1' : $offer) . '.' . ++$i;

        case($number, "100 compressed messages of $size bytes, offer "
            . '"' . ($offers{$offer} || 'none') . '"',
            join(', ', map { "m$_" } 1 .. 100),
            map { compressed("m$_", $size) } 1 .. 100);
        $rows[-1][2] = 'all are answered, in order';
    }

    case($offer eq '12' ? '12.2.1' : "$offer.6", 'in fragments', 'a',
        fragments_of(compressed('a', 1024)));
}

for my $offer ('; server_max_window_bits=9', '; unknown',
    '; server_no_context_takeover; server_no_context_takeover')
{
    my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => '/chat/live/a', headers => { 'Sec-WebSocket-Extensions' =>
        "permessage-deflate$offer" });

    is($ws->{headers}{'sec-websocket-extensions'}, undef,
        "\"$offer\" is declined");
    $ws->{http}->close;
}

# RFC 6455, 9.1: several headers are one list

for my $case ([ 'a second header', 'permessage-deflate',
                'permessage-deflate; server_max_window_bits=9',
                'permessage-deflate' ],
              [ 'another extension first', 'permessage-deflate',
                'x-other; a=b', 'permessage-deflate' ],
              [ 'the first that can be met', 'server_max_window_bits=15',
                'permessage-deflate; server_max_window_bits=15, x-other',
                'permessage-deflate' ],
              [ 'a second one that breaks the grammar', undef,
                'permessage-deflate', 'permessage-deflate; =' ])
{
    my ($name, $expected, @values) = @$case;

    my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => '/chat/live/a', headers => { 'Sec-WebSocket-Extensions' =>
        join("\r\nSec-WebSocket-Extensions: ", @values) });

    my $answer = $ws->{headers}{'sec-websocket-extensions'};

    defined $expected ? like($answer, qr/\Q$expected/, $name)
                      : is($answer, undef, $name);
    $ws->{http}->close;
}

{
    local $opt{headers} = { 'Sec-WebSocket-Extensions' =>
        'permessage-deflate' };

    $opt{path} = '/off/live/a';
    case('13.8', 'compressed, but not agreed', 'close 1002',
        compressed('a', 1024));
    case('13.9', 'compressed continuation', 'close 1002',
        frame(1, 'x', fin => 0), frame(0, 'x', rsv => 0x40));
    case('13.10', 'compressed ping', 'close 1002', frame(9, 'x', rsv => 0x40));
    case('13.11', 'compressed text that is not UTF-8', 'close 1007',
        frame(1, Test::NginxLive::WebSocket::deflate($evil), rsv => 0x40));
}

# the table

my $docs = slurp("$FindBin::Bin/../docs/chat-conformance.md");
my $table = join('', map { sprintf("| %s | %s | %s |\n", $_->[0], $_->[1],
    $_->[2] eq '' ? 'nothing' : $_->[2] =~ s/\ba\b/answer/r) } @rows);

$table =~ s/(?:pong p\d+(?:, )?){10}/ten pongs, in order/g;

if ($ENV{LIVE_TABLE}) {
    open(my $fh, '>', $ENV{LIVE_TABLE}) or die "$!\n";
    print $fh $table;
}

ok(index($docs, $table) >= 0, 'docs/chat-conformance.md says so');

# Python's websockets

SKIP: {
    my $python = '/usr/bin/python3';

    skip 'no websockets of Python', 1
        if system("$python -c 'import websockets' 2> /dev/null") != 0;

    my $r = run_command(cmd => [ $python, '-c', python(),
        'ws://127.0.0.1:' . $t->port('http') . '/chat/live/python' ],
        timeout => 60);

    is($r->{out}, "deflate\nwelcome\nfragments\ncompressed\nalive\nclosed 1000\n",
        'websockets') or diag($r->{err});
}

# Chromium

SKIP: {
    skip 'no browser', 2
        unless which('chromium') && which('node')
               && -d Test::NginxLive::Browser::build() . '/browser/node_modules';

    my $r = browse($t->url('/page'), still => 1,
        steps => [ [ 'eval', chromium() ] ]);

    is($r->{error}, undef, 'Chromium');
    is_deeply($r->{results}[0]{value} // $r->{results}[0], {
        extensions => 'permessage-deflate; server_no_context_takeover; '
            . 'client_no_context_takeover',
        welcome => 'welcome', text => "long \x{1F600} " . 'x' x 400,
        code => 1000, clean => JSON::PP::true }, 'talks')
        or diag(explain($r->{results}));
}

done_testing();

###############################################################################

sub fragments {
    my ($bytes, $size) = @_;

    $size //= 1;
    my @p = unpack("(a$size)*", $bytes);

    return map { frame($_ ? 0 : 1, $p[$_], fin => $_ == $#p) } 0 .. $#p;
}

sub compressed {
    return frame(1, Test::NginxLive::WebSocket::deflate(command(@_)),
        rsv => 0x40);
}

sub fragments_of {
    my $data = Test::NginxLive::WebSocket::deflate(command('a', 1024));

    return (frame(1, substr($data, 0, 3), rsv => 0x40, fin => 0),
            frame(0, substr($data, 3)));
}

sub python {
    return <<'EOF';
import asyncio, json, sys
import websockets

class Client(websockets.WebSocketClientProtocol):
    """Tells when the pings it sends by itself have been answered."""

    answered = 0

    async def ping(self, data=None):
        waiter = await super().ping(data)
        if data is None:
            waiter.add_done_callback(self.was_answered)
        return waiter

    def was_answered(self, waiter):
        self.answered += not waiter.cancelled()
        if self.answered == 10:
            self.kept.set()

async def main():
    async with websockets.connect(sys.argv[1], ping_interval=0.2,
                                  ping_timeout=5,
                                  create_protocol=Client) as ws:
        ws.kept = asyncio.Event()

        async def until(kind):
            while True:
                m = json.loads(await asyncio.wait_for(ws.recv(), 20))
                if m['type'] == kind:
                    return m

        print('deflate' if ws.extensions else 'plain')
        await ws.send('{"type":"join","name":"Python"}')
        print((await until('welcome'))['type'])
        await ws.send(iter(['{"type":"message",', '"text":"in pie', 'ces"}']))
        assert (await until('message'))['text'] == 'in pieces'
        print('fragments')
        text = ''.join(chr(0x4e00 + i) for i in range(400))
        await ws.send(json.dumps({'type': 'message', 'text': text}))
        assert (await until('message'))['text'] == text
        print('compressed')
        for i in range(25):
            await (await ws.ping(b'x%d' % i))
        await asyncio.wait_for(ws.kept.wait(), 30)
        print('alive')
        await ws.close()
        print('closed', ws.close_code)

asyncio.run(main())
EOF
}

sub chromium {
    my $port = $t->port('http');

    return <<EOF;
new Promise((done) => {
    const ws = new WebSocket('ws://127.0.0.1:$port/chat/live/chromium');
    const r = {};
    const text = 'long \\u{1F600} ' + 'x'.repeat(400);

    ws.onopen = () => {
        r.extensions = ws.extensions;
        ws.send(JSON.stringify({ type: 'join', name: 'Chromium' }));
    };
    ws.onmessage = (e) => {
        const m = JSON.parse(e.data);
        if (m.type === 'welcome') {
            r.welcome = m.type;
            ws.send(JSON.stringify({ type: 'message', text }));
        }
        if (m.type === 'message') {
            r.text = m.text;
            ws.close(1000);
        }
    };
    ws.onclose = (e) => {
        r.code = e.code;
        r.clean = e.wasClean;
        done(r);
    };
})
EOF
}

###############################################################################
