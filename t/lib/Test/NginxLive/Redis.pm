package Test::NginxLive::Redis;

# Copyright (C) nginx-live authors

# Redis servers of a test.
#
#     my $r = Test::NginxLive::Redis->new(password => 'x')->start;
#
#     $r->command('SET', 'a', 1);     the reply: scalar, array, undef;
#                                     an error reply dies
#     $r->stop; $r->start;            at the same address
#     $r->freeze; $r->thaw;           SIGSTOP, SIGCONT
#
# Options of new: port (a free one; 0: the unix socket only), password, args
# (more arguments of redis-server), sentinel (text of a configuration: runs as
# Sentinel).

use warnings;
use strict;

use IO::Socket::INET;
use IO::Socket::UNIX;

use Test::NginxLive::Process qw/ wait_for free_port temp_dir spit spawn /;


sub new {
    my ($class, %opt) = @_;

    my $self = bless { %opt }, $class;

    $self->{dir} = temp_dir();
    $self->{port} //= free_port();
    $self->{socket} = "$self->{dir}/redis.sock";

    return $self;
}


sub port { $_[0]{port} }

sub address { "127.0.0.1:$_[0]{port}" }

sub socket { $_[0]{socket} }

sub pid { $_[0]{proc}->pid }


sub start {
    my ($self) = @_;

    my @args = ('redis-server');

    if (defined $self->{sentinel}) {
        push @args, spit("$self->{dir}/sentinel.conf", $self->{sentinel}),
            '--sentinel' unless $self->{started}++;
        push @args, "$self->{dir}/sentinel.conf", '--sentinel' if @args == 1;

    } else {
        push @args, '--save', '', '--appendonly', 'no',
            '--unixsocket', $self->{socket}, '--unixsocketperm', '777';
        push @args, '--requirepass', $self->{password}
            if defined $self->{password};
    }

    push @args, '--port', $self->{port}, '--bind', '127.0.0.1',
        '--dir', $self->{dir}, @{$self->{args} // []};

    $self->{proc} = spawn(cmd => \@args, dir => $self->{dir});
    delete $self->{client};

    wait_for(sub {
        die "redis-server ended: " . $self->{proc}->output . "\n"
            unless $self->{proc}->alive;
        eval { $self->command('PING'); 1 }
    }, 10, 'redis-server');

    return $self;
}


sub stop {
    my ($self) = @_;

    $self->{proc}->kill;
    delete $self->{client};

    return $self;
}


sub freeze { $_[0]{proc}->signal('STOP'); return $_[0] }

sub thaw { $_[0]{proc}->signal('CONT'); return $_[0] }


sub command {
    my ($self, @args) = @_;
    my $reply;

    # Sentinel closes connections when a server changes its role

    for my $try (1, 2) {
        my $c = $self->{client} //= $self->_connect;

        last if eval { $reply = _request($c, @args); 1 };

        die $@ unless $@ =~ /closed the connection/;
        delete $self->{client};
        die $@ if $try == 2;
    }

    return $reply;
}


sub _connect {
    my ($self) = @_;

    my $c = $self->{port}
        ? IO::Socket::INET->new(PeerAddr => '127.0.0.1',
              PeerPort => $self->{port})
        : IO::Socket::UNIX->new(Peer => $self->{socket});

    die "cannot connect to redis: $!\n" unless $c;

    _request($c, 'AUTH', $self->{password}) if defined $self->{password};

    return $c;
}


sub _request {
    my ($c, @args) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print $c '*' . @args . "\r\n"
        . join('', map { '$' . length($_) . "\r\n$_\r\n" } @args);
    $c->flush;

    return _reply($c);
}


sub _reply {
    my ($c) = @_;

    my $line = <$c> // die "redis has closed the connection\n";
    $line =~ s/\r\n$//;

    my ($type, $rest) = $line =~ /^(.)(.*)$/;

    die "$rest\n" if $type eq '-';
    return $rest if $type eq '+' || $type eq ':';
    return undef if $rest < 0;
    return [ map { _reply($c) } 1 .. $rest ] if $type eq '*';

    my $data = '';
    read($c, $data, $rest + 2) == $rest + 2
        or die "redis has closed the connection\n";

    return substr($data, 0, -2);
}


1;
