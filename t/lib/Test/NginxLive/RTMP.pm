package Test::NginxLive::RTMP;

# Copyright (C) nginx-live authors

# A raw RTMP client that can do what real ones never do.
#
#     my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
#
#     $c->handshake;
#     $c->connect_app('live');
#     my $id = $c->create_stream;
#     $c->command($id, 'publish', 0, undef, 'name', 'live');
#     my $info = $c->status;               # { level, code, description }
#     $c->video($id, 0, key_frame());
#
# Values of AMF0: numbers, strings, undef (null), \1 and \0 (booleans), hashes
# (objects).  A number is what looks like one; str('1') is a string.

use warnings;
use strict;

use Exporter qw/ import /;
use IO::Select;
use IO::Socket::INET;
use Socket qw/ SOCK_STREAM SOL_SOCKET SO_RCVBUF pack_sockaddr_in
    inet_aton AF_INET /;
use Time::HiRes qw/ time /;

use Test::NginxLive::Process qw/ factor /;

our @EXPORT_OK = qw/ amf amf_decode str avc_config avc_frame aac_config
    aac_frame mp3_frame /;

my %TYPES = (chunk_size => 1, abort => 2, ack => 3, control => 4, window => 5,
             audio => 8, video => 9, amf3_data => 15, amf3_command => 17,
             data => 18, command => 20, aggregate => 22);


# port, host, timeout, rcvbuf (bytes, for one that shall be slow); the connection is
# made at once.

