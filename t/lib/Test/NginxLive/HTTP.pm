package Test::NginxLive::HTTP;

# Copyright (C) nginx-live authors

# A small HTTP/1.1 client that shows everything: one connection, kept alive,
# requests may be sent long before their responses are read.
#
#     my $c = Test::NginxLive::HTTP->new(port => $port);
#     my $r = $c->get('/hls/live/a/index.m3u8');
#     $r->{status}, $r->{headers}{etag}, $r->{body}, $r->{time}
#
#     $c->request('/long', headers => { Range => 'bytes=0-1' });
#     $c->readable(0.1) or ...;
#     my $r = $c->response(timeout => 5);

use warnings;
use strict;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw/ time /;

use Test::NginxLive::Process qw/ factor /;


sub new {
    my ($class, %opt) = @_;

    my $self = bless { host => '127.0.0.1', timeout => 10, buf => '',
                       queue => [], %opt }, $class;

    return $self->connect;
}


sub connect {
    my ($self) = @_;

    $self->{buf} = '';
    $self->{queue} = [];
    $self->{sock} = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => $self->{host}, PeerPort => $self->{port}, Timeout => 5,
        ($self->{local} ? (LocalAddr => $self->{local}) : ()))
        or die "cannot connect to $self->{host}:$self->{port}: $!\n";
    $self->{sock}->autoflush(1);

    return $self;
}


sub sock { $_[0]{sock} }

sub close {
    my ($self) = @_;
    CORE::close($self->{sock}) if $self->{sock};
    $self->{sock} = undef;
}


# Sends a request: method, headers (hash), body, version.

sub request {
    my ($self, $uri, %opt) = @_;

    my $method = $opt{method} // 'GET';
    my %headers = (Host => 'localhost', %{$opt{headers} // {}});

    $headers{'Content-Length'} = length($opt{body}) if defined $opt{body};

    my $text = "$method $uri HTTP/" . ($opt{version} // '1.1') . "\r\n";
    $text .= "$_: $headers{$_}\r\n" for sort keys %headers;
    $text .= "\r\n" . ($opt{body} // '');

    local $SIG{PIPE} = 'IGNORE';
    print { $self->{sock} } $text;

    push @{$self->{queue}}, { method => $method, start => time() };

    return $self;
}


# True when something can be read (or the end of file was).

sub readable {
    my ($self, $timeout) = @_;

    return 1 if length $self->{buf};
    return scalar IO::Select->new($self->{sock})->can_read($timeout // 0);
}


# Reads the next response.  With stream => 1 it returns after the headers, and
# the body is read by read_bytes.  Dies at the timeout.

sub response {
    my ($self, %opt) = @_;

    my $req = shift @{$self->{queue}} // { method => 'GET', start => time() };

    $self->{end} = time() + ($opt{timeout} // $self->{timeout}) * factor();

    my $r;

    do {
        $r = $self->_head();
    } while ($r->{status} >= 100 && $r->{status} < 200 && $r->{status} != 101);

    $r->{first} = time() - $req->{start};

    if (!$opt{stream} && $req->{method} ne 'HEAD'
        && $r->{status} != 101 && $r->{status} != 204
        && $r->{status} != 304)
    {
        $r->{body} = $self->_body($r);
    }

    $r->{time} = time() - $req->{start};

    return $r;
}


sub get {
    my ($self, $uri, %opt) = @_;

    return $self->request($uri, %opt)->response(%opt);
}


# Exactly N bytes of a body without length, or what came before the end.

sub read_bytes {
    my ($self, $n, $timeout) = @_;

    $self->{end} = time() + ($timeout // $self->{timeout}) * factor();

    while (length $self->{buf} < $n) {
        last unless $self->_fill();
    }

    return substr($self->{buf}, 0, $n, '');
}


# True when the server has closed the connection within TIMEOUT seconds.

sub closed {
    my ($self, $timeout) = @_;

    $self->{end} = time() + ($timeout // 1) * factor();

    return eval { 1 while $self->_fill(); 1 } ? 1 : 0;
}


sub _fill {
    my ($self) = @_;

    my $left = $self->{end} - time();

    if ($left <= 0 || !IO::Select->new($self->{sock})->can_read($left)) {
        die "timeout of a response of port $self->{port}\n";
    }

    return sysread($self->{sock}, $self->{buf}, 65536, length $self->{buf});
}


sub _line {
    my ($self) = @_;

    while ((my $i = index($self->{buf}, "\n")) < 0) {
        $self->_fill() or die "connection closed by port $self->{port}\n";
    }

    my $line = substr($self->{buf}, 0, index($self->{buf}, "\n") + 1, '');
    $line =~ s/\r?\n$//;

    return $line;
}


sub _head {
    my ($self) = @_;

    my $line = $self->_line();
    my ($version, $status) = $line =~ m{^HTTP/(\d\.\d) (\d\d\d)}
        or die "bad status line: $line\n";

    my $r = { status => $status, version => $version, headers => {},
              body => '', head => "$line\n" };

    while (($line = $self->_line()) ne '') {
        $r->{head} .= "$line\n";
        my ($name, $value) = $line =~ /^([^:]+):\s*(.*)$/ or next;
        $name = lc $name;
        $r->{headers}{$name} = exists $r->{headers}{$name}
                               ? "$r->{headers}{$name}, $value" : $value;
    }

    return $r;
}


sub _body {
    my ($self, $r) = @_;

    my $h = $r->{headers};

    if (($h->{'transfer-encoding'} // '') =~ /chunked/) {
        return $self->_chunked();
    }

    if (defined $h->{'content-length'}) {
        my $n = $h->{'content-length'};

        while (length $self->{buf} < $n) {
            $self->_fill() or die "body of $n bytes was cut off\n";
        }

        return substr($self->{buf}, 0, $n, '');
    }

    1 while $self->_fill();

    my $body = $self->{buf};
    $self->{buf} = '';

    return $body;
}


sub _chunked {
    my ($self) = @_;
    my $body = '';

    while (1) {
        my $n = hex((split(/;/, $self->_line()))[0]);

        while (length $self->{buf} < $n + 2) {
            $self->_fill() or die "chunked body was cut off\n";
        }

        $body .= substr($self->{buf}, 0, $n, '');
        substr($self->{buf}, 0, 2, '');

        return $body if $n == 0;
    }
}


1;
