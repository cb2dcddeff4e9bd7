package Test::NginxLive::Crowd;

# Copyright (C) nginx-live authors

# Many clients of a chat in many rooms on one node or several, by
# util/bench/chatcrowd: all listen, one after another says something, and who
# loses its connection comes back with its cursor.
#
#     my $crowd = Test::NginxLive::Crowd->new(nodes => [ $a, $b ],
#         clients => 100, rooms => 4, rate => 40)->start;
#
#     $crowd->calm;       up to here latency is that of a quiet day
#     $crowd->status      how things stand: joined, said, acked, shown, node
#                         and cluster (clients by the scope that they were
#                         told), lost (connections)
#     $crowd->talk(50);   waits until so many messages more are said
#     $crowd->scope('cluster');      waits until all clients are told so
#
#     $crowd->good('a busy room');   ends it: nothing is lost, twice or out of
#                                    order, all is as the schema says
#     $crowd->report                 what there was
#
# and for that, with two workers each and a location /status:
#
#     my ($a, $b) = Test::NginxLive::Crowd->nodes('redis 127.0.0.1:6379',
#         'a', 'b');
#
# Options of new: those above; uri (of the rooms, a number is appended), patience
# (seconds until all is where it has to be), cheat (faults that the clients
# make, to be found: lost, order, twice, untrue).
#
# A client goes by the rule of docs/chat-protocol.md: what has the origin (or,
# without, the id) of something that it has seen is dropped.  What is left has
# to be there once: known by its text, for each client of the room, if it was
# acked; what was not answered before the speaker's connection was lost, for
# each client or for none.  Its order is that of ids within an epoch: a cursor
# begins with the one that the nodes share; what has an origin has come by that,
# what has none is compared to what the same node has entered by itself.

use warnings;
use strict;

use JSON::PP ();
use Test::More ();
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Process qw/ wait_for spawn run_command temp_dir factor /;
use Test::NginxLive::Schema;


my $program;


sub nodes {
    my ($class, $redis, @names) = @_;

    return map {
        Test::NginxLive->new(
            live => "node $_; zone live 64m; $redis;
                     redis_timeout 1s; redis_connect_timeout 1s;
                     application live { chat_history 1000; }",
            http => 'live_chat_guests write; live_chat_rate off;
                     server { listen 127.0.0.1:%%PORT_http%% reuseport;
                         location /chat/ { live_chat; }
                         location /status { live_status; } }'
        )->start
    } @names;
}


sub new {
    my ($class, %opt) = @_;

    return bless { clients => 100, rooms => 4, rate => 20, patience => 30,
                   uri => '/chat/live/crowd', %opt }, $class;
}


# Until all have joined.

sub start {
    my ($self) = @_;

    $self->{proc} = spawn(cmd => [ _program(),
        -p => join(',', map { $_->port('http') } @{$self->{nodes}}),
        -u => $self->{uri}, -c => $self->{clients}, -r => $self->{rooms},
        -m => $self->{rate}, -w => $self->{patience} * factor(),
        $self->{cheat} ? (-x => $self->{cheat}) : () ]);

    wait_for(sub { ($self->status->{phase} // '') eq 'speaking' }, 60,
        'a crowd');

    return $self;
}


sub _program {
    return $program if $program;

    my $dir = temp_dir();
    my $res = run_command(timeout => 60, cmd => [ 'make', '-s', '-C',
        "$Test::NginxLive::TOP/util/bench", "OUT=$dir", "$dir/chatcrowd" ]);

    die "no chatcrowd: $res->{out}$res->{err}\n" if $res->{rc};

    return $program = "$dir/chatcrowd";
}


sub _lines {
    my ($self, $bytes) = @_;

    open(my $fh, '<:raw', $self->{proc}{out}) or return ();

    seek($fh, -$bytes, 2) if $bytes && -s $fh > $bytes;
    local $/;

    return grep { /^\{.*\}$/ } split(/\n/, <$fh> // '');
}


sub status {
    my ($self) = @_;

    die 'the crowd has ended: ' . $self->{proc}->log . "\n"
        unless $self->{proc}->alive;

    my ($line) = reverse $self->_lines(2048);

    return $line ? JSON::PP::decode_json($line) : {};
}


sub calm { $_[0]{proc}->signal('USR2') }


sub talk {
    my ($self, $n) = @_;

    my $said = $self->status->{said} // 0;
    wait_for(sub { ($self->status->{said} // 0) >= $said + $n }, 30, 'talk');
}


# Returns how long it took.

sub scope {
    my ($self, $scope, $timeout) = @_;

    my $start = time();

    wait_for(sub {
        my $s = $self->status;
        $s->{at} > $start && $s->{$scope} == $self->{clients};
    }, $timeout // 20, "scope $scope");

    return $self->status->{at} - $start;
}


sub report {
    my ($self) = @_;

    return $self->{report} if $self->{report};

    $self->{proc}->signal('USR1');
    $self->{proc}->wait($self->{patience} + 10);

    my ($line) = reverse $self->_lines();
    $self->{report} = JSON::PP::decode_json($line // '{}');

    die "the crowd has no report: " . $self->{proc}->log . "\n"
        unless ($self->{report}{phase} // '') eq 'done';

    return $self->{report};
}


sub good {
    my ($self, $name) = @_;

    my $r = $self->report;

    Test::More::is($self->found, '', "$name: nothing is lost, twice or out of"
        . ' order') or Test::More::diag(join("\n", @{$r->{details}}));
    Test::More::is($r->{joined}, $self->{clients}, "$name: all are there");
    Test::More::cmp_ok($r->{settled}, '>=', 0,
        "$name: all $r->{said} messages are where they have to be");
    Test::More::is($self->_strange, '', "$name: as the schema says");
    Test::More::note("$name: $_") for $self->figures;

    return $r;
}


# Kinds of faults with their numbers.

sub found {
    my ($self) = @_;
    my $faults = $self->report->{faults};

    return join(', ', map { "$_: $faults->{$_}" } sort keys %$faults);
}


sub figures {
    my ($self) = @_;
    my $r = $self->report;

    my @latency = map {
        my $s = $r->{"${_}_ms"};
        my %is = (same => 'at the speaker\'s node', across => 'across nodes',
            calm => 'across nodes when all is quiet', joins => 'joins');

        $s->{n} ? sprintf('%s: p50 %.1f, p99 %.1f, max %.0f ms', $is{$_},
                      @$s{qw/ p50 p99 max /}) : ();
    } qw/ same across calm joins /;

    return ("$r->{said} said, $r->{acked} acked, $r->{unknown} not answered, "
            . "$r->{shown} shown, $r->{dropped} duplicates dropped",
        "$r->{lost} connections lost, $r->{resumed} resumed, "
            . "$r->{elsewhere} of them at another node",
        sprintf('settled %.1f s after the last was said', $r->{settled}),
        @latency);
}


sub _strange {
    my ($self) = @_;

    my $schema = Test::NginxLive::Schema->new("$Test::NginxLive::TOP/docs/"
        . 'chat-protocol.schema.json');

    return join("\n", map { $schema->fault($_, 'server') // () }
        @{$self->report->{samples}});
}


1;
