package Test::NginxLive::WebSocket;

# Copyright (C) nginx-live authors

# A raw WebSocket client (RFC 6455) over plain TCP, strict in what it reads.
#
#     my $ws = Test::NginxLive::WebSocket->new(port => $port, path => '/x');
#     $ws->{status}; $ws->message(5)->{data}; $ws->ping('hi'); $ws->close(1000);
#
# Options of new: port, path, headers (hash, undef takes one away), early
# (bytes sent together with the request).  When the server has accepted
# permessage-deflate, messages are inflated.

use warnings;
use strict;

use Compress::Zlib ();
use Digest::SHA qw/ sha1_base64 /;
use Time::HiRes qw/ time /;

use Test::NginxLive::HTTP;


my $KEY = 'dGhlIHNhbXBsZSBub25jZQ==';


sub new {
    my ($class, %opt) = @_;

    my $http = Test::NginxLive::HTTP->new(port => $opt{port});
    my $self = bless { http => $http }, $class;

    my %headers = (Host => 'localhost', Connection => 'Upgrade',
        Upgrade => 'websocket', 'Sec-WebSocket-Version' => 13,
        'Sec-WebSocket-Key' => $KEY, %{$opt{headers} // {}});

    my $text = "GET $opt{path} HTTP/1.1\r\n" . join('',
        map { defined $headers{$_} ? "$_: $headers{$_}\r\n" : () }
        sort keys %headers) . "\r\n" . ($opt{early} // '');

    $http->sock->print($text);

    my $r = $http->response(timeout => 10);
    $self->{$_} = $r->{$_} for qw/ status headers body /;

    if ($r->{status} == 101) {
        my $accept = sha1_base64($KEY
            . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';

        die "bad Sec-WebSocket-Accept\n"
            unless $r->{headers}{'sec-websocket-accept'} eq $accept;

        $self->{deflate} = ($r->{headers}{'sec-websocket-extensions'} // '')
                           =~ /^permessage-deflate/;
    }

    return $self;
}


# A masked frame as a client sends it; fin, mask and rsv can be wrong.

sub frame {
    my ($opcode, $data, %opt) = @_;

    my $first = $opcode | (($opt{fin} // 1) ? 0x80 : 0) | ($opt{rsv} // 0);
    my $bit = ($opt{mask} // 1) ? 0x80 : 0;
    my $n = length $data;

    my $head = $n < 126 ? pack('CC', $first, $bit | $n)
               : $n < 65536 ? pack('CCn', $first, $bit | 126, $n)
               : pack('CCNN', $first, $bit | 127, 0, $n);

    return $head . $data unless $bit;

    my $mask = pack('N', 0x12345678);
    my $long = substr($mask x (int($n / 4) + 1), 0, $n);

    return $head . $mask . ($data ^ $long);
}


sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    $self->{http}->sock->print($bytes);

    return $self;
}


sub ping { $_[0]->send(frame(9, $_[1] // '')) }


sub close { $_[0]->send(frame(8, defined $_[1] ? pack('n', $_[1]) : '')) }


# A compressed payload, as RFC 7692 has it.

sub deflate {
    my ($data) = @_;

    my $zs = Compress::Zlib::deflateInit(-WindowBits => -15, -Level => 9);
    my $out = $zs->deflate($data) . $zs->flush(Compress::Zlib::Z_SYNC_FLUSH());

    return substr($out, 0, -4);
}


sub inflate {
    my ($data) = @_;

    my $in = $data . "\0\0\xff\xff";
    my ($out, $rc) = Compress::Zlib::inflateInit(-WindowBits => -15)
        ->inflate($in);

    die "not deflated: $rc\n" unless $rc == Compress::Zlib::Z_OK();

    return $out;
}


# The next frame: opcode, data, compressed; undef at the end of the connection.

sub message {
    my ($self, $timeout) = @_;

    $timeout //= 5;

    my $http = $self->{http};
    my $head = $http->read_bytes(2, $timeout);

    return undef if length $head == 0;

    my ($first, $n) = unpack('C2', $head);

    my $compressed = $self->{deflate} && ($first & 0xcf) == 0xc1;

    die "bad first byte of a frame: $first\n"
        unless ($compressed || ($first & 0xf0) == 0x80) && ($first & 0xf) =~ /^(?:[1289]|10)$/;
    die "masked by a server\n" if $n & 0x80;

    if ($n == 126) {
        $n = unpack('n', $http->read_bytes(2, $timeout));
        die "length is not the shortest\n" if $n < 126;

    } elsif ($n == 127) {
        my ($high, $low) = unpack('NN', $http->read_bytes(8, $timeout));
        die "length is not the shortest\n" if $high == 0 && $low < 65536;
        $n = $low;
    }

    my $data = $http->read_bytes($n, $timeout);
    die "frame was cut off\n" unless length $data == $n;

    $data = inflate($data) if $compressed;

    return { opcode => $first & 0xf, data => $data,
             compressed => $compressed };
}


# Reads until a frame of the opcode came; others go to the code reference.

sub wait_opcode {
    my ($self, $opcode, $timeout, $code) = @_;

    my $end = time() + ($timeout // 5);

    while (time() < $end) {
        my $m = $self->message($end - time()) // return undef;
        return $m if $m->{opcode} == $opcode;
        $code->($m) if $code;
    }

    die "no frame of opcode $opcode\n";
}


sub closed { $_[0]{http}->closed($_[1]) }


1;
