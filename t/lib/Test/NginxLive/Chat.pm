package Test::NginxLive::Chat;

# Copyright (C) nginx-live authors

# A client of a chat by WebSocket.  What the server sends has to be as
# docs/chat-protocol.schema.json says.
#
#     my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
#     my $welcome = $c->join(name => 'Anna');
#     $c->send(type => 'message', text => 'hello');
#     my $m = $c->wait('message', sub { $_[0]{text} eq 'hello' }, 5);

use warnings;
use strict;

use JSON::PP ();
use Time::HiRes qw/ time /;

use Test::NginxLive::Schema;
use Test::NginxLive::WebSocket;

my $schema = Test::NginxLive::Schema->new("$Test::NginxLive::TOP/docs/"
    . 'chat-protocol.schema.json');


# Options are those of Test::NginxLive::WebSocket.

sub new {
    my ($class, $t, $path, %opt) = @_;

    my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => $path, %opt);

    return bless { ws => $ws, seen => [] }, $class;
}


sub send {
    my ($self, %what) = @_;

    $self->{ws}->send(Test::NginxLive::WebSocket::frame(1,
        JSON::PP->new->utf8->canonical->encode(\%what)));

    return $self;
}


sub join {
    my ($self, %what) = @_;

    $self->send(type => 'join', %what);

    return $self->wait('welcome', undef, 10);
}


# The next message of the type (or matching it) for which the code is true; others are put into
# seen.  Pings are answered.

sub wait {
    my ($self, $type, $code, $timeout) = @_;

    my $end = time() + ($timeout // 10);

    while ((my $left = $end - time()) > 0) {
        my $m = $self->{ws}->message($left) // die "closed: no $type\n";

        if ($m->{opcode} == 9) {
            $self->{ws}->send(Test::NginxLive::WebSocket::frame(10,
                $m->{data}));
            next;
        }

        next if $m->{opcode} == 10;

        die "closed by " . unpack('n', $m->{data}) . ": no $type\n"
            if $m->{opcode} == 8;

        my $json = JSON::PP::decode_json($m->{data});
        my $fault = $schema->fault($json, 'server');

        die "not as the schema says: $fault: $m->{data}\n" if defined $fault;

        return $json
            if (ref $type ? $json->{type} =~ $type : $json->{type} eq $type)
               && (!$code || $code->($json));

        push @{$self->{seen}}, $json;
    }

    die "no $type in time\n";
}


# The answer to a command, which may have come already.

sub answer {
    my ($self, $ref) = @_;
    my $seen = $self->{seen};

    for my $i (0 .. $#$seen) {
        return splice(@$seen, $i, 1) if ($seen->[$i]{ref} // '') eq $ref;
    }

    return $self->wait(qr/^(?:ack|error)$/,
        sub { ($_[0]{ref} // '') eq $ref });
}


sub ask {
    my ($self, %what) = @_;
    my $ref = 'r' . ++$self->{refs};

    return $self->send(%what, id => $ref)->answer($ref);
}


# The code of the error, or undef.

sub refused { my $self = shift; return $self->ask(@_)->{code} }


# The code of the close frame that comes, or undef without one.

sub close_code {
    my ($self, $timeout) = @_;

    while (my $m = $self->{ws}->message($timeout // 10)) {
        return unpack('n', $m->{data}) if $m->{opcode} == 8;
    }

    return undef;
}


sub close { $_[0]{ws}->close(1000) }


1;