sub new {
    my ($class, %opt) = @_;

    my $self = bless { timeout => 10, in => '', chunk_in => 128,
                       chunk_out => 128, csids => {}, transaction => 1,
                       %opt }, $class;

    my $sock = IO::Socket->new();

    socket($sock, AF_INET, SOCK_STREAM, 0) or die "socket: $!\n";

    if ($opt{rcvbuf}) {
        setsockopt($sock, SOL_SOCKET, SO_RCVBUF, pack('i', $opt{rcvbuf}));
    }

    CORE::connect($sock, pack_sockaddr_in($opt{port},
            inet_aton($opt{host} // '127.0.0.1')))
        or die "cannot connect to port $opt{port}: $!\n";

    binmode($sock);
    bless $sock, 'IO::Socket::INET';

    $self->{sock} = $sock;

    return $self;
}


sub sock { $_[0]{sock} }

sub local_port { $_[0]{sock}->sockport }


sub close {
    my ($self) = @_;

    $self->{sock}->close if $self->{sock};
    $self->{sock} = undef;
}


# Bytes as they are.

sub write {
    my ($self, $data) = @_;

    local $SIG{PIPE} = 'IGNORE';
    my $end = time() + $self->{timeout} * factor();

    while (length $data) {
        my $n = syswrite($self->{sock}, $data);

        if (!defined $n) {
            return 0 if !$!{EAGAIN} || time() > $end;
            next;
        }

        substr($data, 0, $n, '');
    }

    return 1;
}


# Bytes read within the timeout; less, or '', when the server has closed.

sub read {
    my ($self, $n) = @_;

    while (length $self->{in} < $n) {
        last unless $self->_fill();
    }

    return substr($self->{in}, 0, $n, '');
}


sub _fill {
    my ($self) = @_;

    my $end = $self->{end} // time() + $self->{timeout} * factor();

    my $left = $end - time();

    if ($left <= 0 || !IO::Select->new($self->{sock})->can_read($left)) {
        die "timeout of an RTMP message\n";
    }

    return sysread($self->{sock}, $self->{in}, 65536, length $self->{in});
}


# True when the server closes within TIMEOUT seconds; what comes before that
# is kept.

sub closed {
    my ($self, $timeout) = @_;

    local $self->{end} = time() + ($timeout // 5) * factor();

    return eval { 1 while $self->_fill(); 1 } ? 1 : 0;
}


# The plain handshake, or with digest => 8 or 772 that scheme.  Returns S1 and
# S2 and dies when the answer is not one.

sub handshake {
    my ($self, %opt) = @_;

    my $c1 = $self->c1($opt{digest});

    $self->write("\x03$c1");

    my $s = $self->read(1 + 2 * 1536);
    die "no handshake\n" unless length $s == 3073 && $s =~ /^\x03/;

    my ($s1, $s2) = (substr($s, 1, 1536), substr($s, 1537));

    if (!$opt{digest} && substr($s2, 8) ne substr($c1, 8)) {
        die "S2 does not repeat C1\n";
    }

    $self->write($s1);

    return ($c1, $s1, $s2);
}


sub c1 {
    my ($self, $base) = @_;

    my $c1 = pack('NN', 1, 0) . join('', map { chr(int(rand(256))) } 1 .. 1528);

    return $c1 unless $base;

    require Digest::SHA;

    substr($c1, 4, 4) = "\x09\x00\x7c\x02";

    my $sum = 0;
    $sum += ord(substr($c1, $base + $_, 1)) for 0 .. 3;
    my $offset = $base + 4 + $sum % 728;

    my $rest = $c1;
    substr($rest, $offset, 32) = '';

    substr($c1, $offset, 32) =
        Digest::SHA::hmac_sha256($rest, 'Genuine Adobe Flash Player 001');

    return $c1;
}


# Sends a message in chunks of the current size: csid, type (name or number),
# msid, time, body; fmt 0 to 3 for the first header.

sub message {
    my ($self, %m) = @_;
    return $self->write($self->chunks(%m));
}


sub chunks {
    my ($self, %m) = @_;

    my $type = $TYPES{$m{type}} // $m{type};
    my $fmt = $m{fmt} // 0;
    my $csid = $m{csid} // 3;
    my $time = $m{time} // 0;
    my $body = $m{body} // '';
    my $len = $m{len} // length $body;

    my $ext = $time >= 0xffffff ? pack('N', $time) : '';
    my $short = $ext ne '' ? 0xffffff : $time;

    my $out = _basic($fmt, $csid);
    $out .= substr(pack('N', $short), 1) if $fmt < 3;
    $out .= substr(pack('N', $len), 1) . chr($type) if $fmt < 2;
    $out .= pack('V', $m{msid} // 0) if $fmt < 1;
    $out .= $ext;

    while (1) {
        $out .= substr($body, 0, $self->{chunk_out}, '');
        last if $body eq '';
        $out .= _basic(3, $csid) . ($m{no_ext} ? '' : $ext);
    }

    return $out;
}


sub _basic {
    my ($fmt, $csid) = @_;

    return chr($fmt << 6 | $csid) if $csid < 64;
    return chr($fmt << 6) . chr($csid - 64) if $csid < 320;
    return chr($fmt << 6 | 1) . pack('v', $csid - 64);
}


sub set_chunk_size {
    my ($self, $size) = @_;

    $self->message(csid => 2, type => 'chunk_size', body => pack('N', $size));
    $self->{chunk_out} = $size;
}


# A command: message stream, name, transaction, arguments.

sub command {
    my ($self, $msid, @values) = @_;

    return $self->message(csid => 3, type => 'command', msid => $msid,
                          body => amf(@values));
}


# A command with the next transaction; returns the arguments of its _result or
# _error behind the name and transaction, in front of them the name.

sub call {
    my ($self, $name, @values) = @_;

    my $transaction = $self->{transaction}++;

    $self->command(0, $name, $transaction, @values);

    my $m = $self->wait_message(sub {
        $_[0]{type} == 20 && $_[0]{values}[0] =~ /^_(?:result|error)$/
            && $_[0]{values}[1] == $transaction
    });

    my @values_back = @{$m->{values}};
    splice(@values_back, 1, 1);

    return @values_back;
}


# Returns the information object of the answer.

sub connect_app {
    my ($self, $app, %opt) = @_;

    my @back = $self->call('connect', { app => str($app), flashVer =>
        str('test'), tcUrl => str("rtmp://localhost/$app"), %opt });

    return $back[2];
}


sub create_stream {
    my ($self) = @_;

    my @back = $self->call('createStream', undef);
    return $back[2];
}


# The next onStatus.

sub status {
    my ($self) = @_;

    my $m = $self->wait_message(sub {
        $_[0]{type} == 20 && $_[0]{values}[0] eq 'onStatus'
    });

    return $m->{values}[3];
}


# handshake, connect, createStream, publish; dies unless it is accepted.

sub publish {
    my ($self, $app, $name) = @_;

    $self->handshake;
    $self->connect_app($app);

    my $id = $self->create_stream;
    $self->command($id, 'publish', 0, undef, str($name), 'live');

    my $info = $self->status;
    die "publish: $info->{code}\n"
        unless $info->{code} eq 'NetStream.Publish.Start';

    return $self->{msid} = $id;
}


sub play {
    my ($self, $app, $name) = @_;

    $self->handshake;
    $self->connect_app($app);

    my $id = $self->create_stream;
    $self->command($id, 'play', 0, undef, str($name), -2000);

    my $info = $self->status;
    $info = $self->status if $info->{code} eq 'NetStream.Play.Reset';

    die "play: $info->{code}\n" unless $info->{code} eq 'NetStream.Play.Start';

    return $self->{msid} = $id;
}


sub video {
    my ($self, $time, $body) = @_;

    return $self->message(csid => 6, type => 'video', msid => $self->{msid},
                          time => $time, body => $body);
}


sub audio {
    my ($self, $time, $body) = @_;

    return $self->message(csid => 4, type => 'audio', msid => $self->{msid},
                          time => $time, body => $body);
}


# The next message: csid, type, msid, time, body, for commands and data
# values; undef when the server has closed.

sub read_message {
    my ($self) = @_;

    while (1) {
        my $m = $self->_read_chunk() // return undef;
        next unless $m->{done};

        if ($m->{type} == 1) {
            $self->{chunk_in} = unpack('N', $m->{body});

        } elsif ($m->{type} == 20 || $m->{type} == 18) {
            $m->{values} = [ amf_decode($m->{body}) ];
        }

        return $m;
    }
}


sub _read_chunk {
    my ($self) = @_;

    my $b = $self->read(1);
    return undef if $b eq '';

    my $fmt = ord($b) >> 6;
    my $csid = ord($b) & 0x3f;

    die "server sent a long chunk stream id\n" if $csid < 2;

    my $s = $self->{csids}{$csid} //= { body => '' };
    my $h = $self->read((11, 7, 3, 0)[$fmt]);

    $s->{time} = unpack('N', "\0" . substr($h, 0, 3)) if $fmt < 3;

    if ($fmt < 2) {
        $s->{len} = unpack('N', "\0" . substr($h, 3, 3));
        $s->{type} = ord(substr($h, 6, 1));
    }

    $s->{msid} = unpack('V', substr($h, 7)) if $fmt < 1;
    $s->{ext} = $s->{time} == 0xffffff if $fmt < 3;

    if ($s->{ext}) {
        my $time = unpack('N', $self->read(4));
        $s->{full} = $time;
    }

    my $n = $s->{len} - length $s->{body};
    $n = $self->{chunk_in} if $n > $self->{chunk_in};
    $s->{body} .= $self->read($n);

    return {} if length $s->{body} < $s->{len};

    my $m = { csid => $csid, type => $s->{type}, msid => $s->{msid},
              time => $s->{ext} ? $s->{full} : $s->{time},
              body => $s->{body}, done => 1 };
    $s->{body} = '';

    return $m;
}


# Reads messages until CODE accepts one; dies when the server closes first.

sub wait_message {
    my ($self, $code) = @_;

    local $self->{end} = time() + $self->{timeout} * factor();

    while (1) {
        my $m = $self->read_message()
            // die "connection closed, no message\n";
        return $m if $code->($m);
    }
}


# AMF0

sub str {
    my ($s) = @_;
    return bless \$s, 'Test::NginxLive::RTMP::Str';
}


sub amf {
    return join('', map { _amf($_) } @_);
}


sub _amf {
    my ($v) = @_;

    return "\x05" unless defined $v;

    if (ref $v eq 'Test::NginxLive::RTMP::Str') {
        return length $$v < 65536 ? "\x02" . pack('n/a*', $$v)
                                  : "\x0c" . pack('N/a*', $$v);
    }

    return "\x01" . chr($$v) if ref $v eq 'SCALAR';

    if (ref $v eq 'HASH') {
        return "\x03" . join('', map { pack('n/a*', $_) . _amf($v->{$_}) }
                             sort keys %$v) . "\0\0\x09";
    }

    return "\x00" . pack('d>', $v) if $v =~ /^-?\d+(?:\.\d+)?$/;
    return "\x02" . pack('n/a*', $v);
}


sub amf_decode {
    my ($data) = @_;
    my @values;

    push @values, _amf_value(\$data) while length $data;

    return @values;
}


sub _amf_value {
    my ($data) = @_;

    my $type = ord(substr($$data, 0, 1, ''));

    return unpack('d>', substr($$data, 0, 8, '')) if $type == 0;
    return ord(substr($$data, 0, 1, '')) if $type == 1;
    return _amf_string($data) if $type == 2;
    return undef if $type == 5 || $type == 6;

    if ($type == 3 || $type == 8) {
        my %object;
        substr($$data, 0, 4, '') if $type == 8;

        while (length $$data) {
            my $key = _amf_string($data);

            if ($key eq '' && ord($$data) == 9) {
                substr($$data, 0, 1, '');
                last;
            }

            $object{$key} = _amf_value($data);
        }

        return \%object;
    }

    die "unknown AMF0 type $type\n";
}


sub _amf_string {
    my ($data) = @_;

    my $len = unpack('n', substr($$data, 0, 2, ''));
    return substr($$data, 0, $len, '');
}


# Bodies of messages: a small H.264 and AAC stream that no decoder is shown.

sub avc_config {
    return pack('H*', '1700000000' . '0142c00dffe10019'
        . '6742c00dd901419f9e7c044000000300400000' . '0f03c50a9280'
        . '010004' . '68cb83cb');
}


sub avc_frame {
    my ($key, $len, $cts) = @_;

    $len //= 100;
    my $nal = chr($key ? 0x65 : 0x41) . 'f' x ($len - 1);

    return pack('CC', $key ? 0x17 : 0x27, 1)
        . substr(pack('N', $cts // 0), 1) . pack('N/a*', $nal);
}


sub aac_config { return pack('H*', 'af001190') }

sub aac_frame { return pack('H*', 'af01') . 'a' x ($_[0] // 50) }

# MPEG-1 layer 3, 128 kbit/s, 44.1 kHz, stereo

sub mp3_frame { return "\x2f" . pack('H*', 'fffb9000') . 'm' x 413 }


1;
